#include "expr/functions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "expr/suggest.h"

namespace agentainer::expr {
namespace {

constexpr Kinds kBool = kinds(Kind::kBool);
constexpr Kinds kInt = kinds(Kind::kInt);
constexpr Kinds kUint = kinds(Kind::kUint);
constexpr Kinds kDouble = kinds(Kind::kDouble);
constexpr Kinds kString = kinds(Kind::kString);
constexpr Kinds kBytes = kinds(Kind::kBytes);
constexpr Kinds kList = kinds(Kind::kList);
constexpr Kinds kMap = kinds(Kind::kMap);
constexpr Kinds kType = kinds(Kind::kType);
constexpr Kinds kNumber = kInt | kUint | kDouble;
constexpr Kinds kSized = kString | kBytes | kList | kMap;

constexpr CallStyle kGlobal = CallStyle::kGlobal;
constexpr CallStyle kMethod = CallStyle::kMethod;

constexpr Signature kSignatures[] = {
    // The standard library.
    {"size", kGlobal, Function::kSize, 1, {kSized}, kInt},
    {"size", kMethod, Function::kSize, 1, {kSized}, kInt},
    {"int", kGlobal, Function::kToInt, 1, {kNumber | kString}, kInt},
    {"uint", kGlobal, Function::kToUint, 1, {kNumber | kString}, kUint},
    {"double", kGlobal, Function::kToDouble, 1, {kNumber | kString}, kDouble},
    {"string", kGlobal, Function::kToString, 1, {kNumber | kString | kBytes | kBool}, kString},
    {"bool", kGlobal, Function::kToBool, 1, {kBool | kString}, kBool},
    {"bytes", kGlobal, Function::kToBytes, 1, {kBytes | kString}, kBytes},
    {"dyn", kGlobal, Function::kDyn, 1, {kAnyKind}, kAnyKind},
    {"type", kGlobal, Function::kType, 1, {kAnyKind}, kType},
    {"contains", kMethod, Function::kContains, 2, {kString, kString}, kBool},
    {"startsWith", kMethod, Function::kStartsWith, 2, {kString, kString}, kBool},
    {"endsWith", kMethod, Function::kEndsWith, 2, {kString, kString}, kBool},
    {"matches", kMethod, Function::kMatches, 2, {kString, kString}, kBool},
    {"matches", kGlobal, Function::kMatches, 2, {kString, kString}, kBool},
    // The strings extension.
    {"charAt", kMethod, Function::kCharAt, 2, {kString, kInt}, kString},
    {"indexOf", kMethod, Function::kIndexOf, 2, {kString, kString}, kInt},
    {"indexOf", kMethod, Function::kIndexOf, 3, {kString, kString, kInt}, kInt},
    {"lastIndexOf", kMethod, Function::kLastIndexOf, 2, {kString, kString}, kInt},
    {"lastIndexOf", kMethod, Function::kLastIndexOf, 3, {kString, kString, kInt}, kInt},
    {"join", kMethod, Function::kJoin, 1, {kList}, kString},
    {"join", kMethod, Function::kJoin, 2, {kList, kString}, kString},
    {"lowerAscii", kMethod, Function::kLowerAscii, 1, {kString}, kString},
    {"upperAscii", kMethod, Function::kUpperAscii, 1, {kString}, kString},
    {"replace", kMethod, Function::kReplace, 3, {kString, kString, kString}, kString},
    {"replace", kMethod, Function::kReplace, 4, {kString, kString, kString, kInt}, kString},
    {"reverse", kMethod, Function::kReverse, 1, {kString}, kString},
    {"split", kMethod, Function::kSplit, 2, {kString, kString}, kList},
    {"split", kMethod, Function::kSplit, 3, {kString, kString, kInt}, kList},
    {"substring", kMethod, Function::kSubstring, 2, {kString, kInt}, kString},
    {"substring", kMethod, Function::kSubstring, 3, {kString, kInt, kInt}, kString},
    {"trim", kMethod, Function::kTrim, 1, {kString}, kString},
    {"strings.quote", kGlobal, Function::kQuote, 1, {kString}, kString},
    {"format", kMethod, Function::kFormat, 2, {kString, kList}, kString},
};

/// The macros, which the parser knows by themselves, so that a slip in one is recognised too.
constexpr std::string_view kMethodMacros[] = {"all", "exists", "exists_one", "map", "filter"};

std::size_t visible_arguments(const Signature& form) {
  return form.style == kMethod ? form.arity - 1u : form.arity;
}

std::string example(const Signature& form) {
  if (form.style == kGlobal) return fmt::format("{}(…)", form.name);
  return fmt::format("value.{}({})", form.name, visible_arguments(form) == 0 ? "" : "…");
}

}  // namespace

std::span<const Signature> signatures() { return kSignatures; }

const Signature* find_signature(std::string_view name, CallStyle style, std::size_t arity) {
  for (const Signature& form : kSignatures)
    if (form.arity == arity && form.style == style && form.name == name) return &form;
  return nullptr;
}

std::string_view nearest_dotted(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Signature& form : kSignatures)
    if (form.name.find('.') != std::string_view::npos) names.push_back(form.name);
  return nearest(name, names);
}

std::string explain_missing(std::string_view name, CallStyle style, std::size_t arity) {
  const std::string_view what = style == kMethod ? "method" : "function";
  std::vector<std::size_t> counts;
  std::vector<std::string_view> names;
  const Signature* other_style = nullptr;
  for (const Signature& form : kSignatures) {
    if (form.name == name && form.style == style) counts.push_back(visible_arguments(form));
    if (form.name == name && form.style != style) other_style = &form;
    if (form.style == style) names.push_back(form.name);
  }
  if (!counts.empty()) {
    const std::size_t given = style == kMethod ? arity - 1 : arity;
    return fmt::format("{}() takes {} argument{}, not {}", name, fmt::join(counts, " or "),
                       counts.back() == 1 ? "" : "s", given);
  }
  if (other_style != nullptr)
    return fmt::format("'{}' is no {}; write {}", name, what, example(*other_style));
  if (name == "timestamp" || name == "duration")
    return fmt::format("'{}' is not supported; compare numbers instead", name);
  if (style == kMethod) {
    names.insert(names.end(), std::begin(kMethodMacros), std::end(kMethodMacros));
  } else {
    names.push_back("has");
  }
  return fmt::format("unknown {} '{}'{}", what, name, did_you_mean(name, names));
}

}  // namespace agentainer::expr

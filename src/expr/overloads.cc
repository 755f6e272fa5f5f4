#include "expr/overloads.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace agentainer::expr {
namespace {

constexpr Kinds kIntegers = kinds(Kind::kInt) | kinds(Kind::kUint);
constexpr Kinds kDouble = kinds(Kind::kDouble);
constexpr Kinds kNumbers = kIntegers | kDouble;
constexpr Kinds kString = kinds(Kind::kString);

bool only(Kinds set, Kinds within) { return set != 0 && (set & ~within) == 0; }

/// What usually helps when two operands do not go together.
std::string_view conversion_hint(Op op, Kinds left, Kinds right) {
  if (only(left, kNumbers) && only(right, kNumbers)) {
    if (left == kDouble || right == kDouble) return "; convert the integer with double(…)";
    return "; convert one side with int(…) or uint(…)";
  }
  if ((left == kString && only(right, kNumbers)) || (right == kString && only(left, kNumbers)))
    return op == Op::kAdd ? "; convert the number with string(…), or the string with int(…)"
                          : "; convert the string with int(…) or double(…)";
  return {};
}

std::string call_text(const Node& node, std::span<const Kinds> operands) {
  const bool method = node.style == CallStyle::kMethod && !operands.empty();
  std::vector<std::string> arguments;
  for (const Kinds each : operands.subspan(method ? 1 : 0)) arguments.push_back(describe(each));
  return fmt::format("{}{}{}({})", method ? describe(operands[0]) : "", method ? "." : "",
                     node.name, fmt::join(arguments, ", "));
}

std::string expected_call(const Node& node) {
  const Signature& form = *node.signature;
  return call_text(node, std::span(form.parameters).first(form.arity));
}

}  // namespace

std::string_view operator_text(Op op) {
  switch (op) {
    case Op::kNot:
      return "!";
    case Op::kNegate:
    case Op::kSubtract:
      return "-";
    case Op::kAdd:
      return "+";
    case Op::kMultiply:
      return "*";
    case Op::kDivide:
      return "/";
    case Op::kModulo:
      return "%";
    case Op::kEqual:
      return "==";
    case Op::kNotEqual:
      return "!=";
    case Op::kLess:
      return "<";
    case Op::kLessEqual:
      return "<=";
    case Op::kGreater:
      return ">";
    case Op::kGreaterEqual:
      return ">=";
    case Op::kIn:
      return "in";
    case Op::kAnd:
      return "&&";
    case Op::kOr:
      return "||";
    case Op::kConditional:
      return "?:";
    case Op::kLiteral:
    case Op::kName:
    case Op::kVariable:
    case Op::kLocal:
    case Op::kSelect:
    case Op::kHas:
    case Op::kIndex:
    case Op::kList:
    case Op::kMap:
    case Op::kCall:
    case Op::kAll:
    case Op::kExists:
    case Op::kExistsOne:
    case Op::kMapItems:
    case Op::kFilter:
      return {};
  }
  return {};
}

std::string describe(Kinds set) {
  if (set == kAnyKind) return "any";
  std::vector<std::string_view> names;
  for (unsigned i = 0; i < static_cast<unsigned>(Kind::kFault); ++i)
    if ((set >> i & 1u) != 0) names.push_back(to_string(static_cast<Kind>(i)));
  return fmt::format("{}", fmt::join(names, "|"));
}

std::string describe_overload(const Node& node, std::span<const Kinds> operands) {
  const auto text = [&](std::size_t i) { return describe(operands[i]); };
  switch (node.op) {
    case Op::kNot:
    case Op::kNegate:
      return fmt::format("no such overload: {}{}", operator_text(node.op), text(0));
    case Op::kSelect:
    case Op::kHas:
      return fmt::format("no such overload: {}.{}; only a map has members", text(0), node.name);
    case Op::kIndex:
      if (operands.size() == 2)
        return fmt::format("no such overload: {}[{}]; a list takes an int, a map one of its keys",
                           text(0), text(1));
      return fmt::format("no such overload: {}[…]; only a list or map has an index", text(0));
    case Op::kConditional:
      return fmt::format("no such overload: {} ? … : …; expected a bool before '?'", text(0));
    case Op::kMap:
      return fmt::format("a map's key may be a string, int, uint or bool, not {}", text(0));
    case Op::kCall:
      if (node.signature == nullptr) break;
      return fmt::format("no such overload: {}; expected {}", call_text(node, operands),
                         expected_call(node));
    case Op::kAll:
    case Op::kExists:
    case Op::kExistsOne:
    case Op::kFilter:
    case Op::kMapItems:
      if (operands.size() == 2)
        return fmt::format("no such overload: the condition gives {}; expected a bool", text(1));
      return fmt::format("no such overload: {} has no items; expected a list or map", text(0));
    case Op::kAdd:
    case Op::kSubtract:
    case Op::kMultiply:
    case Op::kDivide:
    case Op::kModulo:
    case Op::kLess:
    case Op::kLessEqual:
    case Op::kGreater:
    case Op::kGreaterEqual:
      return fmt::format("no such overload: {} {} {}{}", text(0), operator_text(node.op), text(1),
                         node.op == Op::kModulo && (operands[0] | operands[1]) & kDouble
                             ? "; % takes integers"
                             : conversion_hint(node.op, operands[0], operands[1]));
    case Op::kIn:
      return fmt::format("no such overload: {} in {}; expected a list or map after 'in'", text(0),
                         text(1));
    case Op::kAnd:
    case Op::kOr:
      return fmt::format("no such overload: {} beside {}; expected a bool", text(0),
                         operator_text(node.op));
    case Op::kEqual:
    case Op::kNotEqual:
    case Op::kLiteral:
    case Op::kName:
    case Op::kVariable:
    case Op::kLocal:
    case Op::kList:
      break;
  }
  return "no such overload";
}

}  // namespace agentainer::expr

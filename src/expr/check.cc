#include "expr/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "expr/lexer.h"
#include "expr/overloads.h"
#include "expr/suggest.h"

namespace agentainer::expr {
namespace {

constexpr Kinds kBool = kinds(Kind::kBool);
constexpr Kinds kInt = kinds(Kind::kInt);
constexpr Kinds kUint = kinds(Kind::kUint);
constexpr Kinds kDouble = kinds(Kind::kDouble);
constexpr Kinds kNumber = kInt | kUint | kDouble;
constexpr Kinds kString = kinds(Kind::kString);
constexpr Kinds kBytes = kinds(Kind::kBytes);
constexpr Kinds kList = kinds(Kind::kList);
constexpr Kinds kMap = kinds(Kind::kMap);
constexpr Kinds kKey = kBool | kInt | kUint | kString;
/// Constant patterns of one expression, and their compiled size: what keeps a compile short.
constexpr std::size_t kMaxPatterns = 64;
constexpr std::uint64_t kMaxPatternSize = 32 * 1024;
/// What a node that is at fault gives.
constexpr Kinds kNone = 0;

/// The names of types, which are values: type(x) == int.
constexpr std::array<Kind, 10> kTypes = {Kind::kNull,   Kind::kBool,   Kind::kInt,   Kind::kUint,
                                         Kind::kDouble, Kind::kString, Kind::kBytes, Kind::kList,
                                         Kind::kMap,    Kind::kType};

bool is_name(std::string_view text) {
  return !text.empty() && is_name_start(text.front()) &&
         std::all_of(text.begin(), text.end(), is_name_part);
}

/// How `variable`'s member is written, whatever characters it has.
std::string spell_member(std::string_view variable, std::string_view member) {
  return is_name(member) ? fmt::format("{}.{}", variable, member)
                         : fmt::format("{}[\"{}\"]", variable, member);
}

/// "; expected one of a, b", as long as that is short.
std::string expected_one_of(std::vector<std::string_view> names) {
  constexpr std::size_t kShown = 8;
  if (names.empty()) return {};
  if (names.size() == 1) return fmt::format("; expected {}", names[0]);
  const bool cut = names.size() > kShown;
  if (cut) names.resize(kShown);
  return fmt::format("; expected one of {}{}", fmt::join(names, ", "), cut ? ", …" : "");
}

class Checker {
 public:
  Checker(Ast& ast, std::string_view source, const Scope& scope, Unknown unknown,
          std::vector<Reference>& references)
      : ast_(ast), source_(source), scope_(scope), unknown_(unknown), references_(references) {
    for (const Scope::Variable& variable : scope.variables)
      has_dotted_names_ |= variable.name.find('.') != std::string::npos;
  }

  std::optional<SourceError> run() {
    visit(ast_.root);
    return std::move(error_);
  }

 private:
  /// The member that is read of a name, where it is constant.
  struct Access {
    std::string_view member;
    std::size_t offset = 0;
  };

  Kinds fail(std::size_t offset, std::string message) {
    if (!error_) error_ = SourceError{offset, std::move(message)};
    return kNone;
  }

  Kinds fail_overload(const Node& node, std::initializer_list<Kinds> operands) {
    return fail(node.at, describe_overload(node, {operands.begin(), operands.size()}));
  }

  /// The kinds that the node may give; kNone with error_ set.
  Kinds visit(NodeId id, const Access* access = nullptr) {
    Node& node = ast_[id];
    switch (node.op) {
      case Op::kLiteral:
        return kinds(node.literal.kind());
      case Op::kName:
        return name(node, access);
      case Op::kVariable:
      case Op::kLocal:
        return kAnyKind;
      case Op::kSelect:
      case Op::kHas:
        return select(node, access);
      case Op::kIndex:
        return index(node);
      case Op::kNot:
        return unary(node, kBool);
      case Op::kNegate:
        return unary(node, kInt | kDouble);
      case Op::kAdd:
        return arithmetic(node, kNumber | kString | kBytes | kList);
      case Op::kSubtract:
      case Op::kMultiply:
      case Op::kDivide:
        return arithmetic(node, kNumber);
      case Op::kModulo:
        return arithmetic(node, kInt | kUint);
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
        return order(node);
      case Op::kIn:
        return in(node);
      // Kinds are left to the evaluation here: `false && x` is false whatever x is.
      case Op::kAnd:
      case Op::kOr:
      case Op::kEqual:
      case Op::kNotEqual:
        return children(node) ? kBool : kNone;
      case Op::kConditional:
        return conditional(node);
      case Op::kList:
        return children(node) ? kList : kNone;
      case Op::kMap:
        return map(node);
      case Op::kCall:
        return call(node);
      case Op::kAll:
      case Op::kExists:
      case Op::kExistsOne:
      case Op::kMapItems:
      case Op::kFilter:
        return macro(node);
    }
    return kNone;
  }

  Kinds child(const Node& node, std::size_t i) { return visit(ast_.child(node, i)); }

  bool children(const Node& node) {
    for (std::size_t i = 0; i < node.child_count; ++i)
      if (child(node, i) == kNone) return false;
    return true;
  }

  const Scope::Variable* find_variable(std::string_view name) const {
    for (const Scope::Variable& variable : scope_.variables)
      if (variable.name == name) return &variable;
    return nullptr;
  }

  bool is_local(std::string_view name) const {
    return std::find(locals_.begin(), locals_.end(), name) != locals_.end();
  }

  Kinds name(Node& node, const Access* access) {
    if (!node.absolute) {
      for (std::size_t slot = locals_.size(); slot-- > 0;) {
        if (locals_[slot] != node.name) continue;
        node.op = Op::kLocal;
        node.slot = static_cast<std::uint16_t>(slot);
        return kAnyKind;
      }
    }
    if (const Scope::Variable* variable = find_variable(node.name))
      return use(node, *variable, access);
    for (const Kind type : kTypes) {
      if (to_string(type) != node.name) continue;
      node.op = Op::kLiteral;
      node.literal = Value::type(type);
      return kinds(Kind::kType);
    }
    if (unknown_ == Unknown::kFailsWhenReached) return kAnyKind;
    return fail(node.at, unknown_name(node.name));
  }

  std::string unknown_name(std::string_view name) const {
    std::vector<std::string_view> known(locals_.begin(), locals_.end());
    for (const Scope::Variable& variable : scope_.variables) known.push_back(variable.name);
    if (find_signature(name, CallStyle::kGlobal, 1) != nullptr)
      return fmt::format("'{0}' is a function; write {0}(…)", name);
    if (const std::string near = did_you_mean(name, known); !near.empty())
      return fmt::format("unknown name '{}'{}", name, near);
    static constexpr std::array<std::string_view, 3> kConstants = {"true", "false", "null"};
    if (const std::string near =
            did_you_mean(name == "None" || name == "nil" ? "null" : name, kConstants);
        !near.empty())
      return fmt::format("unknown name '{}'{}", name, near);
    return fmt::format("unknown name '{}'{}", name, expected_one_of(known));
  }

  Kinds use(Node& node, const Scope::Variable& variable, const Access* access) {
    node.op = Op::kVariable;
    if (access != nullptr && variable.members_known && !check_member(variable, *access))
      return kNone;
    Reference reference{variable.name,
                        access == nullptr ? std::string() : std::string(access->member)};
    if (seen_.insert({reference.variable, reference.member}).second)
      references_.push_back(std::move(reference));
    return kAnyKind;
  }

  bool check_member(const Scope::Variable& variable, const Access& access) {
    const std::vector<std::string>& members = variable.members;
    if (std::find(members.begin(), members.end(), access.member) != members.end()) return true;
    const std::string_view rest = source_.substr(access.offset);
    const std::string_view written = rest.starts_with(access.member) ? rest : access.member;
    for (const std::string& member : members) {
      // `steps.fetch-pages` reads as a subtraction.
      if (is_name(member) || !written.starts_with(member)) continue;
      fail(access.offset,
           fmt::format("unknown member '{}' of '{}'; for '{}' write {}", access.member,
                       variable.name, member, spell_member(variable.name, member)));
      return false;
    }
    const std::vector<std::string_view> known(members.begin(), members.end());
    const std::string_view near = nearest(access.member, known);
    fail(access.offset, fmt::format("unknown member '{}' of '{}'{}", access.member, variable.name,
                                    !near.empty()   ? fmt::format("; did you mean {}?",
                                                                  spell_member(variable.name, near))
                                    : known.empty() ? "; it has no members here"
                                                    : expected_one_of(known)));
    return false;
  }

  /// Turns `a.b.c` into the variable of that name, when the scope has one.
  bool resolve_dotted(Node& node, const Access* access) {
    std::string path(node.name);
    const Node* base = &ast_[ast_.child(node, 0)];
    for (; base->op == Op::kSelect; base = &ast_[ast_.child(*base, 0)])
      path.insert(0, fmt::format("{}.", base->name));
    if (base->op != Op::kName || (!base->absolute && is_local(base->name))) return false;
    path.insert(0, fmt::format("{}.", base->name));
    const Scope::Variable* variable = find_variable(path);
    if (variable == nullptr) return false;
    node.name = ast_.strings.emplace_back(std::move(path));
    use(node, *variable, access);
    return true;
  }

  Kinds select(Node& node, const Access* access) {
    if (has_dotted_names_ && node.op == Op::kSelect && resolve_dotted(node, access))
      return error_ ? kNone : kAnyKind;
    const Access member{node.name, node.at};
    const Kinds receiver = visit(ast_.child(node, 0), &member);
    if (receiver == kNone) return kNone;
    if ((receiver & kMap) == 0) return fail_overload(node, {receiver});
    return node.op == Op::kHas ? kBool : kAnyKind;
  }

  Kinds index(Node& node) {
    const Kinds key = child(node, 1);
    if (key == kNone) return kNone;
    const Node& constant = ast_[ast_.child(node, 1)];
    const bool named = constant.op == Op::kLiteral && constant.literal.is(Kind::kString);
    const Access member{named ? constant.literal.text() : std::string_view(), constant.begin};
    const Kinds receiver = visit(ast_.child(node, 0), named ? &member : nullptr);
    if (receiver == kNone) return kNone;
    const bool list = (receiver & kList) != 0 && (key & kNumber) != 0;
    const bool map = (receiver & kMap) != 0 && (key & (kKey | kDouble)) != 0;
    if ((receiver & (kList | kMap)) == 0) return fail_overload(node, {receiver});
    return list || map ? kAnyKind : fail_overload(node, {receiver, key});
  }

  Kinds unary(const Node& node, Kinds allowed) {
    const Kinds operand = child(node, 0);
    if (operand == kNone) return kNone;
    return (operand & allowed) == 0 ? fail_overload(node, {operand}) : operand & allowed;
  }

  Kinds arithmetic(const Node& node, Kinds allowed) {
    const Kinds left = child(node, 0);
    const Kinds right = left == kNone ? kNone : child(node, 1);
    if (right == kNone) return kNone;
    const Kinds both = left & right & allowed;
    return both == 0 ? fail_overload(node, {left, right}) : both;
  }

  Kinds order(const Node& node) {
    const Kinds left = child(node, 0);
    const Kinds right = left == kNone ? kNone : child(node, 1);
    if (right == kNone) return kNone;
    const bool numbers = (left & kNumber) != 0 && (right & kNumber) != 0;
    if (numbers || (left & right & (kString | kBytes | kBool)) != 0) return kBool;
    return fail_overload(node, {left, right});
  }

  Kinds in(const Node& node) {
    const Kinds left = child(node, 0);
    const Kinds right = left == kNone ? kNone : child(node, 1);
    if (right == kNone) return kNone;
    return (right & (kList | kMap)) == 0 ? fail_overload(node, {left, right}) : kBool;
  }

  Kinds conditional(const Node& node) {
    const Kinds condition = child(node, 0);
    if (condition == kNone) return kNone;
    if ((condition & kBool) == 0) return fail_overload(node, {condition});
    const Kinds yes = child(node, 1);
    const Kinds no = yes == kNone ? kNone : child(node, 2);
    return no == kNone ? kNone : static_cast<Kinds>(yes | no);
  }

  Kinds map(const Node& node) {
    for (std::size_t i = 0; i < node.child_count; i += 2) {
      const Kinds key = child(node, i);
      if (key == kNone) return kNone;
      if ((key & kKey) == 0) return fail_overload(node, {key});
      if (child(node, i + 1) == kNone) return kNone;
    }
    return kMap;
  }

  Kinds macro(Node& node) {
    const Kinds range = child(node, 0);
    if (range == kNone) return kNone;
    if ((range & (kList | kMap)) == 0) return fail_overload(node, {range});
    node.slot = static_cast<std::uint16_t>(locals_.size());
    locals_.push_back(node.name);
    ast_.slots = std::max<std::uint16_t>(ast_.slots, static_cast<std::uint16_t>(locals_.size()));
    bool good = true;
    for (std::size_t i = 1; good && i < node.child_count; ++i) {
      const Kinds given = child(node, i);
      const bool is_condition = node.op != Op::kMapItems || i + 1 < node.child_count;
      good = given != kNone;
      if (good && is_condition && (given & kBool) == 0) {
        fail_overload(node, {range, given});
        good = false;
      }
    }
    locals_.pop_back();
    if (!good) return kNone;
    return node.op == Op::kMapItems || node.op == Op::kFilter ? kList : kBool;
  }

  /// `strings.quote(x)` is a function whose name has a dot, not a method of a variable.
  void resolve_dotted_function(Node& node) {
    if (node.style != CallStyle::kMethod) return;
    const Node& receiver = ast_[ast_.child(node, 0)];
    if (receiver.op != Op::kName || is_local(receiver.name) || find_variable(receiver.name)) return;
    std::string path = fmt::format("{}.{}", receiver.name, node.name);
    const std::string_view near = nearest_dotted(path);
    if (near != path) {
      if (!near.empty())
        fail(receiver.at, fmt::format("unknown function '{}'; did you mean '{}'?", path, near));
      return;
    }
    node.name = near;
    node.style = CallStyle::kGlobal;
    ++node.first_child;
    --node.child_count;
  }

  Kinds call(Node& node) {
    resolve_dotted_function(node);
    if (error_) return kNone;
    node.signature = find_signature(node.name, node.style, node.child_count);
    if (node.signature == nullptr && unknown_ == Unknown::kIsError)
      return fail(node.at, explain_missing(node.name, node.style, node.child_count));
    std::array<Kinds, kMaxArguments> given{};
    bool fits = true;
    for (std::size_t i = 0; i < node.child_count; ++i) {
      const Kinds argument = child(node, i);
      if (argument == kNone) return kNone;
      if (node.signature == nullptr) continue;
      given[i] = argument;
      fits &= (argument & node.signature->parameters[i]) != 0;
    }
    if (node.signature == nullptr) return kAnyKind;
    if (!fits)
      return fail(node.at, describe_overload(node, std::span(given).first(node.child_count)));
    if (node.signature->function == Function::kMatches && !compile_pattern(node)) return kNone;
    return node.signature->function == Function::kDyn ? kAnyKind : node.signature->result;
  }

  /// A constant pattern is compiled once, here, where a fault in it can still be pointed at.
  bool compile_pattern(Node& node) {
    const Node& pattern = ast_[ast_.child(node, 1)];
    if (pattern.op != Op::kLiteral || !pattern.literal.is(Kind::kString)) return true;
    if (ast_.regexes.size() == kMaxPatterns || pattern_size_ > kMaxPatternSize) {
      fail(pattern.begin, "too many regular expressions; split the expression");
      return false;
    }
    auto regex = Regex::compile(pattern.literal.text());
    if (!regex) {
      fail(pattern.begin, fmt::format("not a regular expression (RE2): {}", regex.error()));
      return false;
    }
    pattern_size_ += regex->program_size();
    node.regex = &ast_.regexes.emplace_back(std::move(*regex));
    return true;
  }

  Ast& ast_;
  std::string_view source_;
  const Scope& scope_;
  Unknown unknown_;
  std::vector<Reference>& references_;
  bool has_dotted_names_ = false;
  std::uint64_t pattern_size_ = 0;                      ///< Of all constant patterns, compiled.
  std::set<std::pair<std::string, std::string>> seen_;  ///< What references_ has.
  std::vector<std::string_view> locals_;  ///< The macro variables around the current node.
  std::optional<SourceError> error_;
};

}  // namespace

std::optional<SourceError> check(Ast& ast, std::string_view source, const Scope& scope,
                                 Unknown unknown, std::vector<Reference>& references) {
  return Checker(ast, source, scope, unknown, references).run();
}

}  // namespace agentainer::expr

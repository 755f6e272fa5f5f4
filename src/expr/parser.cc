#include "expr/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "expr/numbers.h"

namespace agentainer::expr {
namespace {

struct BinaryOperator {
  std::string_view text;
  Op op;
  int level;  ///< Binds tighter the higher it is.
};

constexpr int kOrLevel = 1;
constexpr int kAndLevel = 2;
constexpr std::array kBinaryOperators = {
    BinaryOperator{"||", Op::kOr, kOrLevel}, BinaryOperator{"&&", Op::kAnd, kAndLevel},
    BinaryOperator{"<", Op::kLess, 3},       BinaryOperator{"<=", Op::kLessEqual, 3},
    BinaryOperator{">", Op::kGreater, 3},    BinaryOperator{">=", Op::kGreaterEqual, 3},
    BinaryOperator{"==", Op::kEqual, 3},     BinaryOperator{"!=", Op::kNotEqual, 3},
    BinaryOperator{"in", Op::kIn, 3},        BinaryOperator{"+", Op::kAdd, 4},
    BinaryOperator{"-", Op::kSubtract, 4},   BinaryOperator{"*", Op::kMultiply, 5},
    BinaryOperator{"/", Op::kDivide, 5},     BinaryOperator{"%", Op::kModulo, 5},
};

const BinaryOperator* find_binary(const Token& token) {
  if (token.kind != TokenKind::kSymbol && token.text != "in") return nullptr;
  for (const BinaryOperator& candidate : kBinaryOperators)
    if (candidate.text == token.text) return &candidate;
  return nullptr;
}

/// Words that the specification keeps for later; as members they are fine.
bool is_reserved(std::string_view word) {
  static constexpr std::array<std::string_view, 18> kReserved = {
      "as", "break", "const", "continue", "else",      "for",    "function", "if",   "import",
      "in", "let",   "loop",  "package",  "namespace", "return", "var",      "void", "while"};
  return std::find(kReserved.begin(), kReserved.end(), word) != kReserved.end();
}

std::string describe(const Token& token) {
  if (token.kind == TokenKind::kEnd) return "the end";
  constexpr std::size_t kShown = 24;
  if (token.text.size() <= kShown) return fmt::format("'{}'", token.text);
  return token.kind == TokenKind::kString || token.kind == TokenKind::kBytes ? "a string"
                                                                             : "a name";
}

/// What to write for a word of another language's operators.
std::string_view operator_hint(const Token& token) {
  if (token.text == "and") return "; for 'and' write '&&'";
  if (token.text == "or") return "; for 'or' write '||'";
  if (token.text == "is") return "; for 'is' write '=='";
  return {};
}

}  // namespace

std::optional<SourceError> Parser::parse() {
  if (advance()) {
    if (token_.kind == TokenKind::kEnd) {
      fail(token_.offset, "expected an expression, found nothing");
    } else {
      ast_.root = expression();
      if (!error_ && token_.kind != TokenKind::kEnd) fail_expected("an operator or the end");
    }
  }
  return std::move(error_);
}

NodeId Parser::fail(std::size_t offset, std::string message) {
  if (!error_) error_ = SourceError{offset, std::move(message)};
  return kNoNode;
}

NodeId Parser::fail_expected(std::string_view what) {
  return fail(token_.offset, fmt::format("expected {}, found {}{}", what, describe(token_),
                                         operator_hint(token_)));
}

bool Parser::advance() {
  last_end_ = token_.end();
  auto next = lexer_.next();
  if (!next) {
    fail(next.error().offset, std::move(next.error().message));
    return false;
  }
  token_ = *next;
  return true;
}

bool Parser::at(std::string_view symbol) const {
  return token_.kind == TokenKind::kSymbol && token_.text == symbol;
}

bool Parser::at_word(std::string_view word) const {
  return token_.kind == TokenKind::kName && token_.text == word;
}

bool Parser::take(std::string_view symbol) { return at(symbol) && advance(); }

bool Parser::expect(std::string_view symbol, std::string_view why) {
  if (at(symbol)) return advance();
  fail_expected(fmt::format("'{}' {}", symbol, why));
  return false;
}

NodeId Parser::add(Op op, std::size_t begin, std::size_t where,
                   const std::vector<NodeId>& children) {
  std::size_t depth = 0;
  for (const NodeId child : children) {
    if (child == kNoNode) return kNoNode;
    depth = std::max<std::size_t>(depth, depths_[child]);
  }
  if (++depth > kMaxTreeDepth)
    return fail(where,
                fmt::format("this is deeper than {} levels; split the expression", kMaxTreeDepth));
  if (ast_.nodes.size() == kMaxNodes)
    return fail(where, fmt::format("an expression has at most {} parts", kMaxNodes));
  Node node;
  node.op = op;
  node.begin = static_cast<std::uint32_t>(begin);
  node.end = static_cast<std::uint32_t>(last_end_);
  node.at = static_cast<std::uint32_t>(where);
  node.first_child = static_cast<std::uint32_t>(ast_.children.size());
  node.child_count = static_cast<std::uint32_t>(children.size());
  ast_.children.insert(ast_.children.end(), children.begin(), children.end());
  ast_.nodes.push_back(node);
  depths_.push_back(static_cast<std::uint16_t>(depth));
  return static_cast<NodeId>(ast_.nodes.size() - 1);
}

NodeId Parser::add_literal(const Value& value, std::size_t begin) {
  const NodeId id = add(Op::kLiteral, begin, begin, {});
  if (id != kNoNode) ast_[id].literal = value;
  return id;
}

NodeId Parser::expression() {
  if (nesting_ == kMaxSourceDepth)
    return fail(token_.offset, fmt::format("nested deeper than {} levels", kMaxSourceDepth));
  ++nesting_;
  const NodeId id = conditional();
  --nesting_;
  return id;
}

NodeId Parser::conditional() {
  const std::size_t begin = token_.offset;
  const NodeId condition = binary(kOrLevel);
  if (condition == kNoNode || !at("?")) return condition;
  const std::size_t where = token_.offset;
  if (!advance()) return kNoNode;
  const NodeId yes = expression();
  if (yes == kNoNode || !expect(":", "and the other value of '?'")) return kNoNode;
  const NodeId no = expression();
  return add(Op::kConditional, begin, where, {condition, yes, no});
}

NodeId Parser::binary(int lowest_level) {
  const std::size_t begin = token_.offset;
  NodeId left = unary();
  while (left != kNoNode) {
    const BinaryOperator* found = find_binary(token_);
    if (found == nullptr || found->level < lowest_level) return left;
    const std::size_t where = token_.offset;
    std::vector<NodeId> operands = {left};
    do {
      if (!advance()) return kNoNode;
      operands.push_back(binary(found->level + 1));
      if (operands.back() == kNoNode) return kNoNode;
      // Long chains of && and || are one flat node; their order of evaluation is theirs to choose.
    } while (found->level <= kAndLevel && at(found->text));
    left = add(found->op, begin, where, operands);
  }
  return kNoNode;
}

NodeId Parser::unary() {
  const std::size_t begin = token_.offset;
  std::vector<std::pair<Op, std::size_t>> operators;
  while (at("!") || at("-")) {
    operators.emplace_back(at("!") ? Op::kNot : Op::kNegate, token_.offset);
    if (!advance()) return kNoNode;
  }
  NodeId id = kNoNode;
  // The sign belongs to a number, or -9223372036854775808 could not be written.
  const bool number = token_.kind == TokenKind::kInt || token_.kind == TokenKind::kDouble;
  if (number && !operators.empty() && operators.back().first == Op::kNegate) {
    id = negative_number(operators.back().second);
    operators.pop_back();
  } else {
    id = postfix();
  }
  for (auto each = operators.rbegin(); each != operators.rend() && id != kNoNode; ++each)
    id = add(each->first, each == operators.rend() - 1 ? begin : each->second, each->second, {id});
  return id;
}

NodeId Parser::negative_number(std::size_t begin) {
  const Token digits = token_;
  if (digits.kind == TokenKind::kDouble) {
    const NodeId id = number();
    if (id == kNoNode) return kNoNode;
    ast_[id].literal = Value::real(-ast_[id].literal.as_double());
    ast_[id].begin = static_cast<std::uint32_t>(begin);
    return id;
  }
  const bool hex = digits.text.starts_with("0x") || digits.text.starts_with("0X");
  const std::string text = fmt::format("-{}", hex ? digits.text.substr(2) : digits.text);
  const auto value = parse_int(text, hex ? 16 : 10);
  if (!value) return fail(begin, fmt::format("-{} is below the smallest int, -2^63", digits.text));
  if (!advance()) return kNoNode;
  return add_literal(Value::integer(*value), begin);
}

NodeId Parser::postfix() {
  NodeId id = primary();
  while (id != kNoNode) {
    if (at(".")) {
      id = member(id);
    } else if (at("[")) {
      id = index(id);
    } else if (at("{") && (ast_[id].op == Op::kName || ast_[id].op == Op::kSelect)) {
      return fail(token_.offset, "messages are not supported; a map is written {'key': value}");
    } else {
      return id;
    }
  }
  return kNoNode;
}

NodeId Parser::index(NodeId receiver) {
  const std::size_t where = token_.offset;
  if (!advance()) return kNoNode;
  const NodeId key = expression();
  if (key == kNoNode || !expect("]", "after the index")) return kNoNode;
  return add(Op::kIndex, ast_[receiver].begin, where, {receiver, key});
}

NodeId Parser::member(NodeId receiver) {
  if (!advance()) return kNoNode;
  const Token name = token_;
  if (name.kind != TokenKind::kName && name.kind != TokenKind::kQuotedName)
    return fail_expected("a member's name after '.'");
  if (!advance()) return kNoNode;
  if (name.kind == TokenKind::kName && at("(")) return method(receiver, name);
  const NodeId id = add(Op::kSelect, ast_[receiver].begin, name.offset, {receiver});
  if (id != kNoNode) ast_[id].name = name.kind == TokenKind::kName ? name.text : name.body;
  return id;
}

NodeId Parser::method(NodeId receiver, const Token& name) {
  std::vector<NodeId> operands;
  if (!advance() || !arguments(")", operands)) return kNoNode;
  static constexpr std::array<std::string_view, 5> kMacros = {"all", "exists", "exists_one", "map",
                                                              "filter"};
  if (std::find(kMacros.begin(), kMacros.end(), name.text) != kMacros.end())
    return macro(receiver, name, operands);
  operands.insert(operands.begin(), receiver);
  const NodeId id = add(Op::kCall, ast_[receiver].begin, name.offset, operands);
  if (id == kNoNode) return kNoNode;
  ast_[id].name = name.text;
  ast_[id].style = CallStyle::kMethod;
  return id;
}

NodeId Parser::macro(NodeId range, const Token& name, const std::vector<NodeId>& arguments) {
  const bool is_map = name.text == "map";
  if (arguments.size() != 2 && !(is_map && arguments.size() == 3))
    return fail(name.offset,
                fmt::format("{0}() takes a name and {1}, as in list.{0}(x, {2})", name.text,
                            is_map ? "a value, or a name, a condition and a value" : "a condition",
                            is_map ? "x + 1" : "x > 0"));
  const Node& variable = ast_[arguments[0]];
  if (variable.op != Op::kName || variable.absolute)
    return fail(variable.begin,
                fmt::format("the first argument of {}() must be a name for the item", name.text));
  const std::string_view item = variable.name;
  const Op op = is_map                      ? Op::kMapItems
                : name.text == "all"        ? Op::kAll
                : name.text == "exists"     ? Op::kExists
                : name.text == "exists_one" ? Op::kExistsOne
                                            : Op::kFilter;
  std::vector<NodeId> operands = {range};
  operands.insert(operands.end(), arguments.begin() + 1, arguments.end());
  const NodeId id = add(op, ast_[range].begin, name.offset, operands);
  if (id != kNoNode) ast_[id].name = item;
  return id;
}

bool Parser::arguments(std::string_view close, std::vector<NodeId>& to) {
  if (take(close)) return true;
  while (!error_) {
    to.push_back(expression());
    if (error_) return false;
    if (take(close)) return true;
    if (!expect(",", fmt::format("or '{}'", close))) return false;
    // A list may end with a comma, a call may not.
    if (close == "]" && take(close)) return true;
  }
  return false;
}

NodeId Parser::primary() {
  switch (token_.kind) {
    case TokenKind::kInt:
    case TokenKind::kUint:
    case TokenKind::kDouble:
      return number();
    case TokenKind::kString:
    case TokenKind::kBytes:
      return string();
    case TokenKind::kName:
      return name();
    case TokenKind::kQuotedName:
      return fail(token_.offset, "a name in backquotes must follow a '.'");
    case TokenKind::kEnd:
      return fail_expected("a value");
    case TokenKind::kSymbol:
      break;
  }
  if (at("[")) return list();
  if (at("{")) return map();
  if (at("(")) {
    const std::size_t begin = token_.offset;
    if (!advance()) return kNoNode;
    const NodeId id = expression();
    if (id == kNoNode || !expect(")", "to close the '('")) return kNoNode;
    ast_[id].begin = static_cast<std::uint32_t>(begin);
    ast_[id].end = static_cast<std::uint32_t>(last_end_);
    return id;
  }
  if (at(".")) return name();
  return fail_expected("a value");
}

NodeId Parser::name() {
  const std::size_t begin = token_.offset;
  const bool absolute = at(".");
  if (absolute && (!advance() || token_.kind != TokenKind::kName))
    return fail_expected("a name after '.'");
  const Token word = token_;
  if (!absolute && (word.text == "true" || word.text == "false" || word.text == "null")) {
    if (!advance()) return kNoNode;
    return add_literal(word.text == "null" ? Value::null() : Value::boolean(word.text == "true"),
                       begin);
  }
  if (is_reserved(word.text))
    return fail(word.offset, word.text == "in" ? "expected a value, found 'in'"
                                               : fmt::format("'{}' is a reserved word", word.text));
  if (!advance()) return kNoNode;
  if (word.text == "not" && (at("(") || token_.kind == TokenKind::kName))
    return fail(word.offset, "for 'not' write '!'");
  if (at("(")) return global_call(word);
  const NodeId id = add(Op::kName, begin, word.offset, {});
  if (id == kNoNode) return kNoNode;
  ast_[id].name = word.text;
  ast_[id].absolute = absolute;
  return id;
}

NodeId Parser::global_call(const Token& name) {
  std::vector<NodeId> operands;
  if (!advance() || !arguments(")", operands)) return kNoNode;
  if (name.text == "has") {
    // The argument is made last, so it may become the macro itself.
    if (operands.size() != 1 || ast_[operands[0]].op != Op::kSelect)
      return fail(name.offset,
                  "has() takes one member, as in has(state.x); for any other key write "
                  "'key' in map");
    Node& node = ast_[operands[0]];
    node.op = Op::kHas;
    node.begin = static_cast<std::uint32_t>(name.offset);
    node.end = static_cast<std::uint32_t>(last_end_);
    return operands[0];
  }
  const NodeId id = add(Op::kCall, name.offset, name.offset, operands);
  if (id != kNoNode) ast_[id].name = name.text;
  return id;
}

NodeId Parser::number() {
  const Token word = token_;
  std::string_view digits = word.text;
  if (!advance()) return kNoNode;
  if (word.kind == TokenKind::kDouble) {
    const auto value = parse_double(digits);
    if (!value) return fail(word.offset, fmt::format("{} is too large for a double", word.text));
    return add_literal(Value::real(*value), word.offset);
  }
  if (word.kind == TokenKind::kUint) digits.remove_suffix(1);
  const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
  if (hex) digits.remove_prefix(2);
  if (word.kind == TokenKind::kUint) {
    const auto value = parse_uint(digits, hex ? 16 : 10);
    if (!value)
      return fail(word.offset, fmt::format("{} is above the largest uint, 2^64 - 1", word.text));
    return add_literal(Value::uinteger(*value), word.offset);
  }
  const auto value = parse_int(digits, hex ? 16 : 10);
  if (!value)
    return fail(word.offset,
                fmt::format("{} is above the largest int, 2^63 - 1; a larger number is a uint "
                            "({}u) or a double ({}.0)",
                            word.text, word.text, word.text));
  return add_literal(Value::integer(*value), word.offset);
}

NodeId Parser::string() {
  const Token word = token_;
  auto text = decode_string(word);
  if (!text) return fail(text.error().offset, std::move(text.error().message));
  if (!advance()) return kNoNode;
  const std::string& kept = ast_.strings.emplace_back(std::move(*text));
  return add_literal(word.kind == TokenKind::kBytes ? Value::bytes(kept) : Value::string(kept),
                     word.offset);
}

NodeId Parser::list() {
  const std::size_t begin = token_.offset;
  std::vector<NodeId> items;
  if (!advance() || !arguments("]", items)) return kNoNode;
  return add(Op::kList, begin, begin, items);
}

NodeId Parser::map() {
  const std::size_t begin = token_.offset;
  std::vector<NodeId> entries;
  if (!advance()) return kNoNode;
  while (!at("}")) {
    entries.push_back(expression());
    if (error_ || !expect(":", "after a map's key")) return kNoNode;
    entries.push_back(expression());
    if (error_) return kNoNode;
    if (!at("}") && !expect(",", "or '}'")) return kNoNode;
  }
  if (!advance()) return kNoNode;
  return add(Op::kMap, begin, begin, entries);
}

}  // namespace agentainer::expr

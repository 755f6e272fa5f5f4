#include "workflow/condition_reader.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "expr/regex.h"
#include "workflow/object_reader.h"
#include "workflow/path.h"
#include "workflow/words.h"

namespace agentainer::workflow {
namespace {

using Node = Condition::Node;
using Operator = Condition::Operator;

/// Other spellings follow the operators in kOperatorNames, for the first six of them.
constexpr std::size_t kOperators = 11;

std::shared_ptr<const Node> read_node(const Value& value, const std::optional<Value>& field,
                                      ExpressionReader& expressions);

bool is_ordering(Operator op) {
  return op == Operator::kGt || op == Operator::kGe || op == Operator::kLt || op == Operator::kLe;
}

/// Whether the operator can be used with the value; compiles the pattern of kMatches.
bool check_operand(const Value& value, Node& node, Reporter& reporter) {
  const Kind kind = value.kind();
  const bool number = kind == Kind::kInteger || kind == Kind::kFloat;
  const auto wrong = [&](std::string_view what) {
    reporter.error(value, fmt::format("{} compares with {}, not {}",
                                      quote(kOperatorNames[static_cast<std::size_t>(node.op)]),
                                      what, describe(value)));
    return false;
  };
  if (is_ordering(node.op) && !number && kind != Kind::kString) return wrong("a number or text");
  if ((node.op == Operator::kIn || node.op == Operator::kNotIn) && kind != Kind::kList)
    return wrong("a list");
  if (node.op != Operator::kMatches) return true;
  if (kind != Kind::kString) return wrong("a pattern");
  auto regex = expr::Regex::compile(value.text());
  if (!regex) {
    reporter.error(value, fmt::format("not a pattern (RE2 syntax): {}", regex.error()));
    return false;
  }
  node.regex = std::make_shared<const expr::Regex>(*std::move(regex));
  return true;
}

std::shared_ptr<const Node> read_comparison(const ObjectReader& fields, const Value& owner,
                                            const std::optional<Value>& given_field) {
  Reporter& reporter = fields.reporter();
  auto node = std::make_shared<Node>();
  const std::optional<Value> field = fields.value("field") ? fields.value("field") : given_field;
  bool good = true;
  if (fields.value("field")) {
    good = fields.read("field", node->field);
  } else if (field->kind() == Kind::kString) {
    node->field = field->text();
  } else {
    return nullptr;  // the decision's input_path, reported there
  }
  if (good) {
    auto path = parse_path(node->field);
    good = path.has_value();
    if (path) node->path = *path;
    // A bad input_path is reported once, where it is given.
    if (!path && fields.value("field")) reporter.error(*field, path.error().message);
    if (path && node->path.size() > 1 && node->path[0] == "state")
      reporter.warning(*field,
                       "a field is looked up in the state; 'state.' in front of it looks for a "
                       "key 'state' there");
  }
  std::size_t op = 0;
  good = (!fields.value("operator") || fields.read_choice("operator", op)) && good;
  node->op = static_cast<Operator>(op < kOperators ? op : op - kOperators);
  const std::optional<Value> value = fields.value("value");
  if (!value) {
    if (fields.misses("value"))
      reporter.error(owner, "a condition on a field needs a 'value' to compare with");
    return nullptr;
  }
  if (!good || !check_operand(*value, *node, reporter)) return nullptr;
  node->value = to_json(*value, reporter);
  return node;
}

std::shared_ptr<const Node> read_junction(const ObjectReader& fields, std::string_view name,
                                          const std::optional<Value>& field,
                                          ExpressionReader& expressions) {
  auto node = std::make_shared<Node>();
  node->kind = name == "and" ? Condition::Kind::kAnd : Condition::Kind::kOr;
  std::vector<Value> items;
  if (!fields.read(name, items)) return nullptr;
  if (items.empty()) {
    fields.reporter().error(fields.key(name),
                            fmt::format("'{}' needs at least one condition", name));
    return nullptr;
  }
  bool good = true;
  for (const Value& item : items) {
    node->children.push_back(read_node(item, field, expressions));
    good = good && node->children.back() != nullptr;
  }
  return good ? node : nullptr;
}

std::shared_ptr<const Node> read_expression(const Value& value, ExpressionReader& expressions) {
  auto program = expressions.read_program(value);
  if (!program) return nullptr;
  auto node = std::make_shared<Node>();
  node->kind = Condition::Kind::kCel;
  node->program = *std::move(program);
  return node;
}

std::shared_ptr<const Node> read_structured(const Value& value, const std::optional<Value>& field,
                                            ExpressionReader& expressions) {
  Reporter& reporter = expressions.reporter();
  ObjectReader fields(reporter);
  fields.add(value, {&kConditionTable});
  std::size_t type = 0;
  const bool typed = fields.read_choice("type", type);
  std::string_view form;
  for (const std::string_view name : {"field", "expression", "and", "or", "not"}) {
    if (!fields.value(name)) continue;
    if (!form.empty()) {
      reporter.error(fields.key(name),
                     fmt::format("a condition has '{}' or '{}', not both", form, name));
      return nullptr;
    }
    form = name;
  }
  if (form.empty() && field && fields.has("value")) form = "field";
  if (form.empty()) {
    if (!fields.is_clean()) return nullptr;
    reporter.error(value, "a condition needs a 'field', an 'expression', 'and', 'or' or 'not'");
    return nullptr;
  }
  for (const std::string_view name : {"operator", "value"})
    if (form != "field" && fields.has(name))
      reporter.error(fields.key(name),
                     fmt::format("'{}' goes with 'field', not with '{}'", name, form));
  if (typed && (type == 1) != (form == "expression") && form != "and" && form != "or" &&
      form != "not")
    reporter.error(*fields.value("type"),
                   fmt::format("this condition has a '{}'; remove 'type'", form));
  if (form == "field") return read_comparison(fields, value, field);
  if (form == "expression") return read_expression(*fields.value(form), expressions);
  if (form != "not") return read_junction(fields, form, field, expressions);
  auto node = std::make_shared<Node>();
  node->kind = Condition::Kind::kNot;
  node->children.push_back(read_node(*fields.value(form), field, expressions));
  return node->children[0] ? node : nullptr;
}

std::shared_ptr<const Node> read_node(const Value& value, const std::optional<Value>& field,
                                      ExpressionReader& expressions) {
  if (value.kind() == Kind::kString || value.kind() == Kind::kBool)
    return read_expression(value, expressions);
  if (value.kind() == Kind::kMap) return read_structured(value, field, expressions);
  expressions.reporter().error(
      value, fmt::format("a condition is a CEL expression in text, or a mapping with 'field', "
                         "'operator' and 'value', not {}",
                         describe(value)));
  return nullptr;
}

}  // namespace

std::optional<Condition> read_condition(const Value& value, const std::optional<Value>& field,
                                        ExpressionReader& expressions) {
  auto root = read_node(value, field, expressions);
  if (!root) return std::nullopt;
  return Condition(std::move(root));
}

}  // namespace agentainer::workflow

#include "workflow/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>
#include <span>

#include "base/check.h"
#include "expr/regex.h"
#include "workflow/fields.h"
#include "workflow/path.h"

namespace agentainer::workflow {
namespace {

using Node = Condition::Node;
using Operator = Condition::Operator;

std::partial_ordering compare(const Json& a, const Json& b) {
  if (a.is_string() && b.is_string()) {
    const int order = a.get_string().compare(b.get_string());
    return order <=> 0;
  }
  if (!a.is_number() || !b.is_number()) return std::partial_ordering::unordered;
  // A long double holds every int64, uint64 and double exactly.
  static_assert(std::numeric_limits<long double>::digits >= 64);
  const auto exact = [](const Json& number) -> long double {
    if (number.is_int64()) return static_cast<long double>(number.get_int64());
    if (number.is_uint64()) return static_cast<long double>(number.get_uint64());
    return static_cast<long double>(number.get_double());
  };
  return exact(a) <=> exact(b);
}

/// As Json's ==, but 1 equals 1.0.
bool equal(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return compare(a, b) == 0;
  if (a.is_array() && b.is_array()) {
    const auto& x = a.get_array();
    const auto& y = b.get_array();
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), equal);
  }
  if (a.is_object() && b.is_object()) {
    const auto& x = a.get_object();
    const auto& y = b.get_object();
    return x.size() == y.size() && std::all_of(x.begin(), x.end(), [&](const auto& member) {
             const Json* other = y.if_contains(member.key());
             return other != nullptr && equal(member.value(), *other);
           });
  }
  return a == b;
}

bool contains(const Json& whole, const Json& part) {
  if (whole.is_string() && part.is_string())
    return std::string_view(whole.get_string()).find(std::string_view(part.get_string())) !=
           std::string_view::npos;
  if (const json::array* list = whole.if_array())
    return std::any_of(list->begin(), list->end(),
                       [&](const Json& item) { return equal(item, part); });
  if (const json::object* object = whole.if_object())
    return part.is_string() && object->contains(part.get_string());
  return false;
}

const Json* find_in_state(const expr::Bindings& bindings, const Node& node) {
  const expr::Bindings::Slot* state = bindings.find("state");
  AGENTAINER_CHECK(state != nullptr, "a condition is evaluated with the state bound");
  const auto find = [&](std::string_view key) -> const Json* {
    if (state->members != nullptr) return state->members->find(key);
    const json::object* object = state->value->if_object();
    return object == nullptr ? nullptr : object->if_contains(key);
  };
  // A key may hold dots itself.
  if (const Json* whole = find(node.field)) return whole;
  const Json* first = find(node.path.front());
  return first == nullptr ? nullptr : follow(*first, std::span(node.path).subspan(1));
}

bool holds(const Node& node, const Json* found) {
  const Json& value = node.value;
  switch (node.op) {
    case Operator::kEq:
      return found != nullptr && equal(*found, value);
    case Operator::kNe:
      return found == nullptr || !equal(*found, value);
    case Operator::kGt:
      return found != nullptr && compare(*found, value) > 0;
    case Operator::kGe:
      return found != nullptr && compare(*found, value) >= 0;
    case Operator::kLt:
      return found != nullptr && compare(*found, value) < 0;
    case Operator::kLe:
      return found != nullptr && compare(*found, value) <= 0;
    case Operator::kContains:
      return found != nullptr && contains(*found, value);
    case Operator::kNotContains:
      return found == nullptr || !contains(*found, value);
    case Operator::kIn:
      return found != nullptr && contains(value, *found);
    case Operator::kNotIn:
      return found == nullptr || !contains(value, *found);
    case Operator::kMatches:
      return found != nullptr && found->is_string() &&
             node.regex->matches(std::string_view(found->get_string()));
  }
  return false;
}

Result<bool> evaluate_node(const Node& node, const expr::Bindings& bindings) {
  switch (node.kind) {
    case Condition::Kind::kCompare:
      return holds(node, find_in_state(bindings, node));
    case Condition::Kind::kCel:
      return node.program.evaluate_bool(bindings);
    case Condition::Kind::kNot: {
      Result<bool> inner = evaluate_node(*node.children.front(), bindings);
      if (inner) *inner = !*inner;
      return inner;
    }
    case Condition::Kind::kAnd:
    case Condition::Kind::kOr: {
      // The first child that decides ends it, as in most languages; one after it may be in error.
      const bool decisive = node.kind == Condition::Kind::kOr;
      for (const auto& child : node.children) {
        const Result<bool> result = evaluate_node(*child, bindings);
        if (!result || *result == decisive) return result;
      }
      return !decisive;
    }
  }
  return false;
}

std::string text_of(const Node& node, bool inside) {
  switch (node.kind) {
    case Condition::Kind::kCompare: {
      constexpr std::size_t kMostBytes = 120;
      std::string value = to_text(node.value);
      if (value.size() > kMostBytes) value = to_valid_utf8(value.substr(0, kMostBytes)) + "…";
      std::string path = "state";
      for (const std::string& part : node.path) path += "." + part;
      return fmt::format("{} {} {}", path, kOperatorNames[static_cast<std::size_t>(node.op)],
                         value);
    }
    case Condition::Kind::kCel: {
      std::string text = inside ? "(" + node.program.source() + ")" : node.program.source();
      std::replace_if(
          text.begin(), text.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
      return text;
    }
    case Condition::Kind::kNot:
      return "not " + text_of(*node.children.front(), true);
    case Condition::Kind::kAnd:
    case Condition::Kind::kOr: {
      std::string text;
      for (const auto& child : node.children) {
        if (!text.empty()) text += node.kind == Condition::Kind::kAnd ? " and " : " or ";
        text += text_of(*child, true);
      }
      return inside ? "(" + text + ")" : text;
    }
  }
  return {};
}

void collect(const Node& node, std::vector<expr::Reference>& references) {
  if (node.kind == Condition::Kind::kCompare) references.push_back({"state", node.path.front()});
  if (node.kind == Condition::Kind::kCel)
    references.insert(references.end(), node.program.references().begin(),
                      node.program.references().end());
  for (const auto& child : node.children) collect(*child, references);
}

}  // namespace

Result<bool> Condition::evaluate(const expr::Bindings& bindings) const {
  AGENTAINER_CHECK(root_ != nullptr, "a condition is read before it is evaluated");
  return evaluate_node(*root_, bindings);
}

std::string Condition::text() const { return root_ ? text_of(*root_, false) : std::string(); }

std::vector<expr::Reference> Condition::references() const {
  std::vector<expr::Reference> references;
  if (root_) collect(*root_, references);
  return references;
}

}  // namespace agentainer::workflow

#include "expr/evaluate.h"

#include <array>
#include <optional>
#include <utility>

#include "expr/containers.h"

namespace agentainer::expr {
namespace {

class Evaluator {
 public:
  Evaluator(const Ast& ast, Context& context) : ast_(ast), context_(context) {}

  Value run() {
    if (ast_.slots > 0) {
      locals_ = context_.list_space(ast_.slots);
      if (locals_ == nullptr) return Value::fault();
    }
    return visit(ast_.root);
  }

 private:
  Value visit(NodeId id) {
    if (!context_.charge(1)) return Value::fault();
    const Node& node = ast_[id];
    switch (node.op) {
      case Op::kLiteral:
        return node.literal;
      case Op::kName:
        return context_.fail(FaultKind::kUnknownName, id);
      case Op::kVariable:
        return variable(id);
      case Op::kLocal:
        return locals_[node.slot];
      case Op::kSelect:
        return select(id);
      case Op::kHas:
        return has(id);
      case Op::kIndex:
        return index(id);
      case Op::kNot: {
        const Value operand = child(node, 0);
        if (operand.is(Kind::kBool)) return Value::boolean(operand.is_false());
        return operand.is_fault() ? operand : context_.fail_overload(id, std::array{operand});
      }
      case Op::kNegate: {
        const Value operand = child(node, 0);
        return operand.is_fault() ? operand : negate(context_, id, operand);
      }
      case Op::kAdd:
      case Op::kSubtract:
      case Op::kMultiply:
      case Op::kDivide:
      case Op::kModulo:
      case Op::kEqual:
      case Op::kNotEqual:
      case Op::kLess:
      case Op::kLessEqual:
      case Op::kGreater:
      case Op::kGreaterEqual:
      case Op::kIn:
        return binary(id);
      case Op::kAnd:
        return logic(id, false);
      case Op::kOr:
        return logic(id, true);
      case Op::kConditional:
        return conditional(id);
      case Op::kList:
        return list(id);
      case Op::kMap:
        return map(id);
      case Op::kCall:
        return call_function(id);
      case Op::kAll:
        return quantifier(id, false);
      case Op::kExists:
        return quantifier(id, true);
      case Op::kExistsOne:
        return exists_one(id);
      case Op::kMapItems:
        return map_items(id);
      case Op::kFilter:
        return filter(id);
    }
    return Value::fault();
  }

  Value child(const Node& node, std::size_t i) { return visit(ast_.child(node, i)); }

  Value variable(NodeId id) {
    const Bindings::Slot* slot = context_.bindings().find(ast_[id].name);
    if (slot != nullptr && slot->members != nullptr) return Value::of(slot->members);
    if (slot != nullptr && slot->value != nullptr) return Value::of(*slot->value);
    return context_.fail(FaultKind::kUnboundVariable, id);
  }

  Value select(NodeId id) {
    const Node& node = ast_[id];
    const Value map = child(node, 0);
    if (map.is_fault()) return map;
    if (!map.is(Kind::kMap)) return context_.fail_overload(id, std::array{map});
    const Value key = Value::string(node.name);
    if (const std::optional<Value> found = find(map, key)) return *found;
    return context_.fail(FaultKind::kNoSuchKey, id, key, map);
  }

  Value has(NodeId id) {
    const Node& node = ast_[id];
    const Value map = child(node, 0);
    if (map.is_fault()) return map;
    if (!map.is(Kind::kMap)) return context_.fail_overload(id, std::array{map});
    return Value::boolean(find(map, Value::string(node.name)).has_value());
  }

  Value index(NodeId id) {
    const Node& node = ast_[id];
    const Value from = child(node, 0);
    if (from.is_fault()) return from;
    const Value key = child(node, 1);
    if (key.is_fault()) return key;
    if (from.is(Kind::kList)) return list_item(context_, id, from, key);
    if (!from.is(Kind::kMap) || !(is_key_kind(key.kind()) || key.is(Kind::kDouble)))
      return context_.fail_overload(id, std::array{from, key});
    if (const std::optional<Value> found = find(from, key)) return *found;
    return context_.fail(FaultKind::kNoSuchKey, id, key, from);
  }

  Value binary(NodeId id) {
    const Node& node = ast_[id];
    const Value left = child(node, 0);
    if (left.is_fault()) return left;
    const Value right = child(node, 1);
    if (right.is_fault()) return right;
    if (node.op == Op::kEqual) return equal(context_, left, right);
    if (node.op == Op::kNotEqual) {
      const Value same = equal(context_, left, right);
      return same.is_fault() ? same : Value::boolean(same.is_false());
    }
    if (node.op == Op::kIn) {
      if (right.is(Kind::kList)) return list_contains(context_, right, left);
      if (right.is(Kind::kMap)) return Value::boolean(find(right, left).has_value());
      return context_.fail_overload(id, std::array{left, right});
    }
    if (node.op < Op::kEqual) return arithmetic(context_, id, node.op, left, right);
    return ordering(id, left, right);
  }

  Value ordering(NodeId id, const Value& left, const Value& right) {
    const bool texts = left.is(Kind::kString) || left.is(Kind::kBytes);
    if (texts && !context_.charge_bytes(left.text().size())) return Value::fault();
    const Order order = compare(left, right);
    if (order == Order::kNone) return context_.fail_overload(id, std::array{left, right});
    const Op op = ast_[id].op;
    const bool equal = order == Order::kEqual && (op == Op::kLessEqual || op == Op::kGreaterEqual);
    const bool less = order == Order::kLess && (op == Op::kLess || op == Op::kLessEqual);
    const bool greater =
        order == Order::kGreater && (op == Op::kGreater || op == Op::kGreaterEqual);
    return Value::boolean(equal || less || greater);
  }

  /// && and ||, where one operand that decides makes the faults of all others irrelevant, on both
  /// sides of it; so does each step of all() and exists().
  class Decision {
   public:
    Decision(Context& context, NodeId id, bool deciding)
        : context_(context), id_(id), deciding_(deciding) {}

    /// Whether the outcome is known.
    bool add(const Value& operand) {
      if (operand.is(Kind::kBool)) {
        decided_ = operand.is_true() == deciding_;
        return decided_;
      }
      if (!operand.is_fault()) context_.fail_overload(id_, std::array{operand});
      if (context_.fault().is_limit()) {
        limit_ = true;
        return true;
      }
      if (!first_) first_ = context_.fault();
      return false;
    }

    Value outcome() {
      if (limit_) return Value::fault();
      if (decided_) return Value::boolean(deciding_);
      if (!first_) return Value::boolean(!deciding_);
      return context_.fail(std::move(*first_));
    }

   private:
    Context& context_;
    const NodeId id_;
    const bool deciding_;
    bool decided_ = false;
    bool limit_ = false;
    std::optional<Fault> first_;
  };

  Value logic(NodeId id, bool deciding) {
    const Node& node = ast_[id];
    Decision decision(context_, id, deciding);
    for (std::size_t i = 0; i < node.child_count; ++i)
      if (decision.add(child(node, i))) break;
    return decision.outcome();
  }

  Value conditional(NodeId id) {
    const Node& node = ast_[id];
    const Value condition = child(node, 0);
    if (condition.is_fault()) return condition;
    if (!condition.is(Kind::kBool)) return context_.fail_overload(id, std::array{condition});
    return child(node, condition.is_true() ? 1 : 2);
  }

  Value list(NodeId id) {
    const Node& node = ast_[id];
    Value* items = context_.list_space(node.child_count);
    if (items == nullptr) return Value::fault();
    for (std::size_t i = 0; i < node.child_count; ++i) {
      items[i] = child(node, i);
      if (items[i].is_fault()) return items[i];
    }
    return Value::list(items, node.child_count);
  }

  Value map(NodeId id) {
    const Node& node = ast_[id];
    const std::size_t size = node.child_count / 2;
    MapEntry* entries = context_.map_space(size);
    if (entries == nullptr) return Value::fault();
    for (std::size_t i = 0; i < size; ++i) {
      entries[i].key = child(node, 2 * i);
      if (entries[i].key.is_fault()) return entries[i].key;
      if (!is_key_kind(entries[i].key.kind()))
        return context_.fail_overload(id, std::array{entries[i].key});
      entries[i].value = child(node, 2 * i + 1);
      if (entries[i].value.is_fault()) return entries[i].value;
    }
    return make_map(context_, id, {entries, size});
  }

  Value call_function(NodeId id) {
    const Node& node = ast_[id];
    if (node.signature == nullptr) return context_.fail(FaultKind::kUnknownName, id);
    std::array<Value, kMaxArguments> arguments;
    for (std::size_t i = 0; i < node.child_count; ++i) {
      arguments[i] = child(node, i);
      if (arguments[i].is_fault()) return arguments[i];
    }
    return call(context_, ast_, id, std::span(arguments).first(node.child_count));
  }

  /// What a macro walks: a list, or a map's keys.
  Value range(NodeId id) {
    const Value from = child(ast_[id], 0);
    if (from.is(Kind::kMap)) return map_keys(context_, from);
    if (from.is(Kind::kList) || from.is_fault()) return from;
    return context_.fail_overload(id, std::array{from});
  }

  /// Child `i` of a macro, which must be a bool.
  Value condition(NodeId id, std::size_t i) {
    const Value given = child(ast_[id], i);
    if (given.is(Kind::kBool) || given.is_fault()) return given;
    return context_.fail_overload(id, std::array{Value::list(nullptr, 0), given});
  }

  Value quantifier(NodeId id, bool deciding) {
    const Value items = range(id);
    if (items.is_fault()) return items;
    Decision decision(context_, id, deciding);
    for (std::size_t i = 0; i < items.list_size(); ++i) {
      locals_[ast_[id].slot] = items.item(i);
      if (decision.add(condition(id, 1))) break;
    }
    return decision.outcome();
  }

  Value exists_one(NodeId id) {
    const Value items = range(id);
    if (items.is_fault()) return items;
    std::size_t found = 0;
    for (std::size_t i = 0; i < items.list_size(); ++i) {
      locals_[ast_[id].slot] = items.item(i);
      const Value good = condition(id, 1);
      if (good.is_fault()) return good;
      found += good.is_true() ? 1 : 0;
    }
    return Value::boolean(found == 1);
  }

  Value map_items(NodeId id) {
    const Value items = range(id);
    if (items.is_fault()) return items;
    const Node& node = ast_[id];
    const bool filtered = node.child_count == 3;
    ListBuilder result(context_);
    for (std::size_t i = 0; i < items.list_size(); ++i) {
      locals_[node.slot] = items.item(i);
      if (filtered) {
        const Value good = condition(id, 1);
        if (good.is_fault()) return good;
        if (good.is_false()) continue;
      }
      const Value item = child(node, filtered ? 2 : 1);
      if (item.is_fault() || !result.add(item)) return Value::fault();
    }
    return result.finish();
  }

  Value filter(NodeId id) {
    const Value items = range(id);
    if (items.is_fault()) return items;
    ListBuilder result(context_);
    for (std::size_t i = 0; i < items.list_size(); ++i) {
      const Value item = items.item(i);
      locals_[ast_[id].slot] = item;
      const Value good = condition(id, 1);
      if (good.is_fault()) return good;
      if (good.is_true() && !result.add(item)) return Value::fault();
    }
    return result.finish();
  }

  const Ast& ast_;
  Context& context_;
  Value* locals_ = nullptr;
};

}  // namespace

Value evaluate(const Ast& ast, Context& context) { return Evaluator(ast, context).run(); }

}  // namespace agentainer::expr

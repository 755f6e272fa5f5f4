#pragma once
// A checked tree and bindings into a value.

#include "expr/ast.h"
#include "expr/context.h"
#include "expr/value.h"

namespace agentainer::expr {

/// The value, which lives as long as `context`, or a fault that context.fault() tells.
[[nodiscard]] Value evaluate(const Ast& ast, Context& context);

/// `+ - * / %` of two values.
Value arithmetic(Context& context, NodeId node, Op op, const Value& left, const Value& right);
/// `-operand`.
Value negate(Context& context, NodeId node, const Value& operand);

/// Calls the function of `node` with arguments of any kind.
Value call(Context& context, const Ast& ast, NodeId node, std::span<const Value> arguments);

}  // namespace agentainer::expr

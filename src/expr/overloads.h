#pragma once
// Which kinds of value an operator or function takes, in words for messages. The check before the
// run and the evaluation say the same things.

#include <span>
#include <string>
#include <string_view>

#include "expr/ast.h"

namespace agentainer::expr {

/// `+`, `&&`, `?:`…; empty for what is no operator.
std::string_view operator_text(Op op);

/// `int`, or `int|double`, or `any`.
std::string describe(Kinds kinds);

/// "no such overload: int + double; …" for the operator, function or macro of `node`, with a way
/// out where there is a usual one.
std::string describe_overload(const Node& node, std::span<const Kinds> operands);

}  // namespace agentainer::expr

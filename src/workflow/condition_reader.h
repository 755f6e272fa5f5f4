#pragma once
// Reads a condition: CEL text, true or false, or the original's structured form.

#include <optional>

#include "workflow/condition.h"
#include "workflow/expressions.h"

namespace agentainer::workflow {

/// `field`: what a structured condition without a field of its own compares. Absent where something
/// is wrong, which is then reported.
std::optional<Condition> read_condition(const Value& value, const std::optional<Value>& field,
                                        ExpressionReader& expressions);

}  // namespace agentainer::workflow

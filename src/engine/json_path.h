#pragma once
// Dotted paths into the shared state: `urls`, `report.pages`, `$.report.pages[2]`.

#include "base/result.h"
#include "engine/state.h"

namespace agentainer::engine {

/// The list at `path`, as text. A path that begins with `steps.<id>.output` reads a step's output.
/// kNotFound when nothing is there, kInvalid when it is not a list; both say what is there instead.
Result<Text> find_list(const WorkflowState& state, std::string_view path);

}  // namespace agentainer::engine

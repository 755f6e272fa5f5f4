#pragma once
// Dotted paths into the shared state: `urls`, `report.pages`, `$.report.pages[2]`.

#include "base/result.h"
#include "engine/state.h"

namespace agentainer::engine {

/// The key of the state that holds the very list at `path`; empty when a list inside a value, or a
/// step's output that is not in the state, is meant.
std::string key_of_list(const WorkflowState& state, std::string_view path);

/// The list at `path`, as text. A path that begins with `steps.<id>.output` reads a step's output.
/// kNotFound when nothing is there, kInvalid when it is not a list; both say what is there instead.
Result<Text> find_list(const WorkflowState& state, std::string_view path);

}  // namespace agentainer::engine

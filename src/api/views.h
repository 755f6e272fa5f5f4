#pragma once
// Workflows, steps and tasks as the API shows them (schemas.h has the schemas).

#include "base/json.h"
#include "engine/state.h"
#include "store/store.h"

namespace agentainer::api {

Json summary_view(const store::WorkflowSummary& summary);

/// Without the shared state.
json::object workflow_view(const engine::WorkflowState& state);
Json steps_view(const engine::WorkflowState& state);

/// The shared state, or nothing when its text is larger than `max_bytes`.
std::optional<Json> state_view(const engine::WorkflowState& state, std::size_t max_bytes);

Json task_view(const engine::WorkflowState& state, StepIndex step, TaskIndex task);

}  // namespace agentainer::api

#pragma once
// A stored workflow back into memory: the same transitions as when it ran.

#include <memory>

#include "engine/state.h"
#include "store/store.h"

namespace agentainer::server {

/// kInvalid when the stored history is not legal for this definition.
Result<engine::WorkflowState> rebuild(const store::LoadedWorkflow& loaded,
                                      std::shared_ptr<const workflow::Definition> definition);

/// Key of a step's durable text in Store::LoadedWorkflow::step_outputs; `part` as in
/// engine::StepTextWrite.
std::string step_text_key(std::string_view step_id, std::string_view part);

/// Likewise, of the payload of a signal that is kept.
std::string signal_text_key(std::string_view name);

}  // namespace agentainer::server

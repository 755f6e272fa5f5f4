#pragma once
// The outputs of a map or parallel step, read back from the store in order.

#include <functional>

#include "engine/event.h"
#include "engine/state.h"
#include "store/store.h"

namespace agentainer::server {

/// Answers with a ResultsCollected event; its `failure` is set when the results are larger than
/// `max_bytes`. While the store does not answer, `done` gets its error and nothing was collected.
void collect_results(store::Store& store, const engine::WorkflowState& state, StepIndex step,
                     std::size_t max_bytes,
                     std::function<void(Result<engine::ResultsCollected>)> done);

}  // namespace agentainer::server

#pragma once
// Decides what happens next in one workflow.

#include <span>

#include "engine/effects.h"
#include "engine/event.h"
#include "engine/state.h"

namespace agentainer::engine {

struct Context {
  TimePoint now{};               ///< Not before any earlier one given for this workflow.
  std::uint32_t free_slots = 0;  ///< How many attempts may be dispatched now.
  /// Whether the slots of attempts that end now may be used for others at once, in the same commit;
  /// else they go to whoever waits longest.
  bool reuse_freed = false;
};

/// The first record of a workflow's history, with its initial state. `overrides` (inputs given at
/// the start) are laid over the definition's own `state`.
Effects create(WorkflowState& state, const json::object& overrides, TimePoint now);

/// Takes the events in order, changes the state and says what to commit and then do. Deterministic:
/// the same state, events and context give the same effects.
Effects apply(WorkflowState& state, std::span<Event> events, const Context& context);

/// After a restart: notes it in the history and asks again for what was asked but not answered.
/// Attempts that are in flight stay so; the caller reports the lost ones as AttemptEnded.
Effects resume(WorkflowState& state, const Context& context);

/// When to send TimePassed next, if nothing else happens before.
std::optional<TimePoint> next_deadline(const WorkflowState& state);

/// Whether more slots would let this workflow dispatch more attempts now: not while it is paused.
bool wants_slots(const WorkflowState& state);

/// Attempts dispatched and not reported, for reconciling with a runtime.
std::vector<StartAttempt> attempts_in_flight(const WorkflowState& state);

/// Wait before a task's retry, `failures` >= 1 counted failures so far. Jitter is drawn from a hash
/// of the identity, so a replay draws the same.
milliseconds retry_delay(const workflow::RetryPolicy& policy, std::uint32_t failures,
                         const AttemptId& id);

}  // namespace agentainer::engine

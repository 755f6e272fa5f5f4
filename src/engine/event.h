#pragma once
// Everything that may happen to a workflow, as the engine is told of it.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/outcome.h"
#include "base/time.h"
#include "engine/state_update.h"

namespace agentainer::engine {

/// Begin. Only the first one counts.
struct StartRequested {};

/// A runtime's report of one attempt.
struct AttemptEnded {
  StepIndex step{};
  TaskIndex task{};
  Attempt attempt{};
  bool succeeded = false;
  std::string result;  ///< JSON text when succeeded.
  FailureCause cause = FailureCause::kLost;
  int exit_code = 0;
  int signal = 0;
  bool retryable = true;
  std::string message;
  milliseconds duration{0};
  /// False when the failure is not the agent's doing (the server went away): the retry is free.
  bool counts = true;
};

/// The items of a map with `input_file` were counted, or could not be.
struct ItemsRead {
  StepIndex step{};
  std::uint32_t count = 0;
  std::string fingerprint;  ///< Tells whether the file is still the same after a restart.
  std::string error;        ///< Not empty: it failed.
};

/// The task outputs of a map or parallel step, read back in order (Action CollectResults).
struct ResultsCollected {
  StepIndex step{};
  std::string results;  ///< JSON array as long as there are items, null where one failed.
  std::string errors;   ///< JSON array of {"index","cause","message","attempts"}.
  std::string
      failure;  ///< Not empty: they cannot be collected (too large); the step fails with this.
};

/// Time went on; deadlines are looked at.
struct TimePassed {};

/// Slots for attempts have become free.
struct SlotsFreed {};

struct CancelRequested {
  std::string reason;
};

/// Somebody outside changes the shared state. Answered by a StateAnswer with the same ticket.
struct StateUpdateRequested {
  std::uint64_t ticket = 0;
  StateUpdate update;
};

/// No attempt begins until UnpauseRequested; those that run go on, and so do timeouts. Each is
/// answered by a RequestAnswer with the same ticket.
struct PauseRequested {
  std::uint64_t ticket = 0;
};
struct UnpauseRequested {
  std::uint64_t ticket = 0;
};

/// A signal for the steps that wait for one. Kept until a step takes it; a later one of the same
/// name takes its place. Answered by a RequestAnswer.
struct SignalSent {
  std::uint64_t ticket = 0;
  std::string name;
  std::string payload;  ///< JSON.
};
inline constexpr std::size_t kMaxSignalBytes = std::size_t{256} * 1024;  ///< Of a payload.
inline constexpr std::size_t kMaxKeptSignals = 1000;

using Event = std::variant<StartRequested, AttemptEnded, ItemsRead, ResultsCollected, TimePassed,
                           SlotsFreed, CancelRequested, StateUpdateRequested, PauseRequested,
                           UnpauseRequested, SignalSent>;

}  // namespace agentainer::engine

#pragma once
// How an attempt ended, in the words of the contract. Pure.

#include <optional>
#include <string>

#include "base/outcome.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/runtime.h"

namespace agentainer::runtime {

/// Why we ended it, if we did.
enum class Intervention { kNone, kTimeout, kCancelled, kShutdown };

struct Ending {
  int wait_status = 0;  ///< As wait(2) gives it; meaningless when `stuck`.
  bool stuck = false;   ///< It cannot be killed: it sleeps in the kernel.
  Intervention intervention = Intervention::kNone;
  bool memory_limit_killed = false;
  bool pids_limit_reached = false;
  std::string_view stderr_tail;
};

/// Fills in succeeded, result, cause, exit_code, signal, retryable and message. `result` is asked
/// for only when it counts, that is after exit 0.
void describe_ending(AttemptReport& report, const Ending& ending, const AgentSpec& agent,
                     Result<std::string> result);

/// Whether the attempt succeeded, as far as the process is concerned: its result is wanted.
bool ended_well(const Ending& ending);

/// A report for an attempt that was not started.
AttemptReport not_started(const AttemptId& id, FailureCause cause, std::string message,
                          TimePoint now);

}  // namespace agentainer::runtime

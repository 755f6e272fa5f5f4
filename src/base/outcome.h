#pragma once
// What an attempt is given and how it ends: the words that definitions, the engine and runtimes
// share.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/time.h"

namespace agentainer {

/// How a task's result is read from what it wrote (agent contract, section 1).
enum class OutputMode { kAuto, kJson, kText, kLines, kNone };

/// Why an attempt failed. `retry_on` names these.
enum class FailureCause {
  kExitCode,       ///< exit_code: a non-zero exit
  kSignal,         ///< signal: killed by a signal nobody of ours sent
  kTimeout,        ///< timeout: the attempt ran longer than the step's timeout
  kMemory,         ///< memory: the memory limit was reached (OOM kill)
  kLost,           ///< lost: the agent or its host went away
  kStart,          ///< start: it could not be started (no such program, no such image)
  kInvalidResult,  ///< invalid_result: it ended well but what it wrote is not what `output` asks
                   ///< for
  kExpression,     ///< expression: an expression of the step failed; never retried
  kCancelled,  ///< cancelled: stopped by us because its result is no longer wanted; never retried
};
std::string_view to_string(FailureCause cause);
std::optional<FailureCause> parse_failure_cause(std::string_view text);

/// 0 means "no limit of its own".
struct ResourceLimits {
  std::int64_t cpu_nano = 0;  ///< Billionths of a core.
  std::int64_t memory_bytes = 0;
  std::int64_t pids = 0;
  std::int64_t gpus = 0;
};

}  // namespace agentainer

#include "runtime/process/ending.h"

#include <sys/wait.h>

#include <csignal>
#include <utility>

#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

constexpr int kExitConfig = 78;  // EX_CONFIG of sysexits(3): trying again will not help
constexpr std::size_t kMaxTailLines = 20;

struct Line {
  FailureCause cause;
  std::string text;
};

Line describe_exit(AttemptReport& report, const Ending& ending) {
  const std::string hint = ending.pids_limit_reached ? " (the limit of processes was reached)" : "";
  if (WIFSIGNALED(ending.wait_status)) {
    report.signal = WTERMSIG(ending.wait_status);
    std::string text = fmt::format("killed by {}{}", format_signal(report.signal), hint);
    if (report.signal == SIGKILL)
      text += "; not by agentainer: by the kernel for want of memory, or by somebody";
    return {FailureCause::kSignal, std::move(text)};
  }
  report.exit_code = WEXITSTATUS(ending.wait_status);
  if (report.exit_code == kExitConfig) {
    report.retryable = false;
    return {FailureCause::kExitCode, "exit code 78 (EX_CONFIG: not to be retried)"};
  }
  return {FailureCause::kExitCode, fmt::format("exit code {}{}", report.exit_code, hint)};
}

Line describe_failure(AttemptReport& report, const Ending& ending, const AgentSpec& agent) {
  const std::string stuck = ending.stuck ? " (it cannot be killed: it sleeps in the kernel)" : "";
  switch (ending.intervention) {
    case Intervention::kTimeout:
      return {FailureCause::kTimeout,
              fmt::format("timed out after {}{}",
                          format_duration(agent.timeout.value_or(milliseconds(0))), stuck)};
    case Intervention::kCancelled:
      return {FailureCause::kCancelled, "cancelled" + stuck};
    case Intervention::kShutdown:
      return {FailureCause::kCancelled, "stopped: the server is shutting down" + stuck};
    case Intervention::kNone:
      break;
  }
  if (ending.memory_limit_killed)
    return {FailureCause::kMemory,
            fmt::format("killed: memory limit {}", format_bytes(agent.limits.memory_bytes))};
  return describe_exit(report, ending);
}

}  // namespace

bool ended_well(const Ending& ending) {
  return ending.intervention == Intervention::kNone && !ending.stuck &&
         WIFEXITED(ending.wait_status) && WEXITSTATUS(ending.wait_status) == 0;
}

void describe_ending(AttemptReport& report, const Ending& ending, const AgentSpec& agent,
                     Result<std::string> result) {
  const bool well = ended_well(ending);
  if (well && result) {
    report.succeeded = true;
    report.result = std::move(*result);
    return;
  }
  Line line = well ? Line{FailureCause::kInvalidResult, "invalid result: " + result.error().message}
                   : describe_failure(report, ending, agent);
  report.cause = line.cause;
  report.message = std::move(line.text);
  if (const std::string tail = last_lines(ending.stderr_tail, kMaxTailLines); !tail.empty())
    report.message.append("\n").append(tail);
}

AttemptReport not_started(const AttemptId& id, FailureCause cause, std::string message,
                          TimePoint now) {
  AttemptReport report;
  report.id = id;
  report.cause = cause;
  report.message = std::move(message);
  report.started = now;
  report.finished = now;
  return report;
}

}  // namespace agentainer::runtime

#include "runtime/process/ending.h"

#include <gtest/gtest.h>

#include <csignal>

namespace agentainer::runtime {
namespace {

int exited(int code) { return code << 8; }  // as wait(2) encodes them
int killed(int signal) { return signal; }

AttemptReport describe(const Ending& ending, Result<std::string> result = std::string("1")) {
  AgentSpec agent;
  agent.timeout = milliseconds(90'000);
  agent.limits.memory_bytes = 256 << 20;
  AttemptReport report;
  describe_ending(report, ending, agent, std::move(result));
  return report;
}

struct Case {
  Ending ending;
  FailureCause cause;
  const char* message;
};

TEST(Ending, EachCauseHasItsLine) {
  const Case cases[] = {
      {{.wait_status = exited(3)}, FailureCause::kExitCode, "exit code 3"},
      {{.wait_status = exited(78)},
       FailureCause::kExitCode,
       "exit code 78 (EX_CONFIG: not to be retried)"},
      {{.wait_status = killed(SIGABRT)}, FailureCause::kSignal, "killed by SIGABRT (Aborted)"},
      {{.wait_status = killed(SIGKILL)},
       FailureCause::kSignal,
       "killed by SIGKILL (Killed); not by agentainer: by the kernel for want of memory, or by "
       "somebody"},
      {{.wait_status = killed(SIGKILL), .memory_limit_killed = true},
       FailureCause::kMemory,
       "killed: memory limit 256 MiB"},
      {{.wait_status = exited(137), .memory_limit_killed = true},
       FailureCause::kMemory,
       "killed: memory limit 256 MiB"},
      {{.wait_status = exited(2), .pids_limit_reached = true},
       FailureCause::kExitCode,
       "exit code 2 (the limit of processes was reached)"},
      {{.wait_status = killed(SIGTERM), .intervention = Intervention::kTimeout},
       FailureCause::kTimeout,
       "timed out after 1m30s"},
      {{.wait_status = exited(0), .intervention = Intervention::kTimeout},
       FailureCause::kTimeout,
       "timed out after 1m30s"},
      {{.wait_status = killed(SIGKILL),
        .intervention = Intervention::kCancelled,
        .memory_limit_killed = true},
       FailureCause::kCancelled,
       "cancelled"},
      {{.intervention = Intervention::kShutdown},
       FailureCause::kCancelled,
       "stopped: the server is shutting down"},
      {{.stuck = true, .intervention = Intervention::kCancelled},
       FailureCause::kCancelled,
       "cancelled (it cannot be killed: it sleeps in the kernel)"},
  };
  for (const Case& each : cases) {
    const AttemptReport report = describe(each.ending);
    EXPECT_FALSE(report.succeeded) << each.message;
    EXPECT_EQ(report.cause, each.cause) << each.message;
    EXPECT_EQ(report.message, each.message);
    EXPECT_EQ(report.retryable, report.exit_code != 78);
    EXPECT_TRUE(report.result.empty());
  }
}

TEST(Ending, SuccessNeedsAResult) {
  EXPECT_TRUE(describe({.wait_status = exited(0)}).succeeded);
  EXPECT_TRUE(describe({.wait_status = exited(0), .memory_limit_killed = true}).succeeded)
      << "an agent that outlived the loss of a child";
  const AttemptReport report =
      describe({.wait_status = exited(0)}, fail(ErrorCode::kInvalid, "stdout is empty"));
  EXPECT_EQ(report.cause, FailureCause::kInvalidResult);
  EXPECT_EQ(report.message, "invalid result: stdout is empty");
}

TEST(Ending, TheTailOfStderrFollowsTheLine) {
  std::string tail;
  for (int i = 0; i < 30; ++i) tail += "line " + std::to_string(i) + "\n";
  const AttemptReport report = describe({.wait_status = exited(1), .stderr_tail = tail});
  EXPECT_EQ(report.message.substr(0, 21), "exit code 1\nline 10\nl");
  EXPECT_EQ(report.message.substr(report.message.size() - 8), "\nline 29");
}

}  // namespace
}  // namespace agentainer::runtime

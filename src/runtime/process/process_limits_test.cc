// Resource limits, enforced by the cgroups this machine has. Where it has none that can be written,
// the tests say so.

#include <sstream>

#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime::test {
namespace {

using ProcessLimitsTest = ProcessTest;

TEST_F(ProcessLimitsTest, MemoryLimit) {
  if (!has_limit(&LimitSupport::memory))
    GTEST_SKIP() << "no memory cgroup can be written here: " << runtime().description();
  AgentSpec limited = agent();
  limited.limits.memory_bytes = 32 << 20;
  const AttemptReport report =
      run(script("echo working >&2; head -c 200000000 /dev/zero | tail", limited));
  EXPECT_EQ(report.cause, FailureCause::kMemory) << report.message;
  EXPECT_EQ(report.message.substr(0, 27), "killed: memory limit 32 MiB");
  EXPECT_NE(report.message.find("\nworking"), std::string::npos) << report.message;
  EXPECT_GT(report.usage.max_memory_bytes, 16 << 20);
  // The next attempt in the same cgroup is not blamed for it.
  const AttemptReport next = run(script("exit 5", limited));
  EXPECT_EQ(next.cause, FailureCause::kExitCode) << next.message;
  EXPECT_TRUE(run(script("head -c 2000000 /dev/zero | tail -c 1 > /dev/null", limited)).succeeded);
  expect_nothing_left();
}

TEST_F(ProcessLimitsTest, AForkBombStaysInItsBox) {
  if (!has_limit(&LimitSupport::pids))
    GTEST_SKIP() << "no pids cgroup can be written here: " << runtime().description();
  AgentSpec limited = agent();
  limited.limits.pids = 40;
  limited.timeout = milliseconds(1500);
  TaskSpec spec = script("bomb() { bomb | bomb & }; bomb; while :; do sleep 1; done", limited);
  const AttemptId id = spec.id;
  start(std::move(spec));
  run_until([&] { return started.contains(id); });
  EXPECT_TRUE(run(task({"true"})).succeeded) << "others go on meanwhile";
  const AttemptReport report = wait_for(id);
  EXPECT_FALSE(report.succeeded);
  expect_nothing_left();
}

TEST_F(ProcessLimitsTest, ThePidsLimitIsNamed) {
  if (!has_limit(&LimitSupport::pids))
    GTEST_SKIP() << "no pids cgroup can be written here: " << runtime().description();
  AgentSpec limited = agent();
  limited.limits.pids = 4;
  const AttemptReport report =
      run(script("for i in 1 2 3 4 5 6; do sleep 5 & done; exit 9", limited));
  EXPECT_FALSE(report.succeeded);
  EXPECT_NE(report.message.find("(the limit of processes was reached)"), std::string::npos)
      << report.message;
}

TEST_F(ProcessLimitsTest, CpuLimit) {
  if (!has_limit(&LimitSupport::cpu))
    GTEST_SKIP() << "no cpu cgroup can be written here: " << runtime().description();
  AgentSpec limited = agent();
  limited.limits.cpu_nano = 200'000'000;
  const AttemptReport report = run(script("timeout 1 sh -c 'while :; do :; done'; :", limited));
  EXPECT_TRUE(report.succeeded) << report.message;
  EXPECT_LT(report.usage.cpu.count(), report.usage.wall.count() / 2)
      << "a fifth of a core, give or take a period";
}

TEST_F(ProcessLimitsTest, WithoutCgroupsMemoryIsLimitedPerProcess) {
  options.cgroups = CgroupUse::kNone;
  AgentSpec limited = agent();
  limited.limits.memory_bytes = 32 << 20;
  const AttemptReport report =
      run(script("ulimit -d; head -c 200000000 /dev/zero | tail > /dev/null", limited));
  EXPECT_FALSE(report.succeeded);
  EXPECT_EQ(report.cause, FailureCause::kExitCode)
      << "the program is told, not killed: " << report.message;
  EXPECT_EQ(log(report.id, LogStream::kStdout), "32768\n");
  expect_nothing_left();
}

TEST_F(ProcessLimitsTest, LimitsOfDifferentStepsDoNotMix) {
  if (!has_limit(&LimitSupport::pids))
    GTEST_SKIP() << "no pids cgroup can be written here: " << runtime().description();
  AgentSpec limited = agent();
  limited.limits.pids = 2;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(run(script("sleep 0 & sleep 0 & sleep 0 & wait", limited)).succeeded);
    EXPECT_TRUE(run(script("sleep 0 & sleep 0 & sleep 0 & wait")).succeeded);
  }
  expect_nothing_left();
}

}  // namespace
}  // namespace agentainer::runtime::test

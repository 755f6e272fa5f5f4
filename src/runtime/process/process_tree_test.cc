// Everything an attempt started ends with it, through cgroups and without.

#include <signal.h>
#include <unistd.h>

#include <sstream>

#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime::test {
namespace {

class ProcessTreeTest : public ProcessTest, public testing::WithParamInterface<CgroupUse> {
 protected:
  ProcessTreeTest() { options.cgroups = GetParam(); }

  /// Skips where the machine lets us use no such cgroups.
  void SetUp() override {
    const bool has_cgroups = runtime().description() != "no cgroups";
    destroy_runtime();  // a test sets options of its own
    if (has_cgroups != (GetParam() != CgroupUse::kNone))
      GTEST_SKIP() << "these cgroups cannot be written here";
  }

  std::vector<pid_t> pids(const std::string& file, std::size_t count) {
    std::vector<pid_t> found;
    run_until([&] {
      found.clear();
      std::istringstream text(TemporaryDirectory::read(source() + "/" + file));
      for (pid_t pid = 0; text >> pid;) found.push_back(pid);
      return found.size() >= count;
    });
    return found;
  }
};

std::string name_of(const testing::TestParamInfo<CgroupUse>& info) {
  switch (info.param) {
    case CgroupUse::kAuto:
      return "Auto";
    case CgroupUse::kV2:
      return "V2";
    case CgroupUse::kV1:
      return "V1";
    case CgroupUse::kNone:
      return "None";
  }
  return "";
}

INSTANTIATE_TEST_SUITE_P(Cgroups, ProcessTreeTest,
                         testing::Values(CgroupUse::kAuto, CgroupUse::kV2, CgroupUse::kV1,
                                         CgroupUse::kNone),
                         name_of);

TEST_P(ProcessTreeTest, BackgroundProcessesEndWithTheMainOne) {
  // In its session, in one of its own, and twice forked into one of its own.
  TaskSpec spec = script(R"sh(
    sleep 1000 & echo $! >> pids
    setsid sh -c 'echo $$ >> pids; exec sleep 1000' &
    (setsid sh -c 'echo $$ >> pids; sleep 1000 & echo $! >> pids; wait' &)
    while [ "$(wc -l < pids)" -lt 4 ]; do sleep 0.01; done
    echo '"done"')sh");
  const AttemptReport report = run(std::move(spec));
  EXPECT_EQ(report.result, "\"done\"") << report.message;
  for (const pid_t pid : pids("pids", 4))
    EXPECT_TRUE(eventually([&] { return !is_running(pid); })) << pid;
  EXPECT_LT(report.usage.wall, milliseconds(30'000))
      << "open pipes of background processes hold nothing up";
  expect_nothing_left();
}

TEST_P(ProcessTreeTest, TimeoutEndsTheTree) {
  AgentSpec limited = agent();
  limited.timeout = milliseconds(300);
  // Ignores SIGTERM, and so do its children.
  const AttemptReport report = run(script(R"sh(
    trap '' TERM
    setsid sh -c 'echo $$ >> pids; while :; do sleep 1; done' &
    echo $$ >> pids; echo late >&2
    while :; do sleep 1; done)sh",
                                          limited));
  EXPECT_EQ(report.cause, FailureCause::kTimeout);
  EXPECT_EQ(report.message, "timed out after 300ms\nlate");
  EXPECT_GE(report.usage.wall, milliseconds(500)) << "it has its grace";
  for (const pid_t pid : pids("pids", 2))
    EXPECT_TRUE(eventually([&] { return !is_running(pid); })) << pid;
  expect_nothing_left();
}

TEST_P(ProcessTreeTest, StoppedPolitely) {
  options.kill_grace = milliseconds(20'000);
  TaskSpec spec = script(
      "trap 'echo cleaned up > cleanup; exit 0' TERM; echo $$ > pids; while :; do sleep 0.01; "
      "done");
  const AttemptId id = spec.id;
  start(std::move(spec));
  pids("pids", 1);
  runtime().stop(id, StopReason::kCancelled);
  const AttemptReport report = wait_for(id);
  EXPECT_EQ(report.cause, FailureCause::kCancelled) << "also after a clean exit: it was asked for";
  EXPECT_EQ(report.message.substr(0, report.message.find('\n')), "cancelled");
  EXPECT_EQ(TemporaryDirectory::read(source() + "/cleanup"), "cleaned up\n");
  expect_nothing_left();
}

TEST_P(ProcessTreeTest, TheWholeTreeHasItsGrace) {
  options.kill_grace = milliseconds(20'000);
  // The shell ends at SIGTERM at once; its child needs a moment.
  TaskSpec spec = script(
      "sh -c 'trap \"sleep 0.2; echo saved > saved; exit\" TERM; echo $$ > pids; while :; do sleep "
      "0.01; done' & wait");
  const AttemptId id = spec.id;
  start(std::move(spec));
  pids("pids", 1);
  runtime().stop(id, StopReason::kCancelled);
  EXPECT_EQ(wait_for(id).cause, FailureCause::kCancelled);
  EXPECT_EQ(TemporaryDirectory::read(source() + "/saved"), "saved\n");
  expect_nothing_left();
}

TEST_P(ProcessTreeTest, AFrozenAgentIsKilled) {
  TaskSpec spec = script("echo $$ > pids; kill -STOP $$; sleep 1000");
  const AttemptId id = spec.id;
  start(std::move(spec));
  const pid_t pid = pids("pids", 1).at(0);
  runtime().stop(id, StopReason::kCancelled);
  EXPECT_EQ(wait_for(id).cause, FailureCause::kCancelled);
  EXPECT_TRUE(eventually([&] { return !is_running(pid); }));
  expect_nothing_left();
}

TEST_P(ProcessTreeTest, StopBeforeItRuns) {
  std::vector<AttemptId> ids;
  for (int i = 0; i < 20; ++i) {
    TaskSpec spec = script("echo started >> ledger; sleep 1000");
    ids.push_back(spec.id);
    start(std::move(spec));
    runtime().stop(ids.back(), StopReason::kCancelled);
  }
  for (const AttemptId& id : ids) EXPECT_EQ(wait_for(id).cause, FailureCause::kCancelled);
  expect_nothing_left();
}

TEST_P(ProcessTreeTest, ShutdownEndsEverything) {
  for (int i = 0; i < 8; ++i) start(script("setsid sleep 1000 & echo $! $$ >> pids; wait"));
  const std::vector<pid_t> running = pids("pids", 16);
  expect_nothing_left();
  for (const pid_t pid : running) EXPECT_TRUE(eventually([&] { return !is_running(pid); })) << pid;
  EXPECT_EQ(reports.size(), 8u);
  for (const auto& [id, report] : reports) {
    EXPECT_EQ(report.cause, FailureCause::kCancelled);
    EXPECT_EQ(report.message.substr(0, report.message.find('\n')),
              "stopped: the server is shutting down");
  }
}

TEST_P(ProcessTreeTest, AnAgentThatClosesItsOutputGoesOn) {
  const AttemptReport report =
      run(script("exec >&- 2>&-; sleep 0.1; echo 5 > $AGENTAINER_RESULT_FILE"));
  EXPECT_EQ(report.result, "5") << report.message;
  EXPECT_GE(report.usage.wall, milliseconds(90));
}

TEST_P(ProcessTreeTest, ABackgroundProcessThatWritesOnDoesNotHoldTheResult) {
  const AttemptReport report = run(script(
      "setsid sh -c 'while :; do echo noise; done' & sleep 0.1; echo 1 > $AGENTAINER_RESULT_FILE"));
  EXPECT_EQ(report.result, "1") << report.message;
  expect_nothing_left();
}

}  // namespace
}  // namespace agentainer::runtime::test

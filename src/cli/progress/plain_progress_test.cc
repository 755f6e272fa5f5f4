#include "cli/progress/plain_progress.h"

#include <gtest/gtest.h>

#include "cli/testing/test_workflow.h"

namespace agentainer::cli {
namespace {

using engine::StepStatus;
using workflow::StepType;
using Lines = std::vector<std::string>;

class PlainTest : public testing::Test {
 protected:
  Lines take(TestWorkflow& w, std::vector<engine::Record> records) {
    return plain_.lines(w.state, records);
  }
  PlainLines plain_;
};

TEST_F(PlainTest, ALineForEachStartAndEnd) {
  TestWorkflow w({{"list"}, {"count", StepType::kMap, {0}}});
  w.now += 500ms;
  EXPECT_EQ(take(w, {w.start(0)}), Lines{"[  500ms] list started"});
  EXPECT_EQ(take(w, {w.dispatch(0, 0, 0)}), Lines{});
  w.now += 1s;
  w.succeed(0, 0, 0);
  EXPECT_EQ(take(w, {w.end(0, StepStatus::kCompleted)}), Lines{"[   1.5s] list completed in 1.0s"});
  EXPECT_EQ(take(w, {w.start(1, 3)}), Lines{"[   1.5s] count started, 3 items"});
  w.dispatch(1, 0, 2);
  w.succeed(1, 0, 1);
  EXPECT_EQ(take(w, {w.fail(1, 2, "exit code 1\nboom")}),
            Lines{"[   1.5s] count[2] attempt 1 failed (exit_code): exit code 1: boom"});
  EXPECT_EQ(take(w, {w.end(1, StepStatus::kCompleted)}),
            Lines{"[   1.5s] count completed in 0ms, 2 of 3 succeeded, 1 failed"});
}

TEST_F(PlainTest, RetriesSayWhen) {
  TestWorkflow w({{"fetch"}});
  w.start(0);
  w.dispatch(0, 0, 0);
  EXPECT_EQ(take(w, {w.fail(0, 0, "exit code 7", 2000)}),
            Lines{"[    0ms] fetch attempt 1 failed (exit_code): exit code 7; retry in 2.0s"});
}

TEST_F(PlainTest, AHugeMapDoesNotFlood) {
  constexpr std::uint32_t kItems = 100'000;
  TestWorkflow w({{"count", StepType::kMap}});
  std::size_t lines = take(w, {w.start(0, kItems)}).size();
  w.dispatch(0, 0, kItems - 1);
  for (std::uint32_t i = 0; i < kItems; ++i) {
    w.now += 1ms;
    const engine::Record record = i % 2 == 0 ? w.succeed(0, i, i) : w.fail(0, i, "exit code 1");
    lines += take(w, {record}).size();
  }
  lines += take(w, {w.end(0, StepStatus::kCompleted)}).size();
  EXPECT_LT(lines, 40u) << "100 s: a line each 5 s, 10 failures, and a few more";
  EXPECT_GT(lines, 20u);
}

TEST_F(PlainTest, ProgressOfAMapNowAndThen) {
  TestWorkflow w({{"count", StepType::kMap}});
  take(w, {w.start(0, 10)});
  w.dispatch(0, 0, 4);
  w.now += 4s;
  EXPECT_EQ(take(w, {w.succeed(0, 0, 0)}), Lines{});
  w.now += 1s;
  w.fail(0, 1, "exit code 1", 60'000);
  EXPECT_EQ(take(w, {w.succeed(0, 2, 2)}), Lines{"[   5.0s] count 2/10, 2 running, 1 to retry"});
}

}  // namespace
}  // namespace agentainer::cli

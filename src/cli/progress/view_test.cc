#include "cli/progress/view.h"

#include <gtest/gtest.h>

#include "cli/progress/live_area.h"
#include "cli/testing/test_workflow.h"
#include "cli/text/width.h"

namespace agentainer::cli {
namespace {

using engine::StepStatus;
using workflow::StepType;

class ViewTest : public testing::Test {
 protected:
  std::vector<std::string> frame(const TestWorkflow& workflow, std::size_t columns = 100,
                                 std::size_t rows = 24) {
    const WorkflowView view{&workflow.state, &observed_};
    return render_frame({&view, 1}, {workflow.now, {columns, rows}, style_, notice_});
  }
  Observed observed_;
  Style style_;
  std::string notice_;
};

TEST_F(ViewTest, AStepOfEachKind) {
  TestWorkflow w({{"list"},
                  {"count", StepType::kMap, {0}},
                  {"reduce", StepType::kReduce, {1}},
                  {"late", StepType::kSequential, {2}}});
  w.start(0);
  w.dispatch(0, 0, 0);
  w.now += 1500ms;
  w.succeed(0, 0, 0);
  w.end(0, StepStatus::kCompleted);
  w.start(1, 8);
  w.dispatch(1, 0, 5);
  w.succeed(1, 0, 1);
  w.fail(1, 2, "exit code 3\nTraceback\nValueError: no", 4000);
  w.fail(1, 3, "exit code 1");
  observed_.last_error[StepIndex{1}] = "count[2] attempt 1: exit code 3: ValueError: no";
  w.now += 1s;
  EXPECT_EQ(
      frame(w),
      (std::vector<std::string>{
          "> example  000000ygj0000g000000000002  2.5s, 1 of 4 steps",
          "  + list    1.5s",
          "  > count   #######------------- 3/8, 2 running, 1 failed, 1 to retry in 3.0s, 1.0s",
          "            last error: count[2] attempt 1: exit code 3: ValueError: no",
          "  . reduce  waits for count",
          "  . late    waits for reduce",
      }));
}

TEST_F(ViewTest, WaitsAndPauses) {
  TestWorkflow w({{"approve", StepType::kWait, {}, "approved"}, {"calm", StepType::kWait}});
  w.apply(engine::StepStarted{StepIndex{0}, 0, 0, {}, std::nullopt});
  w.apply(engine::StepStarted{StepIndex{1}, 0, 0, {}, w.now + 60s});
  w.now += 1s;
  w.apply(engine::WorkflowPaused{});
  w.now += 2s;
  EXPECT_EQ(frame(w), (std::vector<std::string>{
                          "> example  000000ygj0000g000000000002  3.0s, 0 of 2 steps, paused 2.0s",
                          "  > approve  waiting for signal approved, 3.0s",
                          "  > calm     waiting, 57s left, 3.0s",
                      }));
}

TEST_F(ViewTest, EndsAndReasons) {
  TestWorkflow w({{"a"}, {"b"}, {"c", StepType::kMap}, {"d"}, {"e"}});
  w.start(0);
  w.dispatch(0, 0, 0);
  w.now += 3200ms;
  w.fail(0, 0, "exit code 2\nlast line");
  w.apply(engine::StepStopping{StepIndex{0}, StepStatus::kFailed, "exit code 2\nlast line"});
  w.end(0, StepStatus::kFailed, "exit code 2\nlast line");
  w.end(1, StepStatus::kSkipped, "its condition is false");
  w.start(2, 3);
  w.dispatch(2, 0, 0);
  w.succeed(2, 0, 0);
  w.apply(engine::WorkflowStopping{engine::WorkflowStatus::kFailed, "step a failed: exit code 2"});
  w.end(2, StepStatus::kCancelled, "step a failed");
  w.apply(engine::WorkflowEnded{engine::WorkflowStatus::kFailed, "step a failed: exit code 2"});
  EXPECT_EQ(frame(w),
            (std::vector<std::string>{
                "x example  000000ygj0000g000000000002  failed in 3.2s: step a failed: exit code 2",
                "  x a  3.2s, exit code 2: last line",
                "  - b  skipped: its condition is false",
                "  ! c  1/3 succeeded, 0ms, cancelled",
                "  - d  skipped: step a failed: exit code 2",
                "  - e  skipped: step a failed: exit code 2",
            }));
}

TEST_F(ViewTest, TroubleStandsAboveAll) {
  TestWorkflow w({{"a"}});
  notice_ = "the store does not answer";
  EXPECT_EQ(frame(w).front(), "! the store does not answer");
}

TEST_F(ViewTest, NoLineIsWiderThanTheTerminalNorTheFrameHigher) {
  std::vector<TestWorkflow::StepSpec> steps;
  for (int i = 0; i < 300; ++i) steps.push_back({"a_rather_long_name_of_a_step", StepType::kMap});
  TestWorkflow w(steps);
  for (std::uint32_t i = 0; i < 200; ++i) {
    w.start(i, 10);
    w.dispatch(i, 0, 0);
    observed_.last_error[StepIndex{i}] = std::string(200, 'e');
    if (i < 150) w.succeed(i, 0, 0);
  }
  for (const bool unicode : {false, true}) {
    style_ = {.color = true, .unicode = unicode};
    for (const std::size_t rows : {1, 2, 3, 4, 10, 24, 200, 1000}) {
      for (const std::size_t columns : {1, 5, 20, 80, 200}) {
        const auto lines = frame(w, columns, rows);
        EXPECT_LE(lines.size(), std::max<std::size_t>(2, rows) - 1);
        for (const std::string& line : lines) EXPECT_LE(visible_width(line), columns) << line;
      }
    }
  }
}

TEST_F(ViewTest, WhereNotAllFitTheRunningTheLastAndTheNextAreShown) {
  std::vector<TestWorkflow::StepSpec> steps;
  std::vector<std::string> names;
  for (int i = 0; i < 300; ++i) names.push_back("s" + std::to_string(i));
  for (std::uint32_t i = 0; i < 300; ++i)
    steps.push_back({names[i].c_str(), StepType::kSequential,
                     i == 0 ? std::vector<std::uint32_t>{} : std::vector<std::uint32_t>{i - 1}});
  TestWorkflow w(steps);
  for (std::uint32_t i = 0; i < 150; ++i) {
    w.now += 1s;
    w.start(i);
    w.dispatch(i, 0, 0);
    if (i == 149) break;
    w.succeed(i, 0, 0);
    w.end(i, StepStatus::kCompleted);
  }
  EXPECT_EQ(frame(w, 100, 8),
            (std::vector<std::string>{
                "> example  000000ygj0000g000000000002  2m30s, 149 of 300 steps",
                "  + s147  0ms",
                "  + s148  0ms",
                "  > s149  0ms",
                "  . s150  waits for s149",
                "  . s151  waits for s150",
                "  ... 295 more of 300 steps: 149 completed, 1 running, 150 pending",
            }));
}

TEST_F(ViewTest, ManyWorkflowsShareTheScreen) {
  std::vector<TestWorkflow> workflows;
  for (int i = 0; i < 50; ++i) workflows.emplace_back(TestWorkflow({{"a"}, {"b"}}));
  std::vector<WorkflowView> views;
  for (const TestWorkflow& w : workflows) views.push_back({&w.state, &observed_});
  const auto all = render_frame(views, {workflows[0].now, {80, 24}, {}, ""});
  EXPECT_EQ(all.size(), 23u);
  EXPECT_EQ(all.back(), "... 28 more workflows");
  const auto two = render_frame(std::span(views).first(2), {workflows[0].now, {80, 24}, {}, ""});
  EXPECT_EQ(two.size(), 6u);
}

TEST(TrendTest, MeasuresOverTheLastSeconds) {
  Trend trend;
  TimePoint now(1'000'000ms);
  trend.note(now, 0);
  EXPECT_FALSE(trend.per_second());
  for (int i = 0; i < 100; ++i) trend.note(now += 500ms, 10'000 + 50 * (i + 1));
  ASSERT_TRUE(trend.per_second());
  EXPECT_NEAR(*trend.per_second(), 100.0, 1.0) << "what happened long ago is forgotten";
  for (int i = 0; i < 100; ++i) trend.note(now += 500ms, 20'000);
  EXPECT_FALSE(trend.per_second()) << "nothing ends: there is no speed to go by";
}

}  // namespace
}  // namespace agentainer::cli

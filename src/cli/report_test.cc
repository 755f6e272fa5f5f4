#include "cli/report.h"

#include <gtest/gtest.h>

#include "cli/testing/test_workflow.h"

namespace agentainer::cli {
namespace {

using engine::StepStatus;
using workflow::StepType;

TEST(FailureList, KeepsTheLastFailuresOfTasksAndCountsAll) {
  TestWorkflow w({{"count", StepType::kMap}});
  w.start(0, 300);
  w.dispatch(0, 0, 299);
  FailureList list;
  list.add(w.fail(0, 0, "exit code 1", 1000), nullptr);
  EXPECT_EQ(list.count(), 0u) << "it is tried again";
  for (std::uint32_t i = 1; i < 300; ++i)
    list.add(w.fail(0, i, "exit code 1"),
             [](StepIndex, TaskIndex task) { return std::to_string(to_int(task) * 2); });
  EXPECT_EQ(list.count(), 299u);
  ASSERT_EQ(list.kept().size(), FailureList::kMaxKept);
  EXPECT_EQ(list.kept()[4].task, TaskIndex{5});
  EXPECT_EQ(list.kept()[4].item, "10");

  FailureList earlier;
  earlier.add({w.now, engine::AttemptFailed{StepIndex{0},
                                            TaskIndex{0},
                                            Attempt{1},
                                            FailureCause::kLost,
                                            0,
                                            0,
                                            "first",
                                            0,
                                            true,
                                            {}}},
              nullptr);
  earlier.append(list);
  EXPECT_EQ(earlier.count(), 300u);
  EXPECT_EQ(earlier.kept().size(), FailureList::kMaxKept);
  EXPECT_EQ(earlier.kept().front().message, "first");
}

class ReportTest : public testing::Test {
 protected:
  ReportTest() {
    w_.start(0, 3);
    w_.dispatch(0, 0, 2);
    w_.now += 2s;
    w_.succeed(0, 0, 1);
    failures_.add(w_.fail(0, 2, "exit code 7\nline one\n\x1b[31mTypeError: no"),
                  [](StepIndex, TaskIndex) { return R"("http://x/")"; });
  }
  WorkflowReport report() {
    WorkflowReport made = report_on(w_.state);
    made.failures = failures_;
    return made;
  }
  TestWorkflow w_{{"fetch", StepType::kMap}, {"sum", StepType::kReduce, {0}}};
  FailureList failures_;
};

TEST_F(ReportTest, TableOfSteps) {
  ReportOptions options;
  options.now = w_.now;
  EXPECT_EQ(report_table(report(), options),
            "   STEP   TYPE    STATUS   TASKS  TIME  NOTE\n"
            ">  fetch  map     running    2/3  2.0s  1 failed, 10ms a task\n"
            ".  sum    reduce  pending\n");
}

TEST_F(ReportTest, FailuresSayWhereWhyAndWhereTheLogIs) {
  ReportOptions options;
  options.arguments = " --data X";
  const std::string text = failures_text(report(), options, 10);
  EXPECT_EQ(text,
            "1 task failed:\n"
            "  fetch[2]: exit code 7 (exit_code, attempt 1)\n"
            "    item \"http://x/\"\n"
            "    | line one\n"
            "    | \uFFFD[31mTypeError: no\n"
            "    log: agentainer logs --data X " +
                w_.state.id.text() + " fetch 2\n");
}

TEST_F(ReportTest, NoFailuresNoText) {
  failures_ = {};
  EXPECT_EQ(failures_text(report(), {}, 10), "");
}

TEST_F(ReportTest, ManyFailuresAreCounted) {
  TestWorkflow w({{"fetch", StepType::kMap}});
  w.start(0, 50);
  w.dispatch(0, 0, 49);
  failures_ = {};
  for (std::uint32_t i = 0; i < 50; ++i) failures_.add(w.fail(0, i, "no"), nullptr);
  const std::string text = failures_text(report(), {}, 3);
  EXPECT_NE(text.find("50 tasks failed:"), std::string::npos);
  EXPECT_NE(text.find("  and 47 more; agentainer show "), std::string::npos);
}

TEST_F(ReportTest, Json) {
  w_.end(0, StepStatus::kFailed, "2 of 3 failed");
  const Json made = report_json(report());
  EXPECT_EQ(made.at("id"), Json(w_.state.id.text()));
  EXPECT_EQ(made.at("status"), "running");
  EXPECT_EQ(made.at("completed_at"), Json(nullptr));
  const Json& step = made.at("steps").at(0);
  EXPECT_EQ(step.at("duration_ms"), 2000);
  EXPECT_EQ(step.at("tasks").at("succeeded"), 2);
  EXPECT_EQ(step.at("tasks").at("failed"), 1);
  EXPECT_EQ(step.at("task_duration_ms").at("max"), 10);
  EXPECT_EQ(made.at("steps").at(1).at("started_at"), Json(nullptr));
  EXPECT_EQ(made.at("failures").at(0).at("cause"), "exit_code");
  EXPECT_EQ(made.at("failures").at(0).at("item"), R"("http://x/")");
}

}  // namespace
}  // namespace agentainer::cli

#include "runtime/mock/mock_runtime.h"

#include <gtest/gtest.h>

#include "net/event_loop.h"

namespace agentainer::runtime {
namespace {

class MockRuntimeTest : public testing::Test, public Runtime::Listener {
 protected:
  void SetUp() override { runtime_.set_listener(this); }

  TaskSpec task(unsigned index, unsigned attempt = 1) {
    TaskSpec spec;
    spec.id = {WorkflowId::from_parts(1, 1, 1), StepIndex{0}, TaskIndex{index}, Attempt{attempt}};
    spec.agent = agent_;
    return spec;
  }
  void run_until_reports(std::size_t count) {
    expected_ = count;
    if (reports_.size() < count) loop_.run();
    ASSERT_EQ(reports_.size(), count);
  }

  void on_started(const AttemptId&, TimePoint) override { ++started_; }
  void on_finished(AttemptReport report) override {
    EXPECT_LE(++finished_, started_) << "started comes first";
    reports_.push_back(std::move(report));
    if (reports_.size() == expected_) loop_.stop();
  }

  net::EventLoop loop_;
  std::shared_ptr<AgentSpec> agent_ = std::make_shared<AgentSpec>();
  std::function<MockPlan(const TaskSpec&)> script_;
  MockRuntime runtime_{
      loop_, [this](const TaskSpec& each) { return script_ ? script_(each) : MockPlan(); }};
  std::vector<AttemptReport> reports_;
  std::size_t expected_ = 0;
  std::size_t started_ = 0;
  std::size_t finished_ = 0;
};

TEST_F(MockRuntimeTest, SucceedsByItself) {
  runtime_.start(task(0));
  EXPECT_EQ(finished_, 0u) << "never inside start()";
  run_until_reports(1);
  EXPECT_TRUE(reports_[0].succeeded);
  EXPECT_EQ(reports_[0].result, "null");
}

TEST_F(MockRuntimeTest, FollowsTheScript) {
  script_ = [](const TaskSpec& each) {
    MockPlan plan;
    plan.succeeded = to_int(each.id.attempt) > 1;
    plan.delay = milliseconds(to_int(each.id.task));
    plan.exit_code = 7;
    plan.result = "5";
    return plan;
  };
  runtime_.start(task(3));
  runtime_.start(task(0));
  run_until_reports(2);
  EXPECT_EQ(to_int(reports_[0].id.task), 0u);
  EXPECT_EQ(reports_[1].cause, FailureCause::kExitCode);
  EXPECT_EQ(reports_[1].exit_code, 7);
  EXPECT_GE(reports_[1].usage.wall, milliseconds(3));
  runtime_.start(task(3, 2));
  run_until_reports(3);
  EXPECT_EQ(reports_[2].result, "5");
}

TEST_F(MockRuntimeTest, StopsAndTimesOut) {
  script_ = [](const TaskSpec&) {
    MockPlan plan;
    plan.never_ends = true;
    return plan;
  };
  runtime_.start(task(0));
  runtime_.stop(task(0).id, StopReason::kCancelled);
  runtime_.stop(task(9).id, StopReason::kCancelled);
  run_until_reports(1);
  EXPECT_EQ(reports_[0].cause, FailureCause::kCancelled);
  agent_->timeout = milliseconds(5);
  runtime_.start(task(1));
  run_until_reports(2);
  EXPECT_EQ(reports_[1].cause, FailureCause::kTimeout);
}

TEST_F(MockRuntimeTest, AnAttemptIsStartedOnce) {
  runtime_.start(task(0));
  runtime_.start(task(0));
  runtime_.start(task(1));
  run_until_reports(2);
  runtime_.start(task(0));
  runtime_.start(task(2));
  run_until_reports(3);
  EXPECT_EQ(to_int(reports_[2].id.task), 2u);
}

TEST_F(MockRuntimeTest, ShutdownReportsEverythingFirst) {
  script_ = [](const TaskSpec& each) {
    MockPlan plan;
    plan.never_ends = to_int(each.id.task) % 2 == 0;
    return plan;
  };
  for (unsigned i = 0; i < 10; ++i) runtime_.start(task(i));
  runtime_.shutdown([&] { loop_.stop(); });
  loop_.run();
  EXPECT_EQ(reports_.size(), 10u);
  for (const AttemptReport& report : reports_) EXPECT_EQ(report.cause, FailureCause::kCancelled);
  EXPECT_EQ(runtime_.running(), 0u);
}

}  // namespace
}  // namespace agentainer::runtime

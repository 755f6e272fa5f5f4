#include "cli/progress/terminal_progress.h"

#include <gtest/gtest.h>

#include "cli/testing/test_workflow.h"

namespace agentainer::cli {
namespace {

/// Time that moves when told to.
class ManualExecutor final : public Executor {
 public:
  TimePoint now() const override { return now_; }
  void post(Task task) override { schedule(now_, std::move(task)); }
  TimerId schedule(TimePoint due, Task task) override {
    timers_.emplace(std::pair(due, ++last_), std::move(task));
    return TimerId{last_};
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) {
      return entry.first.second == static_cast<std::uint64_t>(timer);
    });
  }
  void run_for(milliseconds duration) {
    const TimePoint end = now_ + duration;
    while (!timers_.empty() && timers_.begin()->first.first <= end) {
      auto first = timers_.extract(timers_.begin());
      now_ = std::max(now_, first.key().first);
      first.mapped()();
    }
    now_ = end;
  }
  std::size_t timers() const { return timers_.size(); }

 private:
  TimePoint now_{milliseconds(1'000'000)};
  std::uint64_t last_ = 0;
  std::map<std::pair<TimePoint, std::uint64_t>, Task> timers_;
};

class TerminalProgressTest : public testing::Test {
 protected:
  ManualExecutor executor_;
  TestWorkflow workflow_{{"count", workflow::StepType::kMap}};
  std::vector<std::string> written_;
  TerminalProgress progress_{executor_,
                             [this](const WorkflowId& id) {
                               return id == workflow_.state.id ? &workflow_.state : nullptr;
                             },
                             [] {
                               return TerminalSize{80, 24};
                             },
                             [this](std::string_view text) { written_.emplace_back(text); },
                             Style{}};
};

TEST_F(TerminalProgressTest, DrawsAtMostTenTimesASecond) {
  workflow_.start(0, 1000);
  workflow_.dispatch(0, 0, 999);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    progress_.on_committed(workflow_.state, std::vector{workflow_.succeed(0, i, i)});
    executor_.run_for(1ms);
  }
  EXPECT_LE(written_.size(), 11u);
  EXPECT_GE(written_.size(), 9u);
}

TEST_F(TerminalProgressTest, OnlyTheClockMovesWhenNothingHappens) {
  progress_.on_committed(workflow_.state, std::vector{workflow_.start(0, 10)});
  executor_.run_for(150ms);
  written_.clear();
  executor_.run_for(10s);
  EXPECT_EQ(written_.size(), 10u);
}

TEST_F(TerminalProgressTest, TheEndStaysAndNothingIsDrawnAfterIt) {
  progress_.on_committed(workflow_.state, std::vector{workflow_.start(0, 0)});
  workflow_.end(0, engine::StepStatus::kCompleted);
  workflow_.apply(engine::WorkflowEnded{engine::WorkflowStatus::kCompleted, {}});
  progress_.on_ended(workflow_.state);
  ASSERT_FALSE(written_.empty());
  EXPECT_NE(written_.back().find("completed"), std::string::npos);
  executor_.run_for(5s);
  progress_.finish();
  EXPECT_EQ(executor_.timers(), 0u);
}

TEST_F(TerminalProgressTest, AfterCtrlZItDrawsBelowWhatOthersWrote) {
  progress_.on_committed(workflow_.state, std::vector{workflow_.start(0, 10)});
  executor_.run_for(150ms);
  progress_.on_continued();
  EXPECT_EQ(written_.back().find("\x1b[2A"), std::string::npos);
  progress_.on_resized();
  EXPECT_NE(written_.back().find("\x1b[2A"), std::string::npos);
}

TEST_F(TerminalProgressTest, StoreTroubleIsShownUntilItIsOver) {
  progress_.on_committed(workflow_.state, std::vector{workflow_.start(0, 10)});
  progress_.on_store_trouble({ErrorCode::kUnavailable, "connection refused"});
  executor_.run_for(200ms);
  EXPECT_NE(written_.back().find("connection refused"), std::string::npos);
  progress_.on_committed(workflow_.state, std::vector{workflow_.dispatch(0, 0, 0)});
  executor_.run_for(200ms);
  EXPECT_EQ(written_.back().find("connection refused"), std::string::npos);
}

}  // namespace
}  // namespace agentainer::cli

#include "runtime/mock/mock_runtime.h"

#include <utility>

#include "base/check.h"

namespace agentainer::runtime {
namespace {

MockPlan stopped_plan(StopReason reason) {
  MockPlan plan;
  plan.succeeded = false;
  plan.cause = FailureCause::kCancelled;
  switch (reason) {
    case StopReason::kCancelled:
      plan.message = "cancelled";
      break;
    case StopReason::kShutdown:
      plan.message = "stopped: the server is shutting down";
      break;
  }
  return plan;
}

MockPlan timeout_plan() {
  MockPlan plan;
  plan.succeeded = false;
  plan.cause = FailureCause::kTimeout;
  plan.message = "timed out";
  return plan;
}

}  // namespace

MockRuntime::~MockRuntime() {
  *self_ = nullptr;
  for (const auto& [id, waiting] : waiting_)
    if (waiting.end) executor_.cancel(*waiting.end);
}

void MockRuntime::call_later(std::function<void(MockRuntime&)> task) {
  executor_.post([self = self_, task = std::move(task)] {
    if (*self != nullptr) task(**self);
  });
}

void MockRuntime::start(TaskSpec task) {
  AGENTAINER_CHECK(listener_ != nullptr, "set_listener comes before start");
  if (!started_.add(task.id)) return;
  const TimePoint now = executor_.now();
  if (is_closing_) {
    ready_.push_back({task.id, now, stopped_plan(StopReason::kShutdown)});
    return post_batch();
  }
  if (!script_) {
    ready_.push_back({task.id, now, std::nullopt});
    return post_batch();
  }
  MockPlan plan = script_(task);
  if (plan.never_ends || plan.delay > milliseconds(0))
    return wait(task.id, task, std::move(plan), now);
  ready_.push_back({task.id, now, std::move(plan)});
  post_batch();
}

void MockRuntime::wait(const AttemptId& id, const TaskSpec& task, MockPlan plan, TimePoint now) {
  const auto& timeout = task.agent->timeout;
  std::optional<TimePoint> due;
  if (!plan.never_ends) due = now + plan.delay;
  if (timeout && (!due || now + *timeout < *due)) {
    due = now + *timeout;
    plan = timeout_plan();
  }
  Waiting& waiting = waiting_[id];
  waiting.started = now;
  waiting.plan = std::move(plan);
  if (due)
    waiting.end = executor_.schedule(*due, [self = self_, id] {
      if (*self == nullptr) return;
      const auto found = (*self)->waiting_.find(id);
      if (found != (*self)->waiting_.end()) (*self)->end(id, std::move(found->second.plan));
    });
  call_later([id](MockRuntime& runtime) { runtime.announce(id); });
}

void MockRuntime::announce(const AttemptId& id) {
  const auto found = waiting_.find(id);
  if (found == waiting_.end() || std::exchange(found->second.was_announced, true)) return;
  listener_->on_started(id, found->second.started);
}

void MockRuntime::post_batch() {
  if (std::exchange(is_batch_posted_, true)) return;
  executor_.post([self = self_] {
    if (*self != nullptr) (*self)->run_batch();
  });
}

void MockRuntime::run_batch() {
  is_batch_posted_ = false;
  std::swap(ready_, batch_);
  const auto stopped = std::exchange(stopped_, {});
  const std::shared_ptr<MockRuntime*> self = self_;
  for (std::size_t i = 0; i < batch_.size(); ++i) {
    Ready ready = std::move(batch_[i]);
    listener_->on_started(ready.id, ready.started);
    if (*self == nullptr) return;  // a listener may destroy the runtime
    if (!stopped.empty())
      if (const auto found = stopped.find(ready.id); found != stopped.end())
        ready.plan = stopped_plan(found->second);
    finish(ready.id, ready.started, ready.plan ? std::move(*ready.plan) : MockPlan());
    if (*self == nullptr) return;
  }
  batch_.clear();
}

void MockRuntime::end(const AttemptId& id, MockPlan plan) {
  const std::shared_ptr<MockRuntime*> self = self_;
  announce(id);
  if (*self == nullptr) return;
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;  // stopped by the listener
  const TimePoint started = found->second.started;
  if (found->second.end) executor_.cancel(*found->second.end);
  waiting_.erase(found);
  finish(id, started, std::move(plan));
}

void MockRuntime::finish(const AttemptId& id, TimePoint started, MockPlan plan) {
  AttemptReport report;
  report.id = id;
  report.succeeded = plan.succeeded;
  report.started = started;
  report.finished = executor_.now();
  report.usage.wall = report.finished - report.started;
  if (plan.succeeded) {
    report.result = std::move(plan.result);
  } else {
    report.cause = plan.cause;
    report.exit_code = plan.cause == FailureCause::kExitCode ? plan.exit_code : 0;
    report.signal = plan.signal;
    report.retryable = plan.retryable;
    report.message =
        plan.message.empty() ? std::string(to_string(plan.cause)) : std::move(plan.message);
  }
  listener_->on_finished(std::move(report));
}

void MockRuntime::stop(const AttemptId& id, StopReason reason) {
  if (waiting_.contains(id)) {
    call_later([id, reason](MockRuntime& runtime) {
      if (runtime.waiting_.contains(id)) runtime.end(id, stopped_plan(reason));
    });
    return;
  }
  // Attempts that end at once are not indexed; that they are stopped first is rare.
  for (const Ready& ready : ready_)
    if (ready.id == id) stopped_.try_emplace(id, reason);
}

void MockRuntime::recover(std::function<void(Result<std::vector<AttemptId>>)> done) {
  call_later([done = std::move(done)](MockRuntime&) { done(std::vector<AttemptId>()); });
}

void MockRuntime::shutdown(std::function<void()> done) {
  is_closing_ = true;
  for (const Ready& ready : ready_) stopped_.try_emplace(ready.id, StopReason::kShutdown);
  for (const auto& [id, waiting] : waiting_) stop(id, StopReason::kShutdown);
  call_later([done = std::move(done)](MockRuntime&) { done(); });
}

}  // namespace agentainer::runtime

#include "sim/simulated_runtime.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/json.h"

namespace agentainer::sim {

std::string expected_result(const runtime::TaskSpec& task, std::uint32_t batch_length) {
  if (batch_length == 0)
    return fmt::format(R"({{"{}":{}}})", task.agent->step_id, to_int(task.id.task));
  std::string list = "[";
  for (std::uint32_t i = 0; i < batch_length; ++i)
    list += fmt::format("{}{}", i == 0 ? "" : ",", *task.map_index + i);
  return list + "]";
}

Executor::TimerId SimulatedRuntime::later(milliseconds wait, std::function<void()> task) {
  return executor_.schedule(executor_.now() + wait, [alive = alive_, task = std::move(task)] {
    if (*alive) task();
  });
}

runtime::AttemptReport SimulatedRuntime::outcome(const runtime::TaskSpec& task) {
  runtime::AttemptReport report;
  report.id = task.id;
  report.message = "simulated";
  if (random_.chance(faults_.lost)) {
    report.cause = FailureCause::kLost;
  } else if (random_.chance(faults_.failure)) {
    static constexpr FailureCause kCauses[] = {
        FailureCause::kExitCode, FailureCause::kSignal, FailureCause::kTimeout,
        FailureCause::kMemory,   FailureCause::kStart,  FailureCause::kInvalidResult};
    report.cause = kCauses[random_.below(6)];
    report.exit_code = 1;
    report.retryable = !random_.chance(0.1);
  } else {
    report.succeeded = true;
    // A batch gets its items as a list under the alias; a single item is a number.
    std::uint32_t batch = 0;
    if (task.map_index) {
      const Result<Json> document = parse_json(task.document);
      AGENTAINER_CHECK(document.has_value(), "task documents are valid JSON");
      const Json& item = document->at("input").at("item");
      batch = item.is_array() ? static_cast<std::uint32_t>(item.get_array().size()) : 0;
    }
    report.result = expected_result(task, batch);
  }
  return report;
}

void SimulatedRuntime::start(runtime::TaskSpec task) {
  AGENTAINER_CHECK(listener_ != nullptr, "the listener comes first");
  on_start_(task);
  if (!started_.insert(task.id).second) return;
  const milliseconds duration{random_.below(faults_.max_duration_ms + 1)};
  running_[task.id] = later(duration, [this, result = outcome(task)] { report(result); });
  peak_ = std::max(peak_, running_.size());
}

void SimulatedRuntime::report(const runtime::AttemptReport& result) {
  running_.erase(result.id);
  if (random_.chance(faults_.duplicate))
    later(milliseconds(random_.below(5000)), [this, result] { listener_->on_finished(result); });
  listener_->on_finished(result);
}

void SimulatedRuntime::stop(const AttemptId& id, runtime::StopReason) {
  const auto found = running_.find(id);
  if (found == running_.end() || random_.chance(faults_.ignores_stop)) return;
  executor_.cancel(found->second);
  runtime::AttemptReport cancelled;
  cancelled.id = id;
  cancelled.cause = FailureCause::kCancelled;
  found->second = later(milliseconds(random_.below(200)), [this, cancelled] { report(cancelled); });
}

void SimulatedRuntime::recover(std::function<void(Result<std::vector<AttemptId>>)> done) {
  executor_.post([done = std::move(done)] { done(std::vector<AttemptId>{}); });
}

void SimulatedRuntime::shutdown(std::function<void()> done) { executor_.post(std::move(done)); }

}  // namespace agentainer::sim

#include "cli/text/records.h"

#include <algorithm>

#include "cli/text/format.h"
#include "cli/text/width.h"

namespace agentainer::cli {
namespace {

using engine::TaskRun;

std::uint64_t tasks_in(const std::vector<TaskRun>& runs) {
  std::uint64_t count = 0;
  for (const TaskRun& run : runs) count += run.last - run.first + 1;
  return count;
}

std::string join(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

struct Describe {
  const workflow::Definition& definition;

  const workflow::Step& step(StepIndex index) const { return definition.step(index); }
  const std::string& id(StepIndex index) const { return step(index).id; }

  /// "list", "count[3]", "count: 20 tasks"
  std::string tasks(StepIndex index, const std::vector<TaskRun>& runs) const {
    const std::uint64_t count = tasks_in(runs);
    if (count == 1) return task_label(step(index), TaskIndex{runs.front().first});
    return fmt::format("{}: {}", id(index), counted(count, "task"));
  }

  Description operator()(const engine::WorkflowCreated& r) const {
    return {fmt::format("workflow {} created", r.name)};
  }
  Description operator()(const engine::WorkflowStarted&) const { return {"workflow started"}; }
  Description operator()(const engine::WorkflowStopping& r) const {
    return {fmt::format("workflow stopping, it ends {}: {}", to_string(r.outcome),
                        failure_line(r.reason)),
            Tone::kWaiting};
  }
  Description operator()(const engine::WorkflowEnded& r) const {
    return {fmt::format("workflow {}{}{}", to_string(r.status), r.reason.empty() ? "" : ": ",
                        failure_line(r.reason)),
            tone_of(r.status)};
  }
  Description operator()(const engine::WorkflowResumed&) const {
    return {"workflow taken up again", Tone::kWaiting};
  }
  Description operator()(const engine::WorkflowPaused&) const {
    return {"workflow paused", Tone::kWaiting};
  }
  Description operator()(const engine::WorkflowUnpaused&) const { return {"workflow unpaused"}; }
  Description operator()(const engine::StepStarted& r) const {
    if (step(r.step).type == workflow::StepType::kWait) {
      const std::string& signal = step(r.step).wait.signal;
      std::string text = id(r.step) + " waiting";
      if (!signal.empty()) text += " for signal " + signal;
      if (r.due) text += (signal.empty() ? " until " : ", at most until ") + local_time(*r.due);
      return {std::move(text), Tone::kWaiting};
    }
    std::string text = fmt::format("{} started", id(r.step));
    if (step(r.step).type == workflow::StepType::kMap) text += ", " + counted(r.items, "item");
    if (step(r.step).type == workflow::StepType::kParallel)
      text += ", " + counted(r.tasks, "worker");
    return {std::move(text), Tone::kBusy};
  }
  Description operator()(const engine::StepStopping& r) const {
    return {fmt::format("{} stopping: {}", id(r.step), failure_line(r.reason)), Tone::kWaiting};
  }
  Description operator()(const engine::StepEnded& r) const {
    std::string text = fmt::format("{} {}", id(r.step), to_string(r.status));
    if (!r.choice.empty()) text += fmt::format(", chose {}", r.choice);
    if (!r.reason.empty()) text += ": " + failure_line(r.reason);
    return {std::move(text), symbol_of(r.status, Style{}).tone};
  }
  Description operator()(const engine::TasksDispatched& r) const {
    std::string text = fmt::format("{} dispatched", tasks(r.step, r.tasks));
    if (tasks_in(r.tasks) == 1 && r.tasks.front().attempt > 1)
      text += fmt::format(", attempt {}", r.tasks.front().attempt);
    return {std::move(text)};
  }
  Description operator()(const engine::TasksSucceeded& r) const {
    std::string text = fmt::format("{} succeeded", tasks(r.step, r.tasks));
    if (r.durations_ms.size() == 1)
      text += " in " + short_duration(milliseconds(r.durations_ms.front()));
    return {std::move(text)};
  }
  Description operator()(const engine::TasksCancelled& r) const {
    return {fmt::format("{} cancelled", tasks(r.step, r.tasks)), Tone::kWaiting};
  }
  Description operator()(const engine::AttemptFailed& r) const {
    std::string text =
        fmt::format("{} attempt {} failed ({}): {}", task_label(step(r.step), r.task),
                    to_int(r.attempt), to_string(r.cause), failure_line(r.message));
    if (!r.retry_delay_ms) return {std::move(text), Tone::kBad};
    text += *r.retry_delay_ms > 0
                ? fmt::format("; retry in {}", short_duration(milliseconds(*r.retry_delay_ms)))
                : std::string("; retried at once");
    return {std::move(text), Tone::kWaiting};
  }
  Description operator()(const engine::ResultRefused& r) const {
    return {fmt::format("{}: late result of attempt {} refused", task_label(step(r.step), r.task),
                        to_int(r.attempt)),
            Tone::kWaiting};
  }
  Description operator()(const engine::StateChanged& r) const {
    return {fmt::format("state changed: {}", join(r.keys))};
  }
  Description operator()(const engine::SignalReceived& r) const {
    return {fmt::format("signal {} received", r.name)};
  }
  Description operator()(const engine::SignalTaken& r) const {
    return {fmt::format("{} got signal {}", id(r.step), step(r.step).wait.signal)};
  }
};

}  // namespace

std::string task_label(const workflow::Step& step, TaskIndex task) {
  const bool many =
      step.type == workflow::StepType::kMap || step.type == workflow::StepType::kParallel;
  return many ? fmt::format("{}[{}]", step.id, to_int(task)) : step.id;
}

std::string wait_label(const workflow::Step& step, std::optional<TimePoint> due, TimePoint now) {
  std::string text = "waiting";
  if (!step.wait.signal.empty()) text += " for signal " + step.wait.signal;
  if (due) text += fmt::format(", {} left", short_duration(std::max(*due - now, milliseconds(0))));
  return text;
}

std::string failure_line(std::string_view message) {
  while (message.ends_with('\n')) message.remove_suffix(1);
  const std::size_t first_end = message.find('\n');
  if (first_end == std::string_view::npos) return one_line(message);
  return one_line(message.substr(0, first_end)) + ": " +
         one_line(message.substr(message.rfind('\n') + 1));
}

Description describe(const engine::Record& record, const workflow::Definition& definition) {
  Description description = std::visit(Describe{definition}, record.body);
  description.text = one_line(description.text);
  return description;
}

}  // namespace agentainer::cli

// Whether a stored record may follow what has been replayed: transition() aborts on what is
// illegal, and a damaged store must not end the server.

#include <algorithm>
#include <utility>

#include "engine/event.h"
#include "engine/state.h"

namespace agentainer::engine {
namespace {

/// The year 2200: times and waits up to it can be added without overflow.
constexpr std::int64_t kMaxMs = 7'258'118'400'000;

bool is_in_range(TimePoint time) {
  return time.time_since_epoch().count() >= 0 && time.time_since_epoch().count() <= kMaxMs;
}

Status illegal(std::string_view what) {
  return fail(ErrorCode::kInvalid, "the history is not legal: {}", what);
}
Status require(bool condition, std::string_view what) {
  return condition ? Status() : illegal(what);
}

bool overlap(const std::vector<TaskRun>& runs) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> sorted;
  sorted.reserve(runs.size());
  for (const TaskRun& run : runs) sorted.emplace_back(run.first, run.last);
  std::sort(sorted.begin(), sorted.end());
  return std::adjacent_find(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) {
           return b.first <= a.second;
         }) != sorted.end();
}

Status check_runs(const StepState& step, const std::vector<TaskRun>& runs, TaskStatus to) {
  if (step.status != StepStatus::kRunning) return illegal("tasks of a step that is not running");
  for (const TaskRun& run : runs) {
    if (run.first > run.last || run.last >= step.tasks.size())
      return illegal(fmt::format("tasks {} to {} are outside the step", run.first, run.last));
    for (std::uint32_t task = run.first; task <= run.last; ++task) {
      const std::uint32_t current = to_int(step.tasks.attempt(TaskIndex{task}));
      const bool attempt_fits = to == TaskStatus::kRunning
                                    ? run.attempt > current && run.attempt <= 65'535
                                    : run.attempt == current;
      if (!step.tasks.can_move(TaskIndex{task}, to) || !attempt_fits)
        return illegal(fmt::format("task {} cannot become {}", task, to_string(to)));
    }
  }
  return require(!overlap(runs), "a task stands twice in one record");
}

struct RecordCheck {
  const WorkflowState& state;

  Status operator()(const WorkflowCreated&) const {
    return require(state.sequence == 0, "created twice");
  }
  Status operator()(const WorkflowStarted&) const {
    return require(state.status == WorkflowStatus::kPending && !state.stopping, "started twice");
  }
  Status operator()(const WorkflowStopping& r) const {
    return require(!state.stopping && !has_ended(state.status), "stopped twice").and_then([&] {
      return require(
          r.outcome == WorkflowStatus::kFailed || r.outcome == WorkflowStatus::kCancelled,
          "stopped for no known outcome");
    });
  }
  Status operator()(const WorkflowEnded& r) const {
    return require(!has_ended(state.status) && has_ended(r.status) && state.in_flight == 0 &&
                       state.ended_steps == state.steps.size(),
                   "ended early or twice");
  }
  Status operator()(const WorkflowResumed&) const { return {}; }
  Status operator()(const WorkflowPaused&) const {
    return require(!state.paused_at && !state.stopping && !has_ended(state.status),
                   "paused twice, or behind its end");
  }
  Status operator()(const WorkflowUnpaused&) const {
    return require(state.paused_at.has_value(), "unpaused without a pause");
  }
  Status operator()(const StepStarted& r) const {
    const StepState& step = state.step(r.step);
    const workflow::Step& defined = state.definition->step(r.step);
    const bool waits = defined.type == workflow::StepType::kWait;
    return require(step.status == StepStatus::kPending && (defined.runs_agents() || waits),
                   "a step started that cannot start")
        .and_then([&] {
          return require(!r.due || (waits && is_in_range(*r.due)), "a step with a bad end");
        })
        .and_then([&] {
          return require(r.tasks == tasks_of_step(defined, r.items), "a step of another size");
        });
  }
  Status operator()(const StepStopping& r) const {
    const StepState& step = state.step(r.step);
    return require(step.status == StepStatus::kRunning && !step.stopping &&
                       (r.outcome == StepStatus::kFailed || r.outcome == StepStatus::kCancelled),
                   "a step stopped that is not running");
  }
  Status operator()(const StepEnded& r) const {
    const StepState& step = state.step(r.step);
    return require(!has_ended(step.status) && has_ended(r.status) &&
                       step.tasks.count(TaskStatus::kRunning) == 0,
                   "a step ended early or twice");
  }
  Status operator()(const TasksDispatched& r) const {
    return check_runs(state.step(r.step), r.tasks, TaskStatus::kRunning);
  }
  Status operator()(const TasksSucceeded& r) const {
    return check_runs(state.step(r.step), r.tasks, TaskStatus::kSucceeded);
  }
  Status operator()(const TasksCancelled& r) const {
    return check_runs(state.step(r.step), r.tasks, TaskStatus::kCancelled);
  }
  Status operator()(const AttemptFailed& r) const {
    if (r.retry_delay_ms && (*r.retry_delay_ms < 0 || *r.retry_delay_ms > kMaxMs))
      return illegal("a wait without end");
    return check_runs(state.step(r.step), {{to_int(r.task), to_int(r.task), to_int(r.attempt)}},
                      r.retry_delay_ms ? TaskStatus::kRetrying : TaskStatus::kFailed);
  }
  Status operator()(const ResultRefused&) const { return {}; }
  Status operator()(const StateChanged&) const { return {}; }
  Status operator()(const SignalReceived& r) const {
    const bool fits = state.signals.contains(r.name) || state.signals.size() <= kMaxKeptSignals;
    return require(!has_ended(state.status) && workflow::is_signal_name(r.name) && fits,
                   "a signal that cannot be kept");
  }
  Status operator()(const SignalTaken& r) const {
    const StepState& step = state.step(r.step);
    return require(step.status == StepStatus::kRunning && !step.stopping &&
                       state.signals.contains(state.definition->step(r.step).wait.signal),
                   "a signal was taken that is not there");
  }
};

}  // namespace

Status check_record(const WorkflowState& state, const Record& record) {
  if (!is_in_range(record.at)) return illegal("a time out of range");
  return std::visit(RecordCheck{state}, record.body);
}

}  // namespace agentainer::engine

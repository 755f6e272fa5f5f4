#include "engine/state.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace agentainer::engine {

void TaskTable::resize(std::uint32_t count) {
  AGENTAINER_CHECK(status_.empty(), "a step's tasks are counted once");
  status_.assign(count, static_cast<std::uint8_t>(TaskStatus::kWaiting));
  attempts_.assign(count, 0);
  counts_[static_cast<std::size_t>(TaskStatus::kWaiting)] = count;
}

void TaskTable::move(TaskIndex task, TaskStatus to) {
  const TaskStatus from = status(task);
  AGENTAINER_CHECK(is_legal(from, to), "tasks change status only as the table allows");
  --counts_[static_cast<std::size_t>(from)];
  ++counts_[static_cast<std::size_t>(to)];
  status_[to_int(task)] = static_cast<std::uint8_t>(to);
  while (first_waiting_ < size() && status(TaskIndex{first_waiting_}) != TaskStatus::kWaiting)
    ++first_waiting_;
}

void TaskTable::set_attempt(TaskIndex task, Attempt attempt) {
  AGENTAINER_CHECK(to_int(attempt) > attempts_[to_int(task)], "attempt numbers only grow");
  AGENTAINER_CHECK(to_int(attempt) <= std::numeric_limits<std::uint16_t>::max(),
                   "a task has at most 65,535 attempts");
  attempts_[to_int(task)] = static_cast<std::uint16_t>(to_int(attempt));
}

void DurationStats::add(std::uint32_t ms) {
  min_ms = count == 0 ? ms : std::min(min_ms, ms);
  max_ms = std::max(max_ms, ms);
  sum_ms += ms;
  ++count;
}

WorkflowState make_state(const WorkflowId& id,
                         std::shared_ptr<const workflow::Definition> definition) {
  WorkflowState state;
  state.id = id;
  state.steps.resize(definition->steps.size());
  for (std::size_t i = 0; i < state.steps.size(); ++i)
    state.steps[i].unmet = static_cast<std::uint32_t>(definition->steps[i].depends_on.size());
  for (const auto& [key, value] : definition->state)
    state.data.set(key, std::make_shared<const std::string>(to_text(value)));
  state.definition = std::move(definition);
  return state;
}

std::string dump(const WorkflowState& state) {
  std::string out =
      fmt::format("{} {} stopping={} in_flight={} sequence={} reason={}\n", state.id.text(),
                  to_string(state.status), state.stopping ? to_string(*state.stopping) : "-",
                  state.in_flight, state.sequence, state.reason);
  for (std::size_t i = 0; i < state.steps.size(); ++i) {
    const StepState& step = state.steps[i];
    out += fmt::format(
        "{} {} stopping={} reason={} choice={} items={} unmet={} refused={} output={} errors={}\n",
        state.definition->steps[i].id, to_string(step.status),
        step.stopping ? to_string(*step.stopping) : "-", step.reason, step.choice, step.items,
        step.unmet, step.refused, step.output ? *step.output : "-",
        step.errors ? *step.errors : "-");
    for (std::uint32_t t = 0; t < step.tasks.size(); ++t)
      out += fmt::format(" {}:{}:{}", t, to_string(step.tasks.status(TaskIndex{t})),
                         to_int(step.tasks.attempt(TaskIndex{t})));
    for (const auto& [task, count] : step.failures) out += fmt::format(" f{}={}", task, count);
    for (const auto& [task, due] : step.retry_due)
      out += fmt::format(" r{}@{}", to_int(task), due.time_since_epoch().count());
    out += '\n';
  }
  out += state.data.to_text();
  return out;
}

namespace {

Status check_runs(const WorkflowState& state, StepIndex index, const std::vector<TaskRun>& runs,
                  TaskStatus to) {
  const StepState& step = state.step(index);
  for (const TaskRun& run : runs) {
    if (run.first > run.last || run.last >= step.tasks.size())
      return fail(ErrorCode::kInvalid, "tasks {} to {} are outside step {}", run.first, run.last,
                  to_int(index));
    for (std::uint32_t task = run.first; task <= run.last; ++task) {
      const std::uint32_t current = to_int(step.tasks.attempt(TaskIndex{task}));
      const bool attempt_fits = to == TaskStatus::kRunning
                                    ? run.attempt > current && run.attempt <= 65'535
                                    : run.attempt == current;
      if (!step.tasks.can_move(TaskIndex{task}, to) || !attempt_fits)
        return fail(ErrorCode::kInvalid, "task {} of step {} cannot become {}", task, to_int(index),
                    to_string(to));
    }
  }
  return {};
}

struct RecordCheck {
  const WorkflowState& state;

  Status require(bool condition, std::string_view what) const {
    if (condition) return {};
    return fail(ErrorCode::kInvalid, "the history is not legal: {}", what);
  }
  Status running(StepIndex step) const {
    return require(state.step(step).status == StepStatus::kRunning, "the step is not running");
  }

  Status operator()(const WorkflowCreated&) const {
    return require(state.sequence == 0, "created twice");
  }
  Status operator()(const WorkflowStarted&) const {
    return require(state.status == WorkflowStatus::kPending, "started twice");
  }
  Status operator()(const WorkflowStopping&) const {
    return require(!state.stopping && !has_ended(state.status), "stopped twice");
  }
  Status operator()(const WorkflowEnded&) const {
    return require(!has_ended(state.status) && state.in_flight == 0, "ended early or twice");
  }
  Status operator()(const WorkflowResumed&) const { return {}; }
  Status operator()(const StepStarted& r) const {
    return require(
        state.step(r.step).status == StepStatus::kPending && r.tasks <= r.items + 100'000u,
        "step started twice");
  }
  Status operator()(const StepStopping& r) const {
    return require(
        state.step(r.step).status == StepStatus::kRunning && !state.step(r.step).stopping,
        "the step is not running");
  }
  Status operator()(const StepEnded& r) const {
    return require(
        !has_ended(state.step(r.step).status) && state.step(r.step).unmet <= state.steps.size(),
        "step ended twice");
  }
  Status operator()(const TasksDispatched& r) const {
    return running(r.step).and_then(
        [&] { return check_runs(state, r.step, r.tasks, TaskStatus::kRunning); });
  }
  Status operator()(const TasksSucceeded& r) const {
    return running(r.step).and_then(
        [&] { return check_runs(state, r.step, r.tasks, TaskStatus::kSucceeded); });
  }
  Status operator()(const TasksCancelled& r) const {
    return running(r.step).and_then(
        [&] { return check_runs(state, r.step, r.tasks, TaskStatus::kCancelled); });
  }
  Status operator()(const AttemptFailed& r) const {
    const StepState& step = state.step(r.step);
    return require(to_int(r.task) < step.tasks.size() &&
                       step.tasks.can_move(
                           r.task, r.retry_delay_ms ? TaskStatus::kRetrying : TaskStatus::kFailed),
                   "the task cannot fail now");
  }
  Status operator()(const ResultRefused&) const { return {}; }
  Status operator()(const StateChanged&) const { return {}; }
};

}  // namespace

Status check_record(const WorkflowState& state, const Record& record) {
  return std::visit(RecordCheck{state}, record.body);
}

}  // namespace agentainer::engine

// What happens to attempts and tasks: success, failure, retry, dispatch.

#include <algorithm>
#include <limits>

#include "base/check.h"
#include "engine/decider.h"

namespace agentainer::engine {
namespace {

using workflow::ErrorHandling;
using workflow::StepType;

bool has_one_task(StepType type) {
  return type == StepType::kSequential || type == StepType::kReduce;
}

constexpr std::uint32_t kMaxAttempts = std::numeric_limits<std::uint16_t>::max();

/// Appends a task to runs, joining neighbours.
void append_run(std::vector<TaskRun>& runs, TaskIndex task, Attempt attempt) {
  if (!runs.empty() && runs.back().last + 1 == to_int(task) &&
      runs.back().attempt == to_int(attempt)) {
    runs.back().last = to_int(task);
  } else {
    runs.push_back({to_int(task), to_int(task), to_int(attempt)});
  }
}

std::uint32_t clamp_ms(milliseconds duration) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(duration.count(), 0, std::numeric_limits<std::uint32_t>::max()));
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

/// What is wrong with the result of a task of `items` items; empty: nothing.
std::string fault_of_result(const workflow::Step& step, const std::string& result,
                            std::uint32_t items) {
  if (const Status valid = check_json(result); !valid) return valid.error().message;
  if (step.type != StepType::kMap || step.map.batch_size == 1) return {};
  const auto list = JsonList::scan(std::make_shared<const std::string>(result));
  if (list && list->size() == items) return {};
  return fmt::format("the result of a batch must be a list of {} results, one for each item",
                     items);
}

}  // namespace

void Decider::on_attempt_ended(AttemptEnded& event) {
  if (to_int(event.step) >= state_.steps.size()) return;
  const StepState& step = state_.step(event.step);
  const bool current = step.status == StepStatus::kRunning &&
                       to_int(event.task) < step.tasks.size() &&
                       step.tasks.status(event.task) == TaskStatus::kRunning &&
                       step.tasks.attempt(event.task) == event.attempt;
  if (!current) {
    emit(ResultRefused{event.step, event.task, event.attempt});
    return;
  }
  ++effects_.slots_freed;
  if (event.succeeded) {
    on_success(event);
  } else {
    on_failure(event);
  }
}

void Decider::on_success(AttemptEnded& event) {
  const workflow::Step& step = defined(event.step);
  std::string fault =
      fault_of_result(step, event.result, items_of_task(state_, event.step, event.task));
  if (!fault.empty()) {
    event.succeeded = false;
    event.cause = FailureCause::kInvalidResult;
    event.message = std::move(fault);
    on_failure(event);
    return;
  }
  emit_tasks(event.step, event.task, event.attempt, true, clamp_ms(event.duration));
  if (has_one_task(step.type)) {
    auto text = std::make_shared<const std::string>(std::move(event.result));
    state_.step(event.step).output = text;
    effects_.step_texts.push_back({event.step, "", std::move(text)});
  } else {
    effects_.task_outputs.push_back({event.step, event.task, true, std::move(event.result)});
  }
}

void Decider::on_failure(AttemptEnded& event) {
  const StepState& step = state_.step(event.step);
  const workflow::RetryPolicy& policy = defined(event.step).retry;
  if (step.stopping && (event.cause == FailureCause::kCancelled || !event.counts)) {
    emit_tasks(event.step, event.task, event.attempt, false, 0);
    return;
  }
  // Stopped by us although the step goes on: the server was going down. The agent is not to blame.
  if (event.cause == FailureCause::kCancelled) event.counts = false;
  event.message = bounded(event.message.empty() ? to_string(event.cause) : event.message);

  AttemptFailed record{event.step,      event.task,   event.attempt, event.cause,
                       event.exit_code, event.signal, event.message, clamp_ms(event.duration),
                       event.counts,    std::nullopt};
  const auto failures = step.failures.find(to_int(event.task));
  const std::uint32_t counted =
      (failures == step.failures.end() ? 0u : failures->second) + (event.counts ? 1u : 0u);
  if (!step.stopping && to_int(event.attempt) < kMaxAttempts) {
    if (!event.counts) {
      record.retry_delay_ms = 0;
    } else if (event.retryable && policy.retries(event.cause) && counted < policy.max_attempts) {
      record.retry_delay_ms =
          retry_delay(policy, counted, {state_.id, event.step, event.task, event.attempt}).count();
    }
  }
  const bool final = !record.retry_delay_ms;
  emit(std::move(record));
  if (final) after_final_failure(event);
}

void Decider::after_final_failure(const AttemptEnded& event) {
  const workflow::Step& defined_step = defined(event.step);
  const StepState& step = state_.step(event.step);
  const auto failures = step.failures.find(to_int(event.task));
  const std::uint32_t index = defined_step.type == StepType::kMap
                                  ? to_int(event.task) * defined_step.map.batch_size
                                  : to_int(event.task);
  std::string error =
      fmt::format(R"({{"index":{},"cause":"{}","message":)", index, to_string(event.cause));
  append_json_string(error, event.message);
  error +=
      fmt::format(R"(,"attempts":{}}})", failures == step.failures.end() ? 1 : failures->second);
  effects_.task_outputs.push_back({event.step, event.task, false, std::move(error)});
  if (step.stopping) return;

  if (defined_step.type == StepType::kMap &&
      defined_step.map.error_handling == ErrorHandling::kContinueOnError) {
    const std::uint64_t failed = failed_items(event.step);
    const workflow::MapConfig& map = defined_step.map;
    const double percent = step.items == 0 ? 0.0 : 100.0 * static_cast<double>(failed) / step.items;
    if (map.max_failures && failed > *map.max_failures) {
      stop_step(event.step, StepStatus::kFailed,
                fmt::format("{} of {} items failed, more than max_failures: {}", failed, step.items,
                            *map.max_failures));
    } else if (map.max_failure_percent && percent > *map.max_failure_percent) {
      stop_step(event.step, StepStatus::kFailed,
                fmt::format("{} of {} items failed, more than max_failure_percent: {}", failed,
                            step.items, *map.max_failure_percent));
    }
    return;
  }
  const std::string message = first_line(event.message);
  std::string reason = has_one_task(defined_step.type) ? message
                       : defined_step.type == StepType::kMap
                           ? fmt::format("item {} failed: {}", index, message)
                           : fmt::format("worker {} failed: {}", index, message);
  stop_step(event.step, StepStatus::kFailed, reason);
}

std::uint64_t Decider::failed_items(StepIndex index) const {
  const TaskTable& tasks = state_.step(index).tasks;
  const std::uint32_t batch = defined(index).map.batch_size;
  std::uint64_t failed = std::uint64_t{tasks.count(TaskStatus::kFailed)} * batch;
  if (tasks.size() == 0) return 0;
  const TaskIndex last{tasks.size() - 1};  // its batch may be shorter
  if (tasks.status(last) == TaskStatus::kFailed)
    failed -= batch - items_of_task(state_, index, last);
  return failed;
}

void Decider::emit_tasks(StepIndex step, TaskIndex task, Attempt attempt, bool succeeded,
                         std::uint32_t duration_ms) {
  const TaskRun run{to_int(task), to_int(task), to_int(attempt)};
  Record record{context_.now, {}};
  if (succeeded) {
    record.body = TasksSucceeded{step, {run}, {duration_ms}};
  } else {
    record.body = TasksCancelled{step, {run}};
  }
  transition(state_, record);
  // Neighbours in time share one record, so that a map's history stays short.
  if (!effects_.records.empty()) {
    RecordBody& last = effects_.records.back().body;
    if (auto* batch = std::get_if<TasksSucceeded>(&last);
        batch != nullptr && succeeded && batch->step == step) {
      append_run(batch->tasks, task, attempt);
      batch->durations_ms.push_back(duration_ms);
      return;
    }
    if (auto* batch = std::get_if<TasksCancelled>(&last);
        batch != nullptr && !succeeded && batch->step == step) {
      append_run(batch->tasks, task, attempt);
      return;
    }
  }
  ++state_.sequence;
  effects_.records.push_back(std::move(record));
}

namespace {

std::uint32_t room_of(const WorkflowState& state) {
  if (state.stopping || state.paused_at || has_ended(state.status)) return 0;
  const std::uint32_t limit = state.definition->max_parallel;
  if (limit == 0) return std::numeric_limits<std::uint32_t>::max();
  return state.in_flight >= limit ? 0 : limit - state.in_flight;
}

}  // namespace

bool wants_slots(const WorkflowState& state) {
  return room_of(state) > 0 && !state.agenda.dispatching.empty();
}

std::uint32_t Decider::free_slots() const {
  const std::uint32_t freed = context_.reuse_freed ? effects_.slots_freed : 0;
  return std::min(context_.free_slots + freed - effects_.slots_taken, room_of(state_));
}

void Decider::dispatch() {
  // In a round, each step has one turn with an even share of what is free, beginning after the one
  // served last. Steps without tasks or room are not in the set, so a turn always takes something.
  const std::set<StepIndex>& steps = state_.agenda.dispatching;
  while (!steps.empty()) {
    for (auto turns = static_cast<std::uint32_t>(steps.size()); turns > 0 && !steps.empty();
         --turns) {
      const std::uint32_t free = free_slots();
      if (free == 0) return;
      auto next =
          state_.agenda.last_served ? steps.upper_bound(*state_.agenda.last_served) : steps.begin();
      if (next == steps.end()) next = steps.begin();
      const StepIndex step = *next;
      const std::uint32_t share = std::max(1u, free / turns);
      const std::uint32_t taken = dispatch_some(step, std::min(share, room_of(state_, step)));
      AGENTAINER_CHECK(taken > 0, "a step that is to be dispatched has tasks for it");
      state_.agenda.last_served = step;
    }
  }
}

std::uint32_t Decider::dispatch_some(StepIndex index, std::uint32_t limit) {
  const StepState& step = state_.step(index);
  TasksDispatched record{index, {}};
  std::uint32_t taken = 0;
  const auto take = [&](TaskIndex task) {
    const Attempt attempt{to_int(step.tasks.attempt(task)) + 1};
    append_run(record.tasks, task, attempt);
    effects_.actions.emplace_back(StartAttempt{index, task, attempt});
    ++taken;
  };
  if (const auto due = state_.agenda.due_retries.find(index);
      due != state_.agenda.due_retries.end())
    for (auto task = due->second.begin(); task != due->second.end() && taken < limit; ++task)
      take(*task);
  for (std::uint32_t task = step.tasks.first_waiting(); task < step.tasks.size() && taken < limit;
       ++task)
    if (step.tasks.status(TaskIndex{task}) == TaskStatus::kWaiting) take(TaskIndex{task});
  effects_.slots_taken += taken;
  emit(std::move(record));
  return taken;
}

void Decider::stop_attempts_of(StepIndex index) {
  const TaskTable& tasks = state_.step(index).tasks;
  if (tasks.count(TaskStatus::kRunning) == 0) return;
  for (std::uint32_t task = 0; task < tasks.size(); ++task)
    if (tasks.status(TaskIndex{task}) == TaskStatus::kRunning)
      effects_.actions.emplace_back(
          StopAttempt{index, TaskIndex{task}, tasks.attempt(TaskIndex{task})});
}

}  // namespace agentainer::engine

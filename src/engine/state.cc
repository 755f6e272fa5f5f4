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

std::uint32_t items_of_task(const WorkflowState& state, StepIndex step, TaskIndex task) {
  const std::uint32_t batch = state.definition->step(step).map.batch_size;
  const std::uint32_t first = to_int(task) * batch;
  return std::min(batch, state.step(step).items - std::min(first, state.step(step).items));
}

std::uint32_t tasks_of_step(const workflow::Step& step, std::uint32_t items) {
  switch (step.type) {
    case workflow::StepType::kSequential:
    case workflow::StepType::kReduce:
      return 1;
    case workflow::StepType::kParallel:
      return step.max_workers;
    case workflow::StepType::kMap:
      return items / step.map.batch_size + (items % step.map.batch_size != 0 ? 1 : 0);
    case workflow::StepType::kBranch:
    case workflow::StepType::kDecision:
    case workflow::StepType::kWait:
      return 0;
  }
  return 0;
}

std::uint32_t room_of(const WorkflowState& state, StepIndex index) {
  const workflow::Step& step = state.definition->step(index);
  const std::uint32_t limit = step.type == workflow::StepType::kMap ? step.map.max_concurrency : 0;
  if (limit == 0) return std::numeric_limits<std::uint32_t>::max();
  const std::uint32_t running = state.step(index).tasks.count(TaskStatus::kRunning);
  return running >= limit ? 0 : limit - running;
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
  const auto ms = [](TimePoint at) { return at.time_since_epoch().count(); };
  const auto text = [](const Text& t) { return t ? std::string_view(*t) : "-"; };
  std::string out = fmt::format(
      "{} {} stopping={} paused={} in_flight={} sequence={} times={},{},{},{} ended={} failed={} "
      "reason={}\n",
      state.id.text(), to_string(state.status), state.stopping ? to_string(*state.stopping) : "-",
      state.paused_at ? ms(*state.paused_at) : 0, state.in_flight, state.sequence,
      ms(state.created), ms(state.started), ms(state.ended), ms(state.last_record),
      state.ended_steps, state.failed_steps, state.reason);
  for (std::size_t i = 0; i < state.steps.size(); ++i) {
    const StepState& step = state.steps[i];
    out += fmt::format(
        "{} {} stopping={} choice={} items={} fingerprint={} unmet={} completed={} blocked={} "
        "refused={} times={},{},{},{} reason={} output={} errors={}\n",
        state.definition->steps[i].id, to_string(step.status),
        step.stopping ? to_string(*step.stopping) : "-", step.choice, step.items, step.fingerprint,
        step.unmet, step.completed, step.blocked, step.refused, ms(step.started),
        step.first_dispatched ? ms(*step.first_dispatched) : 0, ms(step.ended),
        step.due ? ms(*step.due) : 0, step.reason, text(step.output), text(step.errors));
    if (step.tasks.size() == 0) continue;
    const DurationStats& d = step.durations;
    out += fmt::format(" durations={}/{}/{}/{}", d.count, d.sum_ms, d.min_ms, d.max_ms);
    for (std::uint32_t t = 0; t < step.tasks.size(); ++t)
      out += fmt::format(" {}:{}:{}", t, to_string(step.tasks.status(TaskIndex{t})),
                         to_int(step.tasks.attempt(TaskIndex{t})));
    for (const auto& [task, count] : step.failures) out += fmt::format(" f{}={}", task, count);
    for (const auto& [task, due] : step.retry_due)
      out += fmt::format(" r{}@{}", to_int(task), ms(due));
    out += '\n';
  }
  for (const auto& [name, payload] : state.signals)
    out += fmt::format("signal {}={}\n", name, text(payload));
  out += state.data.to_text();
  return out;
}

}  // namespace agentainer::engine

#include "engine/engine.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "engine/decider.h"

namespace agentainer::engine {

void Decider::emit(RecordBody body) {
  Record record{context_.now, std::move(body)};
  transition(state_, record);
  ++state_.sequence;
  effects_.records.push_back(std::move(record));
}

void Decider::set_state(std::string key, Text text) {
  if (text) {
    state_.data.set(key, text);
  } else {
    state_.data.erase(key);
  }
  // Of many changes in one batch only the last is written: a list that a thousand appends made is
  // not stored a thousand times.
  const auto [place, first] = written_.try_emplace(key, effects_.state.size());
  if (first) {
    effects_.state.push_back({std::move(key), std::move(text)});
  } else {
    effects_.state[place->second].text = std::move(text);
  }
}

void Decider::handle(Event& event) {
  if (has_ended(state_.status)) return refuse(event);
  if (auto* attempt = std::get_if<AttemptEnded>(&event)) {
    on_attempt_ended(*attempt);
  } else if (auto* items = std::get_if<ItemsRead>(&event)) {
    on_items_read(*items);
  } else if (auto* results = std::get_if<ResultsCollected>(&event)) {
    on_results_collected(*results);
  } else if (std::get_if<StartRequested>(&event) != nullptr) {
    if (state_.status == WorkflowStatus::kPending && !state_.stopping) emit(WorkflowStarted{});
  } else if (auto* cancel = std::get_if<CancelRequested>(&event)) {
    stop_workflow(WorkflowStatus::kCancelled, cancel->reason);
  } else if (auto* update = std::get_if<StateUpdateRequested>(&event)) {
    on_state_update(*update);
  } else if (const auto* pause = std::get_if<PauseRequested>(&event)) {
    on_pause(pause->ticket);
  } else if (const auto* unpause = std::get_if<UnpauseRequested>(&event)) {
    on_unpause(unpause->ticket);
  } else if (auto* signal = std::get_if<SignalSent>(&event)) {
    on_signal(*signal);
  }
  // TimePassed and SlotsFreed carry nothing: advance() looks at the deadlines and slots of the
  // context.
}

void Decider::advance() {
  if (has_ended(state_.status)) return;
  settle_all();
  check_deadlines();
  take_due_retries(state_, context_.now);
  while (!state_.agenda.settled.empty() || !state_.agenda.ready.empty()) {
    settle_all();
    // Started steps leave the set; one that waits for its items to be read leaves it too.
    while (!state_.agenda.ready.empty()) {
      const StepIndex step = *state_.agenda.ready.begin();
      state_.agenda.ready.erase(state_.agenda.ready.begin());
      start_step(step);
    }
  }
  dispatch();
  if (all_steps_ended() && state_.in_flight == 0) {
    WorkflowStatus status = WorkflowStatus::kCompleted;
    std::string reason = state_.reason;
    if (state_.stopping) {
      status = *state_.stopping;
    } else if (state_.failed_steps > 0) {
      if (definition().failure_strategy != workflow::FailureStrategy::kContinueOnPartial)
        status = WorkflowStatus::kFailed;
      reason = failure_summary();
    }
    emit(WorkflowEnded{status, std::move(reason)});
  }
}

std::string Decider::failure_summary() const {
  const StepIndex first = *state_.first_failed;
  const std::string& reason = state_.step(first).reason;
  if (state_.failed_steps == 1)
    return bounded(fmt::format("step {} failed: {}", defined(first).id, reason));
  return bounded(
      fmt::format("{} steps failed, {} first: {}", state_.failed_steps, defined(first).id, reason));
}

void Decider::settle_all() {
  std::set<StepIndex>& settled = state_.agenda.settled;
  while (!settled.empty()) {
    const StepIndex step = *settled.begin();
    settled.erase(settled.begin());
    settle(step);
  }
}

void Decider::stop_workflow(WorkflowStatus outcome, std::string_view reason) {
  // What had come to its end before has its own outcome, whatever batch the end came in.
  if (!state_.stopping) settle_all();
  if (state_.stopping || all_steps_ended()) return;
  for (std::uint32_t i = 0; i < state_.steps.size(); ++i) {
    const StepState& step = state_.steps[i];
    if (step.status == StepStatus::kRunning && !step.stopping) stop_attempts_of(StepIndex{i});
  }
  emit(WorkflowStopping{outcome, bounded(reason)});
}

void Decider::check_deadlines() {
  if (state_.stopping || state_.status != WorkflowStatus::kRunning || all_steps_ended()) return;
  const milliseconds timeout = definition().timeout;
  if (timeout.count() > 0 && state_.started + timeout <= context_.now) {
    stop_workflow(WorkflowStatus::kFailed,
                  fmt::format("the workflow timed out after {} s", timeout.count() / 1000.0));
    return;
  }
  auto& deadlines = state_.agenda.step_deadlines;
  while (!deadlines.empty() && deadlines.begin()->first <= context_.now) {
    const StepIndex step = deadlines.begin()->second;
    deadlines.erase(deadlines.begin());
    if (defined(step).type == workflow::StepType::kWait) {
      on_wait_due(step);
    } else {
      stop_step(step, StepStatus::kFailed,
                fmt::format("the step timed out after {} s",
                            defined(step).step_timeout.count() / 1000.0));
    }
    if (state_.stopping) return;
  }
}

Effects create(WorkflowState& state, const json::object& overrides, TimePoint now) {
  const Context context{now, 0};
  Decider decider(state, context);
  for (const auto& [key, value] : overrides)
    state.data.set(key, std::make_shared<const std::string>(to_text(value)));
  decider.emit(WorkflowCreated{state.definition->name});
  Effects effects = decider.take();
  for (const auto& [key, entry] : state.data.entries()) effects.state.push_back({key, entry.text});
  return effects;
}

Effects apply(WorkflowState& state, std::span<Event> events, const Context& context) {
  Decider decider(state, context);
  for (Event& event : events) decider.handle(event);
  decider.advance();
  return decider.take();
}

Effects resume(WorkflowState& state, const Context& context) {
  Decider decider(state, context);
  rebuild_agenda(state);
  decider.emit(WorkflowResumed{});
  decider.advance();
  return decider.take();
}

std::optional<TimePoint> next_deadline(const WorkflowState& state) {
  if (state.status != WorkflowStatus::kRunning || state.stopping) return std::nullopt;
  std::optional<TimePoint> next;
  const auto consider = [&](TimePoint due) {
    if (!next || due < *next) next = due;
  };
  if (state.definition->timeout.count() > 0) consider(state.started + state.definition->timeout);
  if (!state.agenda.retries.empty()) consider(std::get<TimePoint>(*state.agenda.retries.begin()));
  if (!state.agenda.step_deadlines.empty()) consider(state.agenda.step_deadlines.begin()->first);
  return next;
}

std::vector<StartAttempt> attempts_in_flight(const WorkflowState& state) {
  std::vector<StartAttempt> attempts;
  for (std::uint32_t s = 0; s < state.steps.size(); ++s) {
    const TaskTable& tasks = state.steps[s].tasks;
    if (tasks.count(TaskStatus::kRunning) == 0) continue;
    for (std::uint32_t t = 0; t < tasks.size(); ++t)
      if (tasks.status(TaskIndex{t}) == TaskStatus::kRunning)
        attempts.push_back({StepIndex{s}, TaskIndex{t}, tasks.attempt(TaskIndex{t})});
  }
  return attempts;
}

milliseconds retry_delay(const workflow::RetryPolicy& policy, std::uint32_t failures,
                         const AttemptId& id) {
  AGENTAINER_CHECK(failures > 0, "a retry follows a failure");
  double wait = static_cast<double>(policy.delay.count());
  switch (policy.backoff) {
    case workflow::Backoff::kConstant:
      break;
    case workflow::Backoff::kLinear:
      wait *= failures;
      break;
    case workflow::Backoff::kExponential:
      wait *= std::pow(2.0, std::min(failures - 1, 62u));
      break;
  }
  wait = std::min(wait, static_cast<double>(policy.max_delay.count()));
  if (policy.jitter > 0) {
    // SplitMix64's finalizer spreads the identity's hash over 53 bits of fraction.
    std::uint64_t h = AttemptIdHash{}(id) + 0x9E3779B97F4A7C15ull;
    h = (h ^ (h >> 30)) * 0xBF58476D1CE4E5B9ull;
    h = (h ^ (h >> 27)) * 0x94D049BB133111EBull;
    h ^= h >> 31;
    wait -= wait * policy.jitter * static_cast<double>(h >> 11) * 0x1.0p-53;
  }
  return milliseconds(static_cast<std::int64_t>(wait));
}

}  // namespace agentainer::engine

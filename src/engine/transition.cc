#include "base/check.h"
#include "engine/state.h"

namespace agentainer::engine {
namespace {

void forget_deadline(WorkflowState& state, StepIndex index) {
  if (const auto& due = state.step(index).due) state.agenda.step_deadlines.erase({*due, index});
  if (const auto& first = state.step(index).first_dispatched)
    state.agenda.step_deadlines.erase({*first + state.definition->step(index).step_timeout, index});
}

/// Puts the step where the agenda expects it, after any change of its tasks.
void refile(WorkflowState& state, StepIndex index) {
  StepState& step = state.step(index);
  Agenda& agenda = state.agenda;
  const TaskTable& tasks = step.tasks;
  const std::uint32_t open = tasks.count(TaskStatus::kWaiting) + tasks.count(TaskStatus::kRetrying);
  const bool running = step.status == StepStatus::kRunning;
  const bool stopping = step.stopping.has_value();
  const auto file = [&](std::set<StepIndex>& set, bool in) {
    if (in) {
      set.insert(index);
    } else {
      set.erase(index);
    }
  };
  const bool due = agenda.due_retries.contains(index);
  file(agenda.dispatching, running && !stopping && (tasks.count(TaskStatus::kWaiting) > 0 || due) &&
                               room_of(state, index) > 0);
  const workflow::Step& defined = state.definition->step(index);
  const bool waits = defined.type == workflow::StepType::kWait;
  const bool settled =
      running && tasks.count(TaskStatus::kRunning) == 0 && (stopping || (open == 0 && !waits));
  file(agenda.settled, settled);
  if (settled) forget_deadline(state, index);  // reading back its results takes none of its time
  if (!waits || defined.wait.signal.empty()) return;
  std::set<StepIndex>& waiting = agenda.waiting[defined.wait.signal];
  file(waiting, running && !stopping);
  if (waiting.empty()) agenda.waiting.erase(defined.wait.signal);
}

void count_dependency(WorkflowState& state, StepIndex dependent, StepIndex ended) {
  StepState& step = state.step(dependent);
  AGENTAINER_CHECK(step.unmet > 0, "each dependency of a step ends once");
  --step.unmet;
  const StepState& dependency = state.step(ended);
  if (dependency.status == StepStatus::kCompleted) ++step.completed;
  if (!step.failed_dependency) {
    if (dependency.status == StepStatus::kFailed || dependency.status == StepStatus::kCancelled)
      step.failed_dependency = ended;
    else if (dependency.blocked)
      step.failed_dependency = dependency.failed_dependency;
  }
  if (step.unmet == 0 && step.status == StepStatus::kPending) state.agenda.ready.insert(dependent);
}

void end_step(WorkflowState& state, StepIndex index, StepStatus status, std::string reason,
              TimePoint at) {
  StepState& step = state.step(index);
  AGENTAINER_CHECK(!has_ended(step.status), "a step ends once");
  forget_deadline(state, index);
  step.status = status;
  step.stopping.reset();
  step.reason = std::move(reason);
  step.ended = at;
  step.list.reset();
  step.reading_items = false;
  step.collecting = false;
  ++state.ended_steps;
  if (status == StepStatus::kFailed && state.failed_steps++ == 0) state.first_failed = index;
  state.agenda.ready.erase(index);
  refile(state, index);
  for (const StepIndex dependent : state.definition->step(index).dependents)
    count_dependency(state, dependent, index);
}

/// The task's retry wait is over or no longer matters.
void forget_retry(WorkflowState& state, StepIndex index, TaskIndex task) {
  StepState& step = state.step(index);
  const auto wait = step.retry_due.find(task);
  if (wait == step.retry_due.end()) return;
  state.agenda.retries.erase({wait->second, index, task});
  step.retry_due.erase(wait);
  const auto due = state.agenda.due_retries.find(index);
  if (due == state.agenda.due_retries.end()) return;
  due->second.erase(task);
  if (due->second.empty()) state.agenda.due_retries.erase(due);
}

/// Tasks that have not run, or wait to run again, will not.
void cancel_open_tasks(WorkflowState& state, StepIndex index) {
  StepState& step = state.step(index);
  if (step.tasks.count(TaskStatus::kWaiting) + step.tasks.count(TaskStatus::kRetrying) > 0) {
    for (std::uint32_t i = 0; i < step.tasks.size(); ++i) {
      const TaskStatus status = step.tasks.status(TaskIndex{i});
      if (status == TaskStatus::kWaiting || status == TaskStatus::kRetrying)
        step.tasks.move(TaskIndex{i}, TaskStatus::kCancelled);
    }
  }
  while (!step.retry_due.empty()) forget_retry(state, index, step.retry_due.begin()->first);
}

void stop_step(WorkflowState& state, StepIndex index, StepStatus outcome,
               const std::string& reason) {
  StepState& step = state.step(index);
  AGENTAINER_CHECK(step.status == StepStatus::kRunning && !step.stopping,
                   "only a running step is stopped, once");
  step.stopping = outcome;
  step.reason = reason;
  forget_deadline(state, index);
  cancel_open_tasks(state, index);
  refile(state, index);
}

template <typename F>
void for_each_task(const std::vector<TaskRun>& runs, F&& f) {
  for (const TaskRun& run : runs)
    for (std::uint32_t task = run.first; task <= run.last; ++task)
      f(TaskIndex{task}, Attempt{run.attempt});
}

class Transition {
 public:
  Transition(WorkflowState& state, TimePoint at) : state_(state), at_(at) {}

  void operator()(const WorkflowCreated&) { state_.created = at_; }

  void operator()(const WorkflowStarted&) {
    AGENTAINER_CHECK(state_.status == WorkflowStatus::kPending, "a workflow starts once");
    state_.status = WorkflowStatus::kRunning;
    state_.started = at_;
    for (std::uint32_t i = 0; i < state_.steps.size(); ++i)
      if (state_.steps[i].unmet == 0) state_.agenda.ready.insert(StepIndex{i});
  }

  void operator()(const WorkflowStopping& record) {
    AGENTAINER_CHECK(!state_.stopping && !has_ended(state_.status), "a workflow is stopped once");
    state_.stopping = record.outcome;
    state_.reason = record.reason;
    state_.paused_at.reset();
    for (std::uint32_t i = 0; i < state_.steps.size(); ++i) {
      const StepIndex index{i};
      StepState& step = state_.step(index);
      if (step.status == StepStatus::kPending) {
        // There may be 100,000 of them: the whole reason stands once, at the workflow.
        end_step(state_, index, StepStatus::kSkipped, bounded(record.reason, 128), at_);
      } else if (step.status == StepStatus::kRunning && !step.stopping) {
        stop_step(state_, index, StepStatus::kCancelled, record.reason);
      }
    }
    state_.agenda.ready.clear();
  }

  void operator()(const WorkflowEnded& record) {
    AGENTAINER_CHECK(!has_ended(state_.status), "a workflow ends once");
    AGENTAINER_CHECK(state_.in_flight == 0, "a workflow ends with nothing in flight");
    state_.status = record.status;
    state_.stopping.reset();
    state_.paused_at.reset();
    state_.reason = record.reason;
    state_.ended = at_;
  }

  void operator()(const WorkflowResumed&) {}

  void operator()(const WorkflowPaused&) {
    AGENTAINER_CHECK(!state_.paused_at && !state_.stopping, "what runs is paused, once");
    state_.paused_at = at_;
  }
  void operator()(const WorkflowUnpaused&) {
    AGENTAINER_CHECK(state_.paused_at.has_value(), "what is paused is unpaused");
    state_.paused_at.reset();
  }

  void operator()(const StepStarted& record) {
    StepState& step = state_.step(record.step);
    AGENTAINER_CHECK(step.status == StepStatus::kPending, "a step starts once");
    step.status = StepStatus::kRunning;
    step.started = at_;
    step.items = record.items;
    step.fingerprint = record.fingerprint;
    step.reading_items = false;
    step.tasks.resize(record.tasks);
    step.due = record.due;
    if (record.due) state_.agenda.step_deadlines.emplace(*record.due, record.step);
    state_.agenda.ready.erase(record.step);
    refile(state_, record.step);
  }

  void operator()(const StepStopping& record) {
    stop_step(state_, record.step, record.outcome, record.reason);
  }

  void operator()(const StepEnded& record) {
    StepState& step = state_.step(record.step);
    step.choice = record.choice;
    step.blocked =
        record.status == StepStatus::kSkipped && step.failed_dependency.has_value() &&
        state_.definition->failure_strategy != workflow::FailureStrategy::kContinueOnPartial;
    end_step(state_, record.step, record.status, record.reason, at_);
    for (const StepIndex index : record.passed_over)
      if (state_.step(index).status == StepStatus::kPending)
        end_step(state_, index, StepStatus::kSkipped,
                 "not selected by " + state_.definition->step(record.step).id, at_);
  }

  void operator()(const TasksDispatched& record) {
    StepState& step = state_.step(record.step);
    if (!step.first_dispatched) {
      step.first_dispatched = at_;
      const milliseconds timeout = state_.definition->step(record.step).step_timeout;
      if (timeout.count() > 0) state_.agenda.step_deadlines.emplace(at_ + timeout, record.step);
    }
    for_each_task(record.tasks, [&](TaskIndex task, Attempt attempt) {
      if (step.tasks.status(task) == TaskStatus::kRetrying) forget_retry(state_, record.step, task);
      step.tasks.set_attempt(task, attempt);
      step.tasks.move(task, TaskStatus::kRunning);
      ++state_.in_flight;
    });
    refile(state_, record.step);
  }

  void operator()(const TasksSucceeded& record) {
    StepState& step = state_.step(record.step);
    std::size_t i = 0;
    for_each_task(record.tasks, [&](TaskIndex task, Attempt attempt) {
      AGENTAINER_CHECK(step.tasks.attempt(task) == attempt, "only the current attempt succeeds");
      step.tasks.move(task, TaskStatus::kSucceeded);
      if (i < record.durations_ms.size()) step.durations.add(record.durations_ms[i++]);
      --state_.in_flight;
    });
    refile(state_, record.step);
  }

  void operator()(const TasksCancelled& record) {
    StepState& step = state_.step(record.step);
    for_each_task(record.tasks, [&](TaskIndex task, Attempt) {
      step.tasks.move(task, TaskStatus::kCancelled);
      --state_.in_flight;
    });
    refile(state_, record.step);
  }

  void operator()(const AttemptFailed& record) {
    StepState& step = state_.step(record.step);
    --state_.in_flight;
    if (record.counts) ++step.failures[to_int(record.task)];
    if (record.retry_delay_ms) {
      step.tasks.move(record.task, TaskStatus::kRetrying);
      const TimePoint due = at_ + milliseconds(*record.retry_delay_ms);
      step.retry_due.emplace(record.task, due);
      state_.agenda.retries.emplace(due, record.step, record.task);
    } else {
      step.tasks.move(record.task, TaskStatus::kFailed);
    }
    refile(state_, record.step);
  }

  void operator()(const ResultRefused& record) { ++state_.step(record.step).refused; }
  void operator()(const StateChanged&) {}

  // The payload is no part of the history: it is put in place by who has it.
  void operator()(const SignalReceived& record) { state_.signals.try_emplace(record.name); }
  void operator()(const SignalTaken& record) {
    const auto taken = state_.signals.find(state_.definition->step(record.step).wait.signal);
    AGENTAINER_CHECK(taken != state_.signals.end(), "a signal is taken that was received");
    state_.signals.erase(taken);
  }

 private:
  WorkflowState& state_;
  TimePoint at_;
};

}  // namespace

void transition(WorkflowState& state, const Record& record) {
  state.last_record = record.at;
  std::visit(Transition(state, record.at), record.body);
}

void take_due_retries(WorkflowState& state, TimePoint now) {
  Agenda& agenda = state.agenda;
  while (!agenda.retries.empty() && std::get<TimePoint>(*agenda.retries.begin()) <= now) {
    const auto [due, step, task] = *agenda.retries.begin();
    agenda.retries.erase(agenda.retries.begin());
    agenda.due_retries[step].insert(task);
    refile(state, step);
  }
}

void rebuild_agenda(WorkflowState& state) {
  state.agenda.ready.clear();
  for (std::uint32_t i = 0; i < state.steps.size(); ++i) {
    const StepIndex index{i};
    const StepState& step = state.step(index);
    if (step.status == StepStatus::kPending && step.unmet == 0 &&
        state.status == WorkflowStatus::kRunning)
      state.agenda.ready.insert(index);
    refile(state, index);
  }
}

}  // namespace agentainer::engine

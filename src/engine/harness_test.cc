#include <gtest/gtest.h>

#include <stdexcept>

#include "engine/test_harness.h"
#include "workflow/parse.h"

namespace agentainer::engine {
namespace {

const WorkflowId kId = WorkflowId::from_parts(1'800'000'000'000, 1, 2);

std::shared_ptr<const workflow::Definition> parse(std::string_view source) {
  workflow::ParseResult parsed = workflow::parse(source);
  if (!parsed.definition)
    throw std::runtime_error(render(parsed.diagnostics, "test", source, false));
  return parsed.definition;
}

/// Applies a record as a server does that reads it back, and notes how tasks change.
void replay(WorkflowState& state, const std::string& text) {
  const Result<Record> record = decode(text, *state.definition);
  ASSERT_TRUE(record.has_value()) << text << ": " << record.error().message;
  EXPECT_EQ(encode(*record, *state.definition), text);
  const Status legal = check_record(state, *record);
  ASSERT_TRUE(legal.has_value()) << text << ": " << legal.error().message;
  std::vector<std::vector<TaskStatus>> before;
  for (const StepState& step : state.steps) {
    before.emplace_back();
    for (std::uint32_t i = 0; i < step.tasks.size() && step.tasks.size() < 100; ++i)
      before.back().push_back(step.tasks.status(TaskIndex{i}));
  }
  transition(state, *record);
  ++state.sequence;
  for (std::size_t s = 0; s < before.size(); ++s)
    for (std::uint32_t i = 0; i < before[s].size(); ++i)
      if (const TaskStatus now = state.steps[s].tasks.status(TaskIndex{i}); now != before[s][i])
        Harness::seen_changes().emplace(before[s][i], now);
}

}  // namespace

std::set<std::pair<TaskStatus, TaskStatus>>& Harness::seen_changes() {
  static std::set<std::pair<TaskStatus, TaskStatus>> seen;
  return seen;
}

Harness::Harness(std::string_view source, const json::object& inputs)
    : definition_(parse(source)), state_(make_state(kId, definition_)) {
  take(create(state_, inputs, now_), 0);
}

Harness::Harness(const Harness& original, std::size_t count, Crashed)
    : definition_(original.definition_),
      now_(original.now_ + milliseconds(10)),
      state_(original.rebuild(count)),
      commits_(original.commits_.begin(),
               original.commits_.begin() + static_cast<std::ptrdiff_t>(count)) {
  for (const Commit& commit : commits_)
    for (const TaskOutputWrite& output : commit.outputs)
      outputs_.insert_or_assign(std::pair(output.step, output.task), output);
}

const Effects& Harness::apply(std::vector<Event> events) {
  const std::uint32_t before = state_.in_flight;
  const std::uint32_t free = slots - std::min(slots, state_.in_flight);
  take(engine::apply(state_, events, {now_, free, reuse_freed && before <= slots}), before);
  return effects_;
}

void Harness::take(Effects effects, std::uint32_t in_flight_before) {
  effects_ = std::move(effects);
  check_actions(in_flight_before);
  if (!effects_.records.empty()) {
    commit();
    EXPECT_EQ(dump(rebuild(commits_.size())), dump(state_));
  } else {
    EXPECT_TRUE(effects_.state.empty() && effects_.step_texts.empty() &&
                effects_.task_outputs.empty() && effects_.signals.empty())
        << "effects that nothing records";
  }
}

void Harness::commit() {
  Commit commit;
  for (const Record& record : effects_.records)
    commit.records.push_back(encode(record, *definition_));
  for (const StateWrite& write : effects_.state) commit.state.emplace_back(write.key, write.text);
  commit.texts = effects_.step_texts;
  commit.outputs = effects_.task_outputs;
  commit.signals = effects_.signals;
  for (const TaskOutputWrite& output : commit.outputs)
    EXPECT_TRUE(outputs_.emplace(std::pair(output.step, output.task), output).second)
        << "a second outcome of task " << to_int(output.task);
  commits_.push_back(std::move(commit));
}

void Harness::check_actions(std::uint32_t in_flight_before) const {
  std::set<std::tuple<StepIndex, TaskIndex, Attempt>> dispatched;
  std::set<std::tuple<StepIndex, TaskIndex, Attempt>> started;
  for (const Record& record : effects_.records)
    if (const auto* tasks = std::get_if<TasksDispatched>(&record.body))
      for (const TaskRun& run : tasks->tasks)
        for (std::uint32_t task = run.first; task <= run.last; ++task)
          dispatched.emplace(tasks->step, TaskIndex{task}, Attempt{run.attempt});
  for (const Action& action : effects_.actions)
    if (const auto* start = std::get_if<StartAttempt>(&action)) {
      EXPECT_TRUE(started.emplace(start->step, start->task, start->attempt).second);
    }
  EXPECT_EQ(dispatched, started);
  EXPECT_EQ(effects_.slots_taken, started.size());
  EXPECT_EQ(state_.in_flight, in_flight_before + effects_.slots_taken - effects_.slots_freed);
  EXPECT_EQ(state_.in_flight, attempts_in_flight(state_).size());
  EXPECT_TRUE(effects_.slots_taken == 0 || state_.in_flight <= slots);
  EXPECT_TRUE(!has_ended(state_.status) || state_.in_flight == 0);
}

WorkflowState Harness::rebuild(std::size_t count) const {
  WorkflowState state = make_state(kId, definition_);
  std::map<std::string, Text> signals;
  for (std::size_t i = 0; i < count; ++i) {
    const Commit& commit = commits_[i];
    for (const auto& [name, payload] : commit.signals) signals[name] = payload;
    for (const std::string& record : commit.records) replay(state, record);
    for (const auto& [key, text] : commit.state) {
      if (text)
        state.data.set(key, text);
      else
        state.data.erase(key);
    }
    for (const StepTextWrite& write : commit.texts) {
      StepState& step = state.step(write.step);
      if (write.part.empty()) step.output = write.text;
      if (write.part == "errors") step.errors = write.text;
      if (write.part == "items" && step.status == StepStatus::kRunning)
        step.list = JsonList::scan(write.text);
    }
  }
  for (StepState& step : state.steps)
    if (step.status != StepStatus::kRunning) step.list.reset();
  for (auto& [name, payload] : state.signals) payload = signals[name];
  rebuild_agenda(state);
  return state;
}

void Harness::finish_after_crash(std::size_t count) const {
  Harness after(*this, count, Crashed{});
  if (has_ended(after.state_.status)) return;
  SCOPED_TRACE(fmt::format("after a crash behind commit {} of {}", count, commits_.size()));
  const std::vector<StartAttempt> lost = attempts_in_flight(after.state_);
  after.take(resume(after.state_, {after.now_, 0}), after.state_.in_flight);
  std::vector<Event> events;
  if (after.state_.status == WorkflowStatus::kPending) events.emplace_back(StartRequested{});
  for (const StartAttempt& attempt : lost) {
    Event event = after.failure(attempt.step, attempt.task, FailureCause::kLost, "lost");
    std::get<AttemptEnded>(event).counts = false;
    events.push_back(std::move(event));
  }
  std::vector<Action> questions = after.effects_.actions;
  for (int rounds = 0; !has_ended(after.state_.status); ++rounds) {
    ASSERT_LT(rounds, 1000) << "it does not come to an end:\n" << dump(after.state_);
    for (const Action& action : questions) {
      if (const auto* read = std::get_if<ReadItems>(&action))
        events.emplace_back(ItemsRead{read->step, 2, "finger", ""});
      if (const auto* results = std::get_if<CollectResults>(&action))
        events.push_back(after.collect(results->step));
    }
    if (events.empty()) events = after.all_succeed();
    if (events.empty() && wants_slots(after.state_)) events.emplace_back(SlotsFreed{});
    if (events.empty())
      for (const auto& [name, steps] : after.state_.agenda.waiting)
        events.emplace_back(SignalSent{1, name, "null"});
    if (events.empty() && after.state_.paused_at) events.emplace_back(UnpauseRequested{});
    if (events.empty()) {
      const std::optional<TimePoint> due = next_deadline(after.state_);
      ASSERT_TRUE(due) << "nothing is in flight and nothing is due:\n" << dump(after.state_);
      after.now_ = std::max(after.now_, *due);
    }
    questions = after.apply(std::move(events)).actions;
    events.clear();
  }
}

StepIndex Harness::step(std::string_view id) const {
  const auto found = definition_->find(id);
  if (!found) throw std::runtime_error("the script names no step: " + std::string(id));
  return *found;
}

Attempt Harness::attempt(StepIndex step, TaskIndex task) const {
  const TaskTable& tasks = state_.step(step).tasks;
  return to_int(task) < tasks.size() ? tasks.attempt(task) : Attempt{};
}

Event Harness::success(StepIndex step, TaskIndex task, std::string result) const {
  AttemptEnded event;
  event.step = step;
  event.task = task;
  event.attempt = attempt(step, task);
  event.succeeded = true;
  event.result = std::move(result);
  event.duration = milliseconds(10);
  return event;
}

Event Harness::failure(StepIndex step, TaskIndex task, FailureCause cause,
                       std::string message) const {
  AttemptEnded event;
  event.step = step;
  event.task = task;
  event.attempt = attempt(step, task);
  event.cause = cause;
  event.message = std::move(message);
  event.duration = milliseconds(10);
  return event;
}

Event Harness::collect(StepIndex index) const {
  ResultsCollected event{index, "[", "[", {}};
  const workflow::Step& step = definition_->step(index);
  const bool batches = step.type == workflow::StepType::kMap && step.map.batch_size > 1;
  const auto append = [](std::string& list, std::string_view text) {
    if (text.empty()) return;
    if (list.size() > 1) list += ',';
    list += text;
  };
  for (std::uint32_t i = 0; i < state_.step(index).tasks.size(); ++i) {
    const std::uint32_t items = batches ? items_of_task(state_, index, TaskIndex{i}) : 1;
    const auto output = outputs_.find({index, TaskIndex{i}});
    if (output != outputs_.end() && output->second.succeeded) {
      const std::string_view text = output->second.text;
      append(event.results, batches ? text.substr(1, text.size() - 2) : text);
      continue;
    }
    for (std::uint32_t n = 0; n < items; ++n) append(event.results, "null");
    if (output != outputs_.end()) append(event.errors, output->second.text);
  }
  event.results += ']';
  event.errors += ']';
  return event;
}

std::vector<Event> Harness::all_succeed() const {
  std::vector<Event> events;
  for (const StartAttempt& attempt : attempts_in_flight(state_)) {
    const workflow::Step& step = definition_->step(attempt.step);
    std::string result = "1";
    if (step.type == workflow::StepType::kMap && step.map.batch_size > 1) {
      result = "[1";
      for (std::uint32_t i = 1; i < items_of_task(state_, attempt.step, attempt.task); ++i)
        result += ",1";
      result += "]";
    }
    events.push_back(success(attempt.step, attempt.task, std::move(result)));
  }
  return events;
}

namespace {

struct Describe {
  const Effects& effects;
  const WorkflowState& state;

  const std::string& id(StepIndex step) const { return state.definition->step(step).id; }
  std::string runs(const std::vector<TaskRun>& runs) const {
    std::string out;
    for (const TaskRun& run : runs)
      out += run.first == run.last ? fmt::format(" {}/{}", run.first, run.attempt)
                                   : fmt::format(" {}-{}/{}", run.first, run.last, run.attempt);
    return out;
  }
  static std::string because(const std::string& reason) {
    return reason.empty() ? "" : ": " + reason;
  }

  std::string operator()(const WorkflowCreated& r) const { return "workflow created: " + r.name; }
  std::string operator()(const WorkflowStarted&) const { return "workflow started"; }
  std::string operator()(const WorkflowStopping& r) const {
    return fmt::format("workflow stopping, {}{}", to_string(r.outcome), because(r.reason));
  }
  std::string operator()(const WorkflowEnded& r) const {
    return fmt::format("workflow {}{}", to_string(r.status), because(r.reason));
  }
  std::string operator()(const WorkflowResumed&) const { return "workflow resumed"; }
  std::string operator()(const WorkflowPaused&) const { return "workflow paused"; }
  std::string operator()(const WorkflowUnpaused&) const { return "workflow unpaused"; }
  std::string operator()(const StepStarted& r) const {
    std::string out = fmt::format("{} started", id(r.step));
    if (r.due) out += fmt::format(", ends by itself in {}ms", (*r.due - state.last_record).count());
    if (state.definition->step(r.step).type == workflow::StepType::kWait) return out;
    if (r.tasks != 1 || r.items != 1) out += fmt::format(", {} tasks", r.tasks);
    if (r.items != r.tasks) out += fmt::format(" of {} items", r.items);
    if (!r.fingerprint.empty()) out += ", file " + r.fingerprint;
    return out;
  }
  std::string operator()(const StepStopping& r) const {
    return fmt::format("{} stopping, {}{}", id(r.step), to_string(r.outcome), because(r.reason));
  }
  std::string operator()(const StepEnded& r) const {
    std::string out = fmt::format("{} {}", id(r.step), to_string(r.status));
    if (!r.choice.empty()) out += ", chose " + r.choice;
    for (std::size_t i = 0; i < r.passed_over.size(); ++i)
      out += (i == 0 ? ", passed over " : " ") + id(r.passed_over[i]);
    return out + because(r.reason);
  }
  std::string operator()(const TasksDispatched& r) const {
    return fmt::format("{} run{}", id(r.step), runs(r.tasks));
  }
  std::string operator()(const TasksSucceeded& r) const {
    EXPECT_FALSE(r.durations_ms.empty());
    return fmt::format("{} ok{}", id(r.step), runs(r.tasks));
  }
  std::string operator()(const TasksCancelled& r) const {
    return fmt::format("{} cancelled{}", id(r.step), runs(r.tasks));
  }
  std::string operator()(const AttemptFailed& r) const {
    std::string out = fmt::format("{} failed {}/{} {}", id(r.step), to_int(r.task),
                                  to_int(r.attempt), to_string(r.cause));
    if (r.exit_code != 0) out += fmt::format(" {}", r.exit_code);
    if (r.signal != 0) out += fmt::format(" {}", r.signal);
    if (!r.counts) out += ", does not count";
    out += r.retry_delay_ms ? fmt::format(", again in {}ms", *r.retry_delay_ms) : ", final";
    return out + because(r.message);
  }
  std::string operator()(const ResultRefused& r) const {
    return fmt::format("{} refused {}/{}", id(r.step), to_int(r.task), to_int(r.attempt));
  }
  std::string operator()(const StateChanged& r) const {
    std::string out = "state";
    for (const std::string& key : r.keys) {
      std::string value = "is not written";
      for (const StateWrite& write : effects.state)
        if (write.key == key) value = write.text ? "=" + *write.text : " deleted";
      out += " " + key + value;
    }
    return out;
  }

  std::string operator()(const SignalReceived& r) const { return "signal " + r.name; }
  std::string operator()(const SignalTaken& r) const { return id(r.step) + " took its signal"; }

  std::string operator()(const StartAttempt&) const {
    return "";
  }  // as recorded; see check_actions
  std::string operator()(const StopAttempt& a) const {
    return fmt::format("! stop {} {}/{}", id(a.step), to_int(a.task), to_int(a.attempt));
  }
  std::string operator()(const ReadItems& a) const { return "! read the items of " + id(a.step); }
  std::string operator()(const CollectResults& a) const {
    return "! collect the results of " + id(a.step);
  }
};

}  // namespace

std::string describe(const Effects& effects, const WorkflowState& state) {
  std::string out;
  const Describe visitor{effects, state};
  const auto line = [&](const std::string& text) {
    if (!text.empty()) out += "  " + text + "\n";
  };
  for (const Record& record : effects.records) line(std::visit(visitor, record.body));
  for (const StepTextWrite& write : effects.step_texts)
    line(fmt::format("+ {}{} {}",
                     write.part.empty() ? "output of " : std::string(write.part) + " of ",
                     visitor.id(write.step), *write.text));
  for (const auto& [name, payload] : effects.signals)
    line(fmt::format("+ signal {} {}", name, *payload));
  for (const TaskOutputWrite& output : effects.task_outputs)
    if (!output.succeeded)
      line(fmt::format("+ error of {} {} {}", visitor.id(output.step), to_int(output.task),
                       output.text));
  for (const Action& action : effects.actions) line(std::visit(visitor, action));
  for (const StateAnswer& answer : effects.state_answers)
    line(answer.result ? fmt::format("= {} {}", answer.result->changed ? "changed" : "unchanged",
                                     answer.result->text)
                       : fmt::format("= refused, {}: {}", to_string(answer.result.error().code),
                                     answer.result.error().message));
  for (const RequestAnswer& answer : effects.answers)
    line(answer.status ? "= done"
                       : fmt::format("= refused, {}: {}", to_string(answer.status.error().code),
                                     answer.status.error().message));
  return out;
}

}  // namespace agentainer::engine

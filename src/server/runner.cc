#include "server/runner.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "server/collect.h"
#include "server/recovery.h"

namespace agentainer::server {

using engine::Effects;
using engine::StartAttempt;

bool is_transient(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kMaybeDone:
    case ErrorCode::kResource:
      return true;
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kConflict:
    case ErrorCode::kFenced:
    case ErrorCode::kUnsupported:
    case ErrorCode::kInternal:
      return false;
  }
  return false;
}

Runner::Runner(Server& server, engine::WorkflowState state, std::string source_directory,
               Epoch epoch)
    : server_(server),
      state_(std::move(state)),
      source_directory_(std::move(source_directory)),
      epoch_(epoch) {
  const TimePoint wall = server_.executor_.now();
  clock_offset_ = std::max(milliseconds(0), state_.last_record - wall);
}

Runner::~Runner() { close(); }

void Runner::close() {
  if (armed_) server_.executor_.cancel(timer_);
  armed_.reset();
}

TimePoint Runner::now() const { return server_.executor_.now() + clock_offset_; }

void Runner::begin(Effects effects, std::optional<store::NewWorkflow> create,
                   std::vector<engine::Event> events, Server::DoneStatus done) {
  if (!events.empty()) {
    Effects more = engine::apply(state_, events, server_.context_for(*this));
    std::move(more.records.begin(), more.records.end(), std::back_inserter(effects.records));
    std::move(more.state.begin(), more.state.end(), std::back_inserter(effects.state));
    std::move(more.step_texts.begin(), more.step_texts.end(),
              std::back_inserter(effects.step_texts));
    std::move(more.actions.begin(), more.actions.end(), std::back_inserter(effects.actions));
    std::move(more.state_answers.begin(), more.state_answers.end(),
              std::back_inserter(effects.state_answers));
    std::move(more.answers.begin(), more.answers.end(), std::back_inserter(effects.answers));
    for (auto& [name, payload] : more.signals) effects.signals[name] = std::move(payload);
    effects.slots_taken += more.slots_taken;
  }
  commit(std::move(effects), std::move(create), {std::move(done)});
}

void Runner::push(engine::Event event, Server::DoneStatus done) {
  if (done) waiting_.emplace_back(events_.size(), std::move(done));
  events_.push_back(std::move(event));
  if (!is_committing()) server_.mark_dirty(*this);
}

void Runner::update_state(engine::StateUpdate update,
                          Server::Done<engine::StateUpdateResult> done) {
  updates_.emplace(++last_request_, std::move(done));
  push(engine::StateUpdateRequested{last_request_, std::move(update)});
}

void Runner::when_durable(Server::DoneStatus done) {
  if (!is_committing()) return done({});
  for_durable_.push_back(std::move(done));
}

void Runner::tell_durable(const Status& status) {
  for (const Server::DoneStatus& done : std::exchange(for_durable_, {})) done(status);
}

void Runner::give_answers(Pending& committed) {
  for (engine::StateAnswer& answer : committed.state_answers)
    if (auto asked = updates_.extract(answer.ticket)) asked.mapped()(std::move(answer.result));
  for (const engine::RequestAnswer& answer : committed.answers)
    if (auto asked = requests_.extract(answer.ticket)) asked.mapped()(answer.status);
}

void Runner::refuse_requests(const Error& error) {
  for (auto& asked : std::exchange(updates_, {})) asked.second(tl::make_unexpected(error));
  for (auto& asked : std::exchange(requests_, {})) asked.second(tl::make_unexpected(error));
  tell_durable(tl::make_unexpected(error));
}

void Runner::process() {
  if (is_committing() || engine::has_ended(state_.status)) return;
  const std::size_t count = std::min(events_.size(), server_.options_.max_events_at_once);
  Effects effects =
      engine::apply(state_, std::span(events_).first(count), server_.context_for(*this));
  events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<Server::DoneStatus> done = take_waiting(count);
  if (effects.empty()) {
    // A retry whose wait is over waits for a slot from now on, without a record of it.
    server_.account_slots(*this, effects);
    arm_timer();
    if (!events_.empty()) server_.mark_dirty(*this);
    for (const Server::DoneStatus& each : done) each({});  // nothing came of it that is not durable
    rest_in_store();
    return;
  }
  commit(std::move(effects), std::nullopt, std::move(done));
}

/// One that waits to be started, possibly for days, does so in the store and not in memory.
bool Runner::rest_in_store() {
  if (state_.status != engine::WorkflowStatus::kPending || !events_.empty()) return false;
  server_.forget(state_.id);
  return true;
}

/// Of those who wait for one of the next `events` events.
std::vector<Server::DoneStatus> Runner::take_waiting(std::size_t events) {
  std::vector<Server::DoneStatus> taken;
  std::size_t count = 0;
  for (; count < waiting_.size() && waiting_[count].first < events; ++count)
    taken.push_back(std::move(waiting_[count].second));
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(count));
  for (auto& [place, done] : waiting_) place -= events;
  return taken;
}

void Runner::answer_waiting(const Status& status) {
  for (const auto& [place, done] : std::exchange(waiting_, {})) done(status);
}

void Runner::commit(Effects effects, std::optional<store::NewWorkflow> create,
                    std::vector<Server::DoneStatus> done) {
  AGENTAINER_CHECK(!is_committing(), "one commit of a workflow is in flight at a time");
  server_.account_slots(*this, effects);
  pending_ = Pending{.records = std::move(effects.records),
                     .actions = std::move(effects.actions),
                     .state_answers = std::move(effects.state_answers),
                     .answers = std::move(effects.answers),
                     .done = std::move(done)};
  ++server_.commits_in_flight_;
  if (pending_->records.empty()) {
    // Nothing to remember (a question to the store or a file): act at once.
    on_commit_answer({});
    return;
  }
  store::Commit& commit = pending_->commit;
  commit.workflow = state_.id;
  commit.epoch = epoch_;
  commit.sequence = state_.sequence - pending_->records.size();
  commit.create = std::move(create);
  commit.at = now();
  commit.status = to_string(state_.status);
  commit.finished = engine::has_ended(state_.status);
  for (const engine::Record& record : pending_->records)
    commit.records.push_back(encode(record, *state_.definition));
  for (engine::TaskOutputWrite& output : effects.task_outputs)
    commit.task_outputs.push_back({state_.definition->step(output.step).id, output.task,
                                   output.succeeded, std::move(output.text)});
  for (const engine::StepTextWrite& text : effects.step_texts)
    commit.step_outputs.push_back(
        {step_text_key(state_.definition->step(text.step).id, text.part), *text.text});
  for (const auto& [name, payload] : effects.signals)
    commit.step_outputs.push_back({signal_text_key(name), *payload});
  for (engine::StateWrite& write : effects.state)
    commit.state.push_back(
        {std::move(write.key), write.text ? std::optional(*write.text) : std::nullopt});
  send();
}

void Runner::send() {
  server_.store_.commit(pending_->commit,
                        [weak = weak_from_this(), alive = server_.alive_](const Status& answer) {
                          if (!*alive) return;
                          if (const auto self = weak.lock()) self->on_commit_answer(answer);
                        });
}

void Runner::on_commit_answer(const Status& answer) {
  if (server_.closing_) return;
  if (!answer) {
    const auto& create = pending_->commit.create;
    if (create && !create->request_key.empty() && answer.error().code == ErrorCode::kConflict)
      return withdraw(answer.error());
    if (!is_transient(answer.error().code)) return abandon(answer.error());
    // The same commit again: if it had happened, the store says so and changes nothing.
    for (Observer* observer : server_.observers_) observer->on_store_trouble(answer.error());
    tell_durable(tl::make_unexpected(answer.error()));
    milliseconds& wait = pending_->retry_wait;
    wait = wait.count() == 0 ? server_.options_.first_store_retry
                             : std::min(wait * 2, server_.options_.last_store_retry);
    server_.executor_.schedule(server_.executor_.now() + wait,
                               [weak = weak_from_this(), alive = server_.alive_] {
                                 if (!*alive) return;
                                 if (const auto self = weak.lock(); self && self->pending_)
                                   self->send();
                               });
    return;
  }
  const auto keep = shared_from_this();
  Pending committed = std::move(*pending_);
  pending_.reset();
  --server_.commits_in_flight_;
  if (server_.draining_) server_.schedule_processing();
  release_ended(committed.records);
  for (const Server::DoneStatus& done : committed.done)
    if (done) done({});
  give_answers(committed);
  tell_durable({});
  for (Observer* observer : std::vector(server_.observers_))
    if (!committed.records.empty()) observer->on_committed(state_, committed.records);
  for (const engine::Action& action : committed.actions) perform(action);
  if (engine::has_ended(state_.status)) {
    refuse_requests(
        {ErrorCode::kConflict, fmt::format("workflow {} has ended: it is {}", state_.id.text(),
                                           to_string(state_.status))});
    for (Observer* observer : std::vector(server_.observers_)) observer->on_ended(state_);
    answer_waiting(fail(ErrorCode::kConflict, "workflow {} has already {}", state_.id.text(),
                        to_string(state_.status)));
    server_.forget(state_.id);
    return;
  }
  if (rest_in_store()) return;
  arm_timer();
  if (!events_.empty() || ticket != 0) server_.mark_dirty(*this);
}

/// A step that has ended needs its file, and what its agents share, no more.
void Runner::release_ended(const std::vector<engine::Record>& records) {
  for (const engine::Record& record : records) {
    const auto* ended = std::get_if<engine::StepEnded>(&record.body);
    if (ended == nullptr) continue;
    items_.erase(ended->step);
    agents_.erase(ended->step);
  }
}

void Runner::perform(const engine::Action& action) {
  if (const auto* attempt = std::get_if<StartAttempt>(&action)) {
    start(*attempt);
  } else if (const auto* stop = std::get_if<engine::StopAttempt>(&action)) {
    server_.runtime_.stop({state_.id, stop->step, stop->task, stop->attempt},
                          runtime::StopReason::kCancelled);
  } else if (const auto* read = std::get_if<engine::ReadItems>(&action)) {
    open_items(read->step);
  } else if (const auto* results = std::get_if<engine::CollectResults>(&action)) {
    collect(results->step);
  }
}

void Runner::start(const StartAttempt& attempt) {
  if (state_.step(attempt.step).stopping) {
    // It was told to stop while it waited for its items.
    fail_attempt(attempt, FailureCause::kCancelled, "stopped before it began");
    return;
  }
  Result<std::optional<std::string>> items = items_for(attempt);
  if (!items) {
    if (items.error().code == ErrorCode::kUnavailable) return;  // waits for its items to be opened
    fail_attempt(attempt, FailureCause::kExpression, items.error().message);
    return;
  }
  Result<engine::TaskInput> input =
      inputs_.make(attempt.step, attempt.task, attempt.attempt,
                   *items ? std::optional<std::string_view>(**items) : std::nullopt);
  if (!input) {
    fail_attempt(attempt, FailureCause::kExpression, input.error().message);
    return;
  }
  runtime::TaskSpec task;
  task.id = {state_.id, attempt.step, attempt.task, attempt.attempt};
  task.agent = agent_spec(attempt.step);
  task.command = std::move(input->command);
  task.environment = std::move(input->environment);
  task.document = std::move(input->document);
  task.map_index = input->map_index;
  task.worker_id = input->worker_id;
  task.total_workers = input->worker_id ? state_.definition->step(attempt.step).max_workers : 0;
  server_.runtime_.start(std::move(task));
}

void Runner::fail_attempt(const StartAttempt& attempt, FailureCause cause, std::string message) {
  engine::AttemptEnded event;
  event.step = attempt.step;
  event.task = attempt.task;
  event.attempt = attempt.attempt;
  event.cause = cause;
  event.retryable = false;
  event.message = std::move(message);
  push(std::move(event));
}

std::string Runner::item_path(StepIndex step) const {
  const std::string& file = state_.definition->step(step).map.input_file;
  return file.starts_with('/') ? file : source_directory_ + "/" + file;
}

void Runner::open_items(StepIndex step) {
  StepItems& items = items_[step];
  if (items.opening) return;
  items.opening = true;
  server_.items_.open(item_path(step),
                      [weak = weak_from_this(), alive = server_.alive_, step](auto opened) {
                        if (!*alive) return;
                        if (const auto self = weak.lock())
                          self->on_items_open(step, std::move(opened));
                      });
}

void Runner::on_items_open(StepIndex step, Result<std::shared_ptr<const Items>> opened) {
  StepItems& items = items_[step];
  items.opening = false;
  if (opened) {
    items.items = std::move(*opened);
  } else {
    items.error = opened.error();
  }
  if (state_.step(step).status == engine::StepStatus::kPending) {
    engine::ItemsRead event{step, 0, {}, {}};
    if (items.error) {
      event.error = items.error->message;
    } else {
      event.count = items.items->count();
      event.fingerprint = items.items->fingerprint();
    }
    push(std::move(event));
    return;
  }
  if (items.items && items.items->fingerprint() != state_.step(step).fingerprint) {
    items.items.reset();
    items.error = Error{ErrorCode::kInvalid,
                        fmt::format("{} is not the file the step started with", item_path(step))};
  }
  for (const StartAttempt& attempt : std::exchange(items.waiting, {})) start(attempt);
}

Result<std::optional<std::string>> Runner::items_for(const StartAttempt& attempt) {
  const workflow::Step& step = state_.definition->step(attempt.step);
  if (step.type != workflow::StepType::kMap || step.map.input_file.empty())
    return std::optional<std::string>();
  StepItems& items = items_[attempt.step];
  if (items.error) return tl::make_unexpected(*items.error);
  if (!items.items) {
    items.waiting.push_back(attempt);
    open_items(attempt.step);
    return fail(ErrorCode::kUnavailable, "the items are being opened");
  }
  const std::uint32_t batch = step.map.batch_size;
  const std::uint32_t first = to_int(attempt.task) * batch;
  if (batch == 1) {
    Result<std::string> item = items.items->item(first);
    if (!item) return tl::make_unexpected(item.error());
    return std::optional(std::move(*item));
  }
  std::string list = "[";
  const std::uint32_t end = std::min(first + batch, items.items->count());
  for (std::uint32_t i = first; i < end; ++i) {
    Result<std::string> item = items.items->item(i);
    if (!item) return tl::make_unexpected(item.error());
    if (i > first) list.push_back(',');
    list.append(*item);
  }
  list.push_back(']');
  return std::optional(std::move(list));
}

void Runner::collect(StepIndex step) {
  collect_results(server_.store_, state_, step, server_.options_.max_collected_bytes,
                  [weak = weak_from_this(), alive = server_.alive_,
                   step](Result<engine::ResultsCollected> results) {
                    if (!*alive) return;
                    const auto self = weak.lock();
                    if (!self) return;
                    if (results) {
                      self->push(std::move(*results));
                      return;
                    }
                    for (Observer* observer : self->server_.observers_)
                      observer->on_store_trouble(results.error());
                    Executor& executor = self->server_.executor_;
                    executor.schedule(executor.now() + self->server_.options_.last_store_retry,
                                      [weak, alive, step] {
                                        if (!*alive) return;
                                        if (const auto again = weak.lock()) again->collect(step);
                                      });
                  });
}

void Runner::arm_timer() {
  const std::optional<TimePoint> due = engine::next_deadline(state_);
  if (due == armed_) return;
  if (armed_) server_.executor_.cancel(timer_);
  armed_ = due;
  if (!due) return;
  timer_ = server_.executor_.schedule(*due - clock_offset_,
                                      [weak = weak_from_this(), alive = server_.alive_] {
                                        if (!*alive) return;
                                        if (const auto self = weak.lock()) {
                                          self->armed_.reset();
                                          self->push(engine::TimePassed{});
                                        }
                                      });
}

void Runner::abandon(const Error& error) {
  const auto keep = shared_from_this();
  log::error("workflow {} is abandoned: {}", state_.id.text(), error.message);
  for (const StartAttempt& attempt : engine::attempts_in_flight(state_))
    server_.runtime_.stop({state_.id, attempt.step, attempt.task, attempt.attempt},
                          runtime::StopReason::kShutdown);
  for (const Server::DoneStatus& done : pending_->done)
    if (done) done(tl::make_unexpected(error));
  answer_waiting(tl::make_unexpected(error));
  refuse_requests(error);
  for (Observer* observer : std::vector(server_.observers_)) observer->on_abandoned(state_, error);
  server_.forget(state_.id);
}

/// Its request key had been used: there never was such a workflow, and nobody has heard of it.
void Runner::withdraw(const Error& error) {
  const auto keep = shared_from_this();
  const std::vector<Server::DoneStatus> done = std::move(pending_->done);
  server_.forget(state_.id);
  for (const Server::DoneStatus& each : done) each(tl::make_unexpected(error));
  answer_waiting(fail(ErrorCode::kNotFound, "no workflow {}", state_.id.text()));
  refuse_requests({ErrorCode::kNotFound, fmt::format("no workflow {}", state_.id.text())});
}

std::shared_ptr<const runtime::AgentSpec> Runner::agent_spec(StepIndex index) {
  std::shared_ptr<const runtime::AgentSpec>& spec = agents_[index];
  if (spec) return spec;
  const workflow::Step& step = state_.definition->step(index);
  runtime::AgentSpec made;
  made.workflow = state_.id;
  made.workflow_name = state_.definition->name;
  made.step_id = step.id;
  made.step_name = step.name;
  made.step_type = to_string(step.type);
  made.image = step.image;
  made.source_directory = source_directory_;
  if (step.timeout.count() > 0) made.timeout = step.timeout;
  made.limits = step.limits;
  made.output = step.output;
  spec = std::make_shared<const runtime::AgentSpec>(std::move(made));
  return spec;
}

}  // namespace agentainer::server

#include "server/server.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "server/runner.h"
#include "server/take_over.h"
#include "workflow/parse.h"

namespace agentainer::server {

Server::Server(Executor& executor, store::Store& store, runtime::Runtime& runtime,
               ItemSource& items, MakeId make_id, Options options)
    : executor_(executor),
      store_(store),
      runtime_(runtime),
      items_(items),
      make_id_(std::move(make_id)),
      options_(options),
      take_over_(std::make_unique<TakeOver>(*this)) {
  runtime_.set_listener(this);
}

Server::~Server() { *alive_ = false; }

void Server::open(DoneStatus done) {
  store_.next_epoch([this, alive = alive_, done = std::move(done)](Result<Epoch> epoch) mutable {
    if (!*alive) return;
    if (!epoch) return done(tl::make_unexpected(epoch.error()));
    epoch_ = *epoch;
    epochs_.insert(epoch_);
    runtime_.recover(
        [this, alive, done = std::move(done)](const Result<std::vector<AttemptId>>& left) {
          if (!*alive) return;
          if (!left) return done(tl::make_unexpected(left.error()));
          left_running_.insert(left->begin(), left->end());
          done({});
        });
  });
}

Result<std::shared_ptr<const workflow::Definition>> Server::definition_of(const std::string& text) {
  std::weak_ptr<const workflow::Definition>& known = definitions_[text];
  if (auto definition = known.lock()) return definition;
  workflow::ParseResult parsed = workflow::parse(text);
  if (!parsed.definition) {
    definitions_.erase(text);
    return fail(ErrorCode::kInvalid, "{}",
                workflow::render(parsed.diagnostics, "workflow", text, false));
  }
  known = parsed.definition;
  if (definitions_.size() > 2 * definitions_after_sweep_ + 16) {
    std::erase_if(definitions_, [](const auto& entry) { return entry.second.expired(); });
    definitions_after_sweep_ = definitions_.size();
  }
  return parsed.definition;
}

void Server::submit(Submission submission, Done<Submitted> done) {
  const auto refuse = [&](Error error) {
    executor_.post(
        [done = std::move(done), error = std::move(error)] { done(tl::make_unexpected(error)); });
  };
  if (Status open = refuse_new_work(); !open) return refuse(open.error());
  if (submission.request_key.size() > store::kMaxRequestKeyBytes)
    return refuse({ErrorCode::kInvalid,
                   fmt::format("a request key has at most {} bytes", store::kMaxRequestKeyBytes)});
  auto definition = definition_of(submission.definition);
  if (!definition) return refuse(definition.error());
  const TimePoint now = executor_.now();
  const WorkflowId id = make_id_(now);
  if (runners_.contains(id))
    return refuse({ErrorCode::kConflict, fmt::format("a workflow {} exists", id.text())});
  engine::WorkflowState state = engine::make_state(id, *definition);
  engine::Effects effects = engine::create(state, submission.inputs, now);
  store::NewWorkflow create{(*definition)->name,         std::move(submission.definition),
                            submission.source_directory, now,
                            submission.request_key,      submission.request_digest};
  // Creation and start travel in one commit.
  std::vector<engine::Event> events;
  if (submission.start) events.emplace_back(engine::StartRequested{});
  add_runner(std::move(state), std::move(submission.source_directory), epoch_)
      .begin(std::move(effects), std::move(create), std::move(events),
             [this, id, key = std::move(submission.request_key),
              digest = std::move(submission.request_digest),
              done = std::move(done)](const Status& status) mutable {
               if (status) return done(Submitted{id, true});
               if (key.empty() || status.error().code != ErrorCode::kConflict)
                 return done(tl::make_unexpected(status.error()));
               answer_known_request(key, digest, status.error(), std::move(done));
             });
}

/// `refusal` of a creation whose request key may have been used.
void Server::answer_known_request(const std::string& key, const std::string& digest, Error refusal,
                                  Done<Submitted> done) {
  store_.find_request(
      key, [alive = alive_, digest, refusal = std::move(refusal),
            done = std::move(done)](const Result<std::optional<store::RequestRecord>>& found) {
        if (!*alive) return;
        if (!found) return done(tl::make_unexpected(found.error()));
        if (!*found) return done(tl::make_unexpected(refusal));
        if ((*found)->digest != digest)
          return done(fail(ErrorCode::kConflict,
                           "the request key was used for workflow {}, which was asked for with "
                           "something else",
                           (*found)->id.text()));
        done(Submitted{(*found)->id, false});
      });
}

Runner& Server::add_runner(engine::WorkflowState state, std::string source_directory, Epoch epoch) {
  const WorkflowId id = state.id;
  auto runner =
      std::make_shared<Runner>(*this, std::move(state), std::move(source_directory), epoch);
  return *runners_.emplace(id, std::move(runner)).first->second;
}

void Server::update_state(const WorkflowId& id, engine::StateUpdate update,
                          Done<engine::StateUpdateResult> done) {
  with_runner(
      id, [update = std::move(update), done](Runner& runner) { runner.update_state(update, done); },
      [done](const Error& error) { done(tl::make_unexpected(error)); });
}

void Server::pause(const WorkflowId& id, DoneStatus done) {
  with_runner(
      id, [done](Runner& runner) { runner.ask(engine::PauseRequested{}, done); },
      [done](const Error& error) { done(tl::make_unexpected(error)); });
}

void Server::unpause(const WorkflowId& id, DoneStatus done) {
  with_runner(
      id, [done](Runner& runner) { runner.ask(engine::UnpauseRequested{}, done); },
      [done](const Error& error) { done(tl::make_unexpected(error)); });
}

void Server::signal(const WorkflowId& id, std::string name, std::string payload, DoneStatus done) {
  with_runner(
      id,
      [name = std::move(name), payload = std::move(payload), done](Runner& runner) {
        runner.ask(engine::SignalSent{0, name, payload}, done);
      },
      [done](const Error& error) { done(tl::make_unexpected(error)); });
}

const engine::WorkflowState* Server::find(const WorkflowId& id) const {
  const auto found = runners_.find(id);
  return found == runners_.end() ? nullptr : &found->second->state();
}

void Server::look(const WorkflowId& id, Done<const engine::WorkflowState*> done) {
  Runner& runner = *runners_.at(id);
  runner.when_durable([&state = runner.state(), done = std::move(done)](const Status& status) {
    done(status ? Result<const engine::WorkflowState*>(&state)
                : tl::make_unexpected(status.error()));
  });
}

Status Server::refuse_new_work() const {
  if (draining_ || closing_) return fail(ErrorCode::kUnavailable, "the server is shutting down");
  return {};
}

void Server::answer(DoneStatus done, Status status) {
  executor_.post(
      [done = std::move(done), status = std::move(status)]() mutable { done(std::move(status)); });
}

void Server::take_over(DoneStatus done) { take_over_->run(std::move(done)); }

void Server::drain(std::function<void()> done) {
  draining_ = true;
  drained_ = std::move(done);
  take_over_->stop();
  schedule_processing();
}

void Server::check_drained() {
  if (!drained_ || slots_used_ > 0 || commits_in_flight_ > 0 || !dirty_.empty() ||
      !opening_.empty())
    return;
  std::exchange(drained_, nullptr)();
}

void Server::shutdown(std::function<void()> done) {
  closing_ = true;
  take_over_->stop();
  for (const auto& [id, runner] : std::map(runners_))
    runner->refuse_requests({ErrorCode::kMaybeDone, "the server is going down"});
  runtime_.shutdown(std::move(done));
}

void Server::on_started(const AttemptId&, TimePoint) {}

void Server::on_finished(runtime::AttemptReport report) {
  if (closing_) return;
  left_running_.erase(report.id);
  const auto found = runners_.find(report.id.workflow);
  if (found == runners_.end()) {
    log::debug("an attempt of workflow {} ended that is not running here",
               report.id.workflow.text());
    return;
  }
  engine::AttemptEnded event;
  event.step = report.id.step;
  event.task = report.id.task;
  event.attempt = report.id.attempt;
  event.succeeded = report.succeeded;
  event.result = std::move(report.result);
  event.cause = report.cause;
  event.exit_code = report.exit_code;
  event.signal = report.signal;
  event.retryable = report.retryable;
  event.message = std::move(report.message);
  event.duration = report.usage.wall;
  found->second->push(std::move(event));
}

void Server::mark_dirty(Runner& runner) {
  if (runner.dirty) return;
  runner.dirty = true;
  dirty_.push_back(runner.weak_from_this());
  schedule_processing();
}

void Server::schedule_processing() {
  if (processing_scheduled_) return;
  processing_scheduled_ = true;
  executor_.post([this, alive = alive_] {
    if (!*alive) return;
    processing_scheduled_ = false;
    process_dirty();
  });
}

/// All workflows with news commit in one turn of the loop, so their commits travel together.
void Server::process_dirty() {
  std::vector<std::weak_ptr<Runner>> batch;
  batch.swap(dirty_);
  for (const std::weak_ptr<Runner>& weak : batch) {
    const std::shared_ptr<Runner> runner = weak.lock();
    if (!runner) continue;
    runner->dirty = false;
    if (!closing_) runner->process();
  }
  offer_slots();
  check_drained();
}

void Server::offer_slots() {
  if (draining_) return;
  std::uint32_t free = options_.max_tasks - std::min(options_.max_tasks, slots_used_);
  for (const auto& [place, runner] : hungry_) {
    if (free == 0) return;
    --free;
    // One that is at work looks for slots itself right after; until then this one is kept for it.
    if (!runner->is_committing() && !runner->dirty) runner->push(engine::SlotsFreed{});
  }
}

engine::Context Server::context_for(const Runner& runner) const {
  engine::Context context{runner.now(), 0, false};
  if (draining_) return context;
  const std::uint32_t free = options_.max_tasks - std::min(options_.max_tasks, slots_used_);
  const std::size_t others = hungry_.size() - (runner.ticket != 0 ? 1 : 0);
  if (free > 0)
    context.free_slots = std::max<std::uint32_t>(1, free / static_cast<std::uint32_t>(others + 1));
  context.reuse_freed = others == 0 && slots_used_ <= options_.max_tasks;
  return context;
}

void Server::account_slots(Runner& runner, const engine::Effects& effects) {
  leave_line(runner);
  runner.slots_used += effects.slots_taken;
  runner.slots_used -= effects.slots_freed;
  slots_used_ += effects.slots_taken;
  slots_used_ -= effects.slots_freed;
  if (!engine::wants_slots(runner.state())) {
    runner.ticket = 0;
    return;
  }
  // Whoever had a turn, or one that ended now, waits behind those with as many slots.
  if (runner.ticket == 0 || effects.slots_taken > 0 || effects.slots_freed > 0)
    runner.ticket = ++last_ticket_;
  hungry_.emplace(std::pair(runner.slots_used, runner.ticket), &runner);
}

void Server::leave_line(const Runner& runner) { hungry_.erase({runner.slots_used, runner.ticket}); }

void Server::forget(const WorkflowId& id) {
  const auto found = runners_.find(id);
  if (found == runners_.end()) return;
  found->second->close();
  if (found->second->is_committing()) --commits_in_flight_;
  leave_line(*found->second);
  slots_used_ -= found->second->slots_used;
  // The runner may be on the stack below this call; it goes when that has returned.
  executor_.post([keep = std::move(found->second)] {});
  runners_.erase(found);
  schedule_processing();  // others may have waited for its slots
}

}  // namespace agentainer::server

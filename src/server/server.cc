#include "server/server.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "server/recovery.h"
#include "server/runner.h"
#include "workflow/parse.h"

namespace agentainer::server {

Server::Server(Executor& executor, store::Store& store, runtime::Runtime& runtime,
               ItemSource& items, MakeId make_id, Options options)
    : executor_(executor),
      store_(store),
      runtime_(runtime),
      items_(items),
      make_id_(std::move(make_id)),
      options_(options) {
  runtime_.set_listener(this);
}

Server::~Server() { *alive_ = false; }

void Server::open(DoneStatus done) {
  store_.next_epoch([this, alive = alive_, done = std::move(done)](Result<Epoch> epoch) mutable {
    if (!*alive) return;
    if (!epoch) return done(tl::make_unexpected(epoch.error()));
    epoch_ = *epoch;
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

void Server::submit(Submission submission, Done<WorkflowId> done) {
  auto definition = definition_of(submission.definition);
  if (!definition) {
    executor_.post(
        [done = std::move(done), error = definition.error()] { done(tl::make_unexpected(error)); });
    return;
  }
  const TimePoint now = executor_.now();
  const WorkflowId id = make_id_(now);
  if (runners_.contains(id)) {
    executor_.post([id, done = std::move(done)] {
      done(fail(ErrorCode::kConflict, "a workflow {} exists", id.text()));
    });
    return;
  }
  engine::WorkflowState state = engine::make_state(id, *definition);
  engine::Effects effects = engine::create(state, submission.inputs, now);
  store::NewWorkflow create{(*definition)->name, std::move(submission.definition),
                            submission.source_directory, now};
  auto runner =
      std::make_shared<Runner>(*this, std::move(state), std::move(submission.source_directory));
  runners_.emplace(id, runner);
  runner->begin(std::move(effects), std::move(create),
                [id, done = std::move(done)](const Status& status) {
                  done(status ? Result<WorkflowId>(id) : tl::make_unexpected(status.error()));
                });
}

void Server::resume(const WorkflowId& id, DoneStatus done) {
  store_.claim(id, epoch_,
               [this, alive = alive_, id, done = std::move(done)](const Status& claimed) mutable {
                 if (!*alive) return;
                 if (!claimed) return done(claimed);
                 store_.load(id, [this, alive,
                                  done = std::move(done)](Result<store::LoadedWorkflow> loaded) {
                   if (!*alive) return;
                   if (!loaded) return done(tl::make_unexpected(loaded.error()));
                   auto definition = definition_of(loaded->origin.definition);
                   if (!definition) return done(tl::make_unexpected(definition.error()));
                   Result<engine::WorkflowState> state = rebuild(*loaded, *definition);
                   if (!state) return done(tl::make_unexpected(state.error()));
                   if (engine::has_ended(state->status)) {
                     stop_left_running(loaded->id);
                     return done(fail(ErrorCode::kConflict, "workflow {} has already {}",
                                      loaded->id.text(), to_string(state->status)));
                   }
                   if (!runners_.contains(loaded->id))
                     return take_up(std::move(*state), *loaded, done);
                   done({});
                 });
               });
}

void Server::take_up(engine::WorkflowState state, const store::LoadedWorkflow& loaded,
                     DoneStatus done) {
  const std::vector<engine::StartAttempt> in_flight = engine::attempts_in_flight(state);
  auto runner = std::make_shared<Runner>(*this, std::move(state), loaded.origin.source_directory);
  runner->slots_used = static_cast<std::uint32_t>(in_flight.size());
  slots_used_ += runner->slots_used;
  runners_.emplace(loaded.id, runner);
  engine::Effects effects = engine::resume(runner->mutable_state(), {runner->now(), 0});
  for (const engine::StartAttempt& attempt : in_flight) {
    const AttemptId id{loaded.id, attempt.step, attempt.task, attempt.attempt};
    if (left_running_.erase(id) > 0) {
      // It will report. Whether it was told to stop is not known: once more does no harm.
      if (runner->state().step(attempt.step).stopping)
        effects.actions.emplace_back(
            engine::StopAttempt{attempt.step, attempt.task, attempt.attempt});
      continue;
    }
    engine::AttemptEnded event;
    event.step = attempt.step;
    event.task = attempt.task;
    event.attempt = attempt.attempt;
    event.cause = FailureCause::kLost;
    event.message = "the server went away while it ran";
    event.counts = false;
    runner->push(std::move(event));
  }
  stop_left_running(loaded.id);  // what runs, but is not in flight, has an outcome already
  runner->begin(std::move(effects), std::nullopt, std::move(done));
}

void Server::stop_left_running(const WorkflowId& id) {
  const auto first = left_running_.lower_bound(AttemptId{id, {}, {}, {}});
  auto last = first;
  for (; last != left_running_.end() && last->workflow == id; ++last)
    runtime_.stop(*last, runtime::StopReason::kCancelled);
  left_running_.erase(first, last);
}

Status Server::cancel(const WorkflowId& id, std::string reason) {
  const auto found = runners_.find(id);
  if (found == runners_.end())
    return fail(ErrorCode::kNotFound, "workflow {} is not running here", id.text());
  found->second->push(engine::CancelRequested{std::move(reason)});
  return {};
}

/// Null when it does not run here; `done` then hears so.
template <typename T>
std::shared_ptr<Runner> Server::runner_for(const WorkflowId& id, const Done<T>& done) {
  const auto found = runners_.find(id);
  if (found != runners_.end()) return found->second;
  executor_.post([id, done, alive = alive_] {
    if (*alive) done(fail(ErrorCode::kNotFound, "workflow {} is not running here", id.text()));
  });
  return nullptr;
}

void Server::update_state(const WorkflowId& id, engine::StateUpdate update,
                          Done<engine::StateUpdateResult> done) {
  if (const auto runner = runner_for(id, done))
    runner->update_state(std::move(update), std::move(done));
}

void Server::pause(const WorkflowId& id, DoneStatus done) {
  if (const auto runner = runner_for(id, done))
    runner->ask(engine::PauseRequested{}, std::move(done));
}

void Server::unpause(const WorkflowId& id, DoneStatus done) {
  if (const auto runner = runner_for(id, done))
    runner->ask(engine::UnpauseRequested{}, std::move(done));
}

const engine::WorkflowState* Server::find(const WorkflowId& id) const {
  const auto found = runners_.find(id);
  return found == runners_.end() ? nullptr : &found->second->state();
}

void Server::shutdown(std::function<void()> done) {
  closing_ = true;
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
}

void Server::offer_slots() {
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

void Server::remove(const WorkflowId& id) {
  const auto found = runners_.find(id);
  if (found == runners_.end()) return;
  found->second->close();
  leave_line(*found->second);
  slots_used_ -= found->second->slots_used;
  // The runner may be on the stack below this call; it goes when that has returned.
  executor_.post([keep = std::move(found->second)] {});
  runners_.erase(found);
  schedule_processing();  // others may have waited for its slots
}

}  // namespace agentainer::server

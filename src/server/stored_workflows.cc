// What a Server does with workflows that are in the store and not in its memory: it brings them in,
// or deletes them.

#include <algorithm>
#include <utility>

#include "server/recovery.h"
#include "server/runner.h"
#include "server/server.h"

namespace agentainer::server {

using engine::WorkflowStatus;

namespace {

auto has_ended_already(const engine::WorkflowState& state) {
  return fail(ErrorCode::kConflict, "workflow {} has already {}", state.id.text(),
              to_string(state.status));
}

auto was_started_before(const WorkflowId& id) {
  return fail(ErrorCode::kConflict, "workflow {} has been started before", id.text());
}

}  // namespace

/// False when somebody has the workflow in hand: `later` runs when that is over.
bool Server::begin_opening(const WorkflowId& id, std::function<void()> later) {
  const auto [found, is_new] = opening_.try_emplace(id);
  if (!is_new) found->second.push_back(std::move(later));
  return is_new;
}

/// `done`, and the end of what begin_opening() began. Called from the store's answers only.
Server::DoneStatus Server::end_opening(const WorkflowId& id, DoneStatus done) {
  return [this, alive = alive_, id, done = std::move(done)](const Status& status) {
    if (!*alive) return;
    const auto opened = opening_.extract(id);
    // Before anything that `done` asks for: requests keep their order.
    for (const std::function<void()>& later : opened.mapped()) later();
    if (draining_) schedule_processing();
    done(status);
  };
}

/// Claims are refused under an epoch before the owner's: a server that has run for long takes a new
/// one to take over from a younger one.
void Server::reach_epoch(Epoch at_least, Done<Epoch> done) {
  if (epoch_ >= at_least) return done(epoch_);
  store_.next_epoch([this, alive = alive_, done = std::move(done)](Result<Epoch> epoch) {
    if (!*alive) return;
    if (epoch) {
      epochs_.insert(*epoch);
      epoch_ = std::max(epoch_, *epoch);
    }
    done(std::move(epoch));
  });
}

void Server::load(const WorkflowId& id, Done<Loaded> done) {
  store_.load(
      id, [this, alive = alive_, done = std::move(done)](Result<store::LoadedWorkflow> loaded) {
        if (!*alive) return;
        if (!loaded) return done(tl::make_unexpected(loaded.error()));
        auto definition = definition_of(loaded->origin.definition);
        if (!definition) return done(tl::make_unexpected(definition.error()));
        Result<engine::WorkflowState> state = rebuild(*loaded, *definition);
        if (!state) return done(tl::make_unexpected(state.error()));
        done(Loaded{std::move(*state), std::move(loaded->origin.source_directory), loaded->epoch});
      });
}

void Server::claim(const WorkflowId& id, Epoch epoch, Done<Loaded> done) {
  store_.claim(
      id, epoch,
      [this, alive = alive_, id, epoch, done = std::move(done)](const Status& claimed) mutable {
        if (!*alive) return;
        if (!claimed) return done(tl::make_unexpected(claimed.error()));
        load(id, [this, epoch, done = std::move(done)](Result<Loaded> loaded) {
          if (!loaded) return done(std::move(loaded));
          if (engine::has_ended(loaded->state.status)) {
            stop_left_running(loaded->state.id);
            return done(has_ended_already(loaded->state));
          }
          if (loaded->owner != epoch)
            return done(
                fail(ErrorCode::kFenced, "epoch {} owns the workflow", to_int(loaded->owner)));
          done(std::move(loaded));
        });
      });
}

void Server::claim_from(Epoch owner, const WorkflowId& id, Done<Loaded> done) {
  reach_epoch(owner, [this, id, done = std::move(done)](const Result<Epoch>& epoch) mutable {
    if (!epoch) return done(tl::make_unexpected(epoch.error()));
    claim(id, *epoch, std::move(done));
  });
}

void Server::resume(const WorkflowId& id, DoneStatus done) {
  if (Status open = refuse_new_work(); !open) return answer(std::move(done), open);
  if (runners_.contains(id)) return answer(std::move(done), {});
  if (!begin_opening(id, [this, id, done] { resume(id, done); })) return;
  claim(id, epoch_, [this, done = end_opening(id, std::move(done))](Result<Loaded> loaded) {
    if (!loaded) return done(tl::make_unexpected(loaded.error()));
    take_up(std::move(*loaded), done);
  });
}

void Server::take_up(Loaded loaded, DoneStatus done) {
  const WorkflowId id = loaded.state.id;
  const std::vector<engine::StartAttempt> in_flight = engine::attempts_in_flight(loaded.state);
  std::vector<engine::Event> events;
  if (loaded.state.status == WorkflowStatus::kPending && !loaded.state.stopping)
    events.emplace_back(engine::StartRequested{});
  Runner& runner =
      add_runner(std::move(loaded.state), std::move(loaded.source_directory), loaded.owner);
  runner.slots_used = static_cast<std::uint32_t>(in_flight.size());
  slots_used_ += runner.slots_used;
  engine::Effects effects = engine::resume(runner.mutable_state(), {runner.now(), 0});
  for (const engine::StartAttempt& attempt : in_flight) {
    if (left_running_.erase({id, attempt.step, attempt.task, attempt.attempt}) > 0) {
      // It will report. Whether it was told to stop is not known: once more does no harm.
      if (runner.state().step(attempt.step).stopping)
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
    runner.push(std::move(event));
  }
  stop_left_running(id);  // what runs, but is not in flight, has an outcome already
  runner.begin(std::move(effects), std::nullopt, std::move(events), std::move(done));
}

void Server::stop_left_running(const WorkflowId& id) {
  const auto first = left_running_.lower_bound(AttemptId{id, {}, {}, {}});
  auto last = first;
  for (; last != left_running_.end() && last->workflow == id; ++last)
    runtime_.stop(*last, runtime::StopReason::kCancelled);
  left_running_.erase(first, last);
}

void Server::start(const WorkflowId& id, DoneStatus done) {
  if (Status open = refuse_new_work(); !open) return answer(std::move(done), open);
  if (const auto found = runners_.find(id); found != runners_.end()) {
    // In memory it is pending only for as long as its creation is acknowledged.
    if (found->second->state().status == WorkflowStatus::kPending)
      return found->second->push(engine::StartRequested{}, std::move(done));
    return answer(std::move(done), was_started_before(id));
  }
  if (!begin_opening(id, [this, id, done] { start(id, done); })) return;
  load(id, [this, id, done = end_opening(id, std::move(done))](const Result<Loaded>& loaded) {
    if (!loaded) return done(tl::make_unexpected(loaded.error()));
    if (engine::has_ended(loaded->state.status)) return done(has_ended_already(loaded->state));
    if (loaded->state.status != WorkflowStatus::kPending) return done(was_started_before(id));
    claim_from(loaded->owner, id, [this, id, done](Result<Loaded> claimed) {
      if (!claimed) return done(tl::make_unexpected(claimed.error()));
      if (claimed->state.status == WorkflowStatus::kPending)
        return begin_with(engine::StartRequested{}, std::move(*claimed), done);
      // Its owner started it at the same moment and has lost it to us by now.
      take_up(std::move(*claimed), [id, done](const Status& taken) {
        done(taken ? Status(was_started_before(id)) : taken);
      });
    });
  });
}

/// A pending workflow, with the first that happens to it.
void Server::begin_with(engine::Event event, Loaded loaded, DoneStatus done) {
  add_runner(std::move(loaded.state), std::move(loaded.source_directory), loaded.owner)
      .begin({}, std::nullopt, {std::move(event)}, std::move(done));
}

/// The workflow's runner, if need be made for a pending one, which the store holds.
void Server::with_runner(const WorkflowId& id, std::function<void(Runner&)> use,
                         std::function<void(const Error&)> refuse) {
  // While it is on its way into memory everybody waits, so that requests keep their order.
  const auto found = runners_.find(id);
  if (found != runners_.end() && !opening_.contains(id)) return use(*found->second);
  if (!begin_opening(id, [this, id, use, refuse] { with_runner(id, use, refuse); })) return;
  const DoneStatus end = end_opening(id, [refuse](const Status& status) {
    if (!status) refuse(status.error());
  });
  load(id, [this, id, use, end](const Result<Loaded>& loaded) {
    if (!loaded) return end(tl::make_unexpected(loaded.error()));
    if (engine::has_ended(loaded->state.status)) return end(has_ended_already(loaded->state));
    if (loaded->state.status != WorkflowStatus::kPending)
      return end(fail(ErrorCode::kNotFound, "workflow {} is not running here", id.text()));
    claim_from(loaded->owner, id, [this, use, end](Result<Loaded> claimed) {
      if (!claimed) return end(tl::make_unexpected(claimed.error()));
      const WorkflowId claimed_id = claimed->state.id;
      if (claimed->state.status == WorkflowStatus::kPending) {
        add_runner(std::move(claimed->state), std::move(claimed->source_directory), claimed->owner);
      } else {
        // Its owner started it at the same moment and has lost it to us by now.
        take_up(std::move(*claimed), nullptr);
      }
      use(*runners_.at(claimed_id));
      end({});
    });
  });
}

void Server::cancel(const WorkflowId& id, std::string reason, DoneStatus done) {
  if (const auto found = runners_.find(id); found != runners_.end())
    return cancel_running(*found->second, std::move(reason), std::move(done));
  if (!begin_opening(id, [this, id, reason, done] { cancel(id, reason, done); })) return;
  load(id, [this, id, reason = std::move(reason),
            done = end_opening(id, std::move(done))](const Result<Loaded>& loaded) {
    if (!loaded) return done(tl::make_unexpected(loaded.error()));
    if (engine::has_ended(loaded->state.status)) return done(has_ended_already(loaded->state));
    const Epoch owner = loaded->owner;
    const auto claim_and_cancel = [this, id, reason, owner, done] {
      claim_from(owner, id, [this, reason, done](Result<Loaded> claimed) {
        if (!claimed) return done(tl::make_unexpected(claimed.error()));
        cancel_claimed(std::move(*claimed), reason, done);
      });
    };
    if (loaded->state.status == WorkflowStatus::kPending) return claim_and_cancel();
    store_.list_owners([this, alive = alive_, id, owner, claim_and_cancel,
                        done](const Result<std::vector<store::Owner>>& owners) {
      if (!*alive) return;
      if (!owners) return done(tl::make_unexpected(owners.error()));
      const bool elsewhere =
          !epochs_.contains(owner) &&
          std::any_of(owners->begin(), owners->end(), [&](const store::Owner& candidate) {
            return candidate.epoch == owner && candidate.is_alive;
          });
      if (!elsewhere) return claim_and_cancel();
      done(fail(ErrorCode::kFenced, "another server runs workflow {}", id.text()));
    });
  });
}

void Server::cancel_claimed(Loaded claimed, const std::string& reason, DoneStatus done) {
  if (claimed.state.status == WorkflowStatus::kPending)
    return begin_with(engine::CancelRequested{reason}, std::move(claimed), std::move(done));
  const WorkflowId id = claimed.state.id;
  take_up(std::move(claimed), nullptr);
  cancel_running(*runners_.at(id), reason, std::move(done));
}

void Server::cancel_running(Runner& runner, std::string reason, DoneStatus done) {
  runner.push(engine::CancelRequested{std::move(reason)},
              [&state = runner.state(), done = std::move(done)](const Status& status) {
                // It may have come to its own end in the same commit.
                const bool too_late = status && engine::has_ended(state.status) &&
                                      state.status != WorkflowStatus::kCancelled;
                done(too_late ? Status(has_ended_already(state)) : status);
              });
}

void Server::remove(const WorkflowId& id, DoneStatus done) {
  const auto has_not_ended = [id] {
    return fail(ErrorCode::kConflict, "workflow {} has not ended", id.text());
  };
  if (runners_.contains(id)) return answer(std::move(done), has_not_ended());
  if (!begin_opening(id, [this, id, done] { remove(id, done); })) return;
  load(id, [this, id, has_not_ended,
            done = end_opening(id, std::move(done))](const Result<Loaded>& loaded) {
    if (!loaded) return done(tl::make_unexpected(loaded.error()));
    const engine::WorkflowState& state = loaded->state;
    if (!engine::has_ended(state.status)) return done(has_not_ended());
    std::vector<store::StoredStep> steps;
    for (std::size_t i = 0; i < state.steps.size(); ++i)
      if (state.steps[i].tasks.size() > 0)
        steps.push_back({state.definition->steps[i].id, state.steps[i].tasks.size()});
    store_.remove(id, std::move(steps), done);
  });
}

}  // namespace agentainer::server

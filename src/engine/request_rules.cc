// What people ask of a workflow while it runs: changes of its state, pause and unpause. Each
// request is answered once.

#include "engine/decider.h"

namespace agentainer::engine {

void Decider::answer(std::uint64_t ticket, Status status) {
  effects_.answers.push_back({ticket, std::move(status)});
}

void Decider::refuse(const Event& event) {
  const Error ended{ErrorCode::kConflict,
                    fmt::format("the workflow has ended: it is {}", to_string(state_.status))};
  if (const auto* update = std::get_if<StateUpdateRequested>(&event))
    effects_.state_answers.push_back({update->ticket, tl::make_unexpected(ended)});
  if (const auto* pause = std::get_if<PauseRequested>(&event))
    answer(pause->ticket, tl::make_unexpected(ended));
  if (const auto* unpause = std::get_if<UnpauseRequested>(&event))
    answer(unpause->ticket, tl::make_unexpected(ended));
}

void Decider::on_state_update(StateUpdateRequested& event) {
  const Result<StateChange> change = evaluate(event.update, state_.data);
  if (!change) {
    effects_.state_answers.push_back({event.ticket, tl::make_unexpected(change.error())});
    return;
  }
  if (change->changed) {
    set_state(event.update.key, change->text);
    emit(StateChanged{{event.update.key}});
  }
  effects_.state_answers.push_back(
      {event.ticket, StateUpdateResult{change->changed, change->text ? *change->text : "null"}});
}

void Decider::on_pause(std::uint64_t ticket) {
  if (state_.stopping)
    return answer(ticket, fail(ErrorCode::kConflict, "the workflow is being stopped"));
  if (state_.paused_at)
    return answer(ticket, fail(ErrorCode::kConflict, "the workflow is paused already"));
  emit(WorkflowPaused{});
  answer(ticket);
}

void Decider::on_unpause(std::uint64_t ticket) {
  if (!state_.paused_at)
    return answer(ticket, fail(ErrorCode::kConflict, "the workflow is not paused"));
  emit(WorkflowUnpaused{});
  answer(ticket);
}

}  // namespace agentainer::engine

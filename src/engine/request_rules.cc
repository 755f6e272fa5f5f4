// What people ask of a workflow while it runs: changes of its state, pause and unpause, signals.
// Each request is answered once.

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
  if (const auto* signal = std::get_if<SignalSent>(&event))
    answer(signal->ticket, tl::make_unexpected(ended));
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

void Decider::on_signal(SignalSent& event) {
  const auto refuse_with = [&](ErrorCode code, std::string message) {
    answer(event.ticket, tl::make_unexpected(Error{code, std::move(message)}));
  };
  if (!workflow::is_signal_name(event.name))
    return refuse_with(ErrorCode::kInvalid,
                       "the name of a signal has letters, digits, '_', '-' and '.', 1 to 64");
  if (event.payload.size() > kMaxSignalBytes)
    return refuse_with(ErrorCode::kInvalid, fmt::format("a signal's payload has at most {} KiB",
                                                        kMaxSignalBytes / 1024));
  if (const Status valid = check_json(event.payload); !valid)
    return refuse_with(ErrorCode::kInvalid, "the payload is " + valid.error().message);
  const auto waiting = state_.agenda.waiting.find(event.name);
  const bool taken = waiting != state_.agenda.waiting.end();
  if (!taken && !state_.signals.contains(event.name) && state_.signals.size() >= kMaxKeptSignals)
    return refuse_with(ErrorCode::kResource,
                       fmt::format("{} signals are kept that no step has taken, and more are not",
                                   kMaxKeptSignals));
  Text payload = std::make_shared<const std::string>(std::move(event.payload));
  emit(SignalReceived{event.name});
  state_.signals[event.name] = payload;
  if (taken) {
    take_signal(*waiting->second.begin());
  } else {
    effects_.signals[event.name] = std::move(payload);
  }
  answer(event.ticket);
}

}  // namespace agentainer::engine

// The life of a step that waits: for a signal, or for a time. The time at which it ends by itself
// is recorded with its start, so that no restart moves it.

#include "engine/decider.h"
#include "engine/environment.h"
#include "workflow/units.h"

namespace agentainer::engine {
namespace {

Text null_text() {
  static const Text kNull = std::make_shared<const std::string>("null");
  return kNull;
}

Result<TimePoint> time_of(const expr::Template& text, const WorkflowState& state) {
  const Environment environment(state);
  const Result<std::string> value = text.evaluate_text(environment.bindings());
  if (!value) return tl::make_unexpected(value.error());
  return workflow::parse_time(*value);
}

}  // namespace

void Decider::start_wait(StepIndex index) {
  const workflow::Step& step = defined(index);
  const workflow::WaitConfig& wait = step.wait;
  std::optional<TimePoint> due = context_.now + wait.duration;
  if (!wait.signal.empty()) {
    due = step.timeout.count() > 0 ? std::optional(context_.now + step.timeout) : std::nullopt;
  } else if (wait.until) {
    const Result<TimePoint> until = time_of(*wait.until, state_);
    if (!until) return fail_step(index, "until: " + until.error().message);
    due = *until;
  }
  emit(StepStarted{index, 0, 0, {}, due});
  if (state_.signals.contains(wait.signal)) {
    effects_.signals[wait.signal] = null_text();  // its payload is the step's output from now on
    take_signal(index);
  } else if (due && *due <= context_.now) {
    on_wait_due(index);
  }
}

void Decider::take_signal(StepIndex index) {
  Text payload = state_.signals.find(defined(index).wait.signal)->second;
  emit(SignalTaken{index});
  end_wait(index, std::move(payload), "");
}

void Decider::on_wait_due(StepIndex index) {
  const workflow::Step& step = defined(index);
  if (step.wait.signal.empty()) return end_wait(index, null_text(), "");
  const std::string reason =
      fmt::format("no signal {} came within {} s", step.wait.signal, step.timeout.count() / 1000.0);
  switch (step.wait.on_timeout) {
    case workflow::OnTimeout::kFail:
      return fail_step(index, reason);
    case workflow::OnTimeout::kContinue:
      return end_wait(index, null_text(), reason);
  }
}

void Decider::end_wait(StepIndex index, Text output, std::string_view reason) {
  state_.step(index).output = output;
  effects_.step_texts.push_back({index, "", std::move(output)});
  emit(StepEnded{index, StepStatus::kCompleted, std::string(reason), {}, {}});
}

}  // namespace agentainer::engine

#include "cli/progress/plain_progress.h"

#include "cli/progress/view.h"
#include "cli/text/format.h"
#include "cli/text/records.h"
#include "cli/text/terminal.h"
#include "cli/text/width.h"

namespace agentainer::cli {
namespace {

using engine::TaskStatus;

constexpr milliseconds kProgressDistance{5000};
constexpr std::uint32_t kMaxFailureLines = 10;  ///< Of one step.

bool has_many_tasks(const workflow::Step& step) {
  return step.type == workflow::StepType::kMap || step.type == workflow::StepType::kParallel;
}

std::string step_ended(const engine::WorkflowState& state, const engine::StepEnded& ended,
                       TimePoint at) {
  const engine::StepState& step = state.step(ended.step);
  const workflow::Step& defined = state.definition->step(ended.step);
  std::string text = fmt::format("{} {}", defined.id, to_string(ended.status));
  if (step.started != TimePoint{} && ended.status != engine::StepStatus::kSkipped)
    text += " in " + short_duration(at - step.started);
  if (has_many_tasks(defined) && step.tasks.size() > 0) {
    text += fmt::format(", {} of {} succeeded", grouped(step.tasks.count(TaskStatus::kSucceeded)),
                        grouped(step.tasks.size()));
    if (const std::uint32_t failed = step.tasks.count(TaskStatus::kFailed); failed > 0)
      text += fmt::format(", {} failed", grouped(failed));
  }
  if (!ended.choice.empty()) text += ", chose " + ended.choice;
  if (!ended.reason.empty()) text += ": " + failure_line(ended.reason);
  return text;
}

}  // namespace

std::vector<std::string> PlainLines::lines(const engine::WorkflowState& state,
                                           std::span<const engine::Record> records) {
  Steps& steps = workflows_[state.id];
  const bool several = workflows_.size() > 1;
  std::vector<std::string> lines;
  for (const engine::Record& record : records) {
    const TimePoint start = state.started == TimePoint{} ? record.at : state.started;
    for (const std::string& text : of_record(state, record, steps))
      lines.push_back(fmt::format("[{:>7}] {}{}", short_duration(record.at - start),
                                  several ? state.id.text() + " " : "", one_line(text)));
  }
  return lines;
}

std::vector<std::string> PlainLines::of_record(const engine::WorkflowState& state,
                                               const engine::Record& record, Steps& steps) {
  const auto described = [&] {
    return std::vector<std::string>{describe(record, *state.definition).text};
  };
  if (std::holds_alternative<engine::WorkflowStarted>(record.body))
    return {fmt::format("workflow {} started, id {}", state.definition->name, state.id.text())};
  if (std::holds_alternative<engine::WorkflowResumed>(record.body))
    return {
        fmt::format("workflow {} taken up again, id {}", state.definition->name, state.id.text())};
  if (const auto* ended = std::get_if<engine::StepEnded>(&record.body))
    return {step_ended(state, *ended, record.at)};
  if (const auto* started = std::get_if<engine::StepStarted>(&record.body)) {
    steps[started->step].last_progress = record.at;
    return described();
  }
  if (const auto* failed = std::get_if<engine::AttemptFailed>(&record.body))
    return of_failure(state, record, steps[failed->step]);
  if (const auto* tasks = std::get_if<engine::TasksSucceeded>(&record.body))
    return of_tasks(state, tasks->step, record.at, steps);
  if (std::holds_alternative<engine::WorkflowStopping>(record.body) ||
      std::holds_alternative<engine::WorkflowEnded>(record.body) ||
      std::holds_alternative<engine::WorkflowPaused>(record.body) ||
      std::holds_alternative<engine::WorkflowUnpaused>(record.body) ||
      std::holds_alternative<engine::SignalReceived>(record.body) ||
      std::holds_alternative<engine::StepStopping>(record.body))
    return described();
  return {};
}

std::vector<std::string> PlainLines::of_failure(const engine::WorkflowState& state,
                                                const engine::Record& record, Step& step) {
  ++step.failures;
  if (step.failures > kMaxFailureLines) return {};
  std::vector<std::string> lines{describe(record, *state.definition).text};
  if (step.failures == kMaxFailureLines) {
    const StepIndex index = std::get<engine::AttemptFailed>(record.body).step;
    lines.push_back(
        fmt::format("{}: further failures are only counted", state.definition->step(index).id));
  }
  return lines;
}

std::vector<std::string> PlainLines::of_tasks(const engine::WorkflowState& state, StepIndex index,
                                              TimePoint at, Steps& steps) {
  const engine::StepState& step = state.step(index);
  TimePoint& last = steps[index].last_progress;
  if (!has_many_tasks(state.definition->step(index)) || at - last < kProgressDistance ||
      engine::has_ended(step.status))
    return {};
  last = at;
  std::string text = fmt::format("{} {}/{}", state.definition->step(index).id,
                                 grouped(ended_tasks(step)), grouped(step.tasks.size()));
  text += fmt::format(", {} running", grouped(step.tasks.count(TaskStatus::kRunning)));
  if (const std::uint32_t count = step.tasks.count(TaskStatus::kRetrying); count > 0)
    text += fmt::format(", {} to retry", grouped(count));
  if (const std::uint32_t count = step.tasks.count(TaskStatus::kFailed); count > 0)
    text += fmt::format(", {} failed", grouped(count));
  return {std::move(text)};
}

void PlainProgress::on_committed(const engine::WorkflowState& state,
                                 std::span<const engine::Record> records) {
  QuietProgress::on_committed(state, records);
  std::string text;
  for (const std::string& line : lines_.lines(state, records)) text += line + '\n';
  if (!text.empty()) print_error(text);
}

void PlainProgress::on_ended(const engine::WorkflowState& state) { lines_.forget(state.id); }

}  // namespace agentainer::cli

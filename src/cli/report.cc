#include "cli/report.h"

#include <algorithm>

#include "cli/text/format.h"
#include "cli/text/records.h"
#include "cli/text/width.h"
#include "engine/json_path.h"

namespace agentainer::cli {
namespace {

using engine::StepState;
using engine::StepStatus;
using engine::TaskStatus;

constexpr std::size_t kMaxItemBytes = 200;

Json time_or_null(TimePoint time) {
  return time == TimePoint{} ? Json(nullptr) : Json(utc_time(time));
}

Json duration_or_null(TimePoint from, TimePoint to) {
  if (from == TimePoint{} || to == TimePoint{}) return nullptr;
  return (to - from).count();
}

json::object step_json(const workflow::Step& defined, const StepReport& step) {
  json::object tasks{{"total", step.tasks}};
  for (const TaskStatus status :
       {TaskStatus::kWaiting, TaskStatus::kRunning, TaskStatus::kRetrying, TaskStatus::kSucceeded,
        TaskStatus::kFailed, TaskStatus::kCancelled})
    tasks[to_string(status)] = step.count(status);
  json::object out{{"id", defined.id},
                   {"name", defined.name},
                   {"type", to_string(defined.type)},
                   {"status", to_string(step.status)},
                   {"reason", step.reason},
                   {"tasks", std::move(tasks)},
                   {"started_at", time_or_null(step.started)},
                   {"completed_at", time_or_null(step.ended)},
                   {"duration_ms", duration_or_null(step.started, step.ended)}};
  if (defined.type == workflow::StepType::kMap) out["items"] = step.items;
  if (!step.choice.empty()) out["choice"] = step.choice;
  if (step.durations.count > 0)
    out["task_duration_ms"] = json::object{{"min", step.durations.min_ms},
                                           {"mean", step.durations.sum_ms / step.durations.count},
                                           {"max", step.durations.max_ms}};
  if (step.refused > 0) out["refused_results"] = step.refused;
  if (step.next_retry) out["next_retry_at"] = utc_time(*step.next_retry);
  if (!defined.wait.signal.empty()) out["signal"] = defined.wait.signal;
  if (step.due) out["due_at"] = utc_time(*step.due);
  return out;
}

json::object failure_json(const WorkflowReport& report, const Failure& failure) {
  const workflow::Step& step = report.definition->step(failure.step);
  json::object out{{"step", step.id},
                   {"task", to_int(failure.task)},
                   {"attempt", to_int(failure.attempt)},
                   {"cause", to_string(failure.cause)},
                   {"message", failure.message}};
  if (failure.cause == FailureCause::kExitCode) out["exit_code"] = failure.exit_code;
  if (failure.signal != 0) out["signal"] = failure.signal;
  if (!failure.item.empty()) out["item"] = failure.item;
  return out;
}

std::string tasks_text(const workflow::Step& defined, const StepReport& step) {
  if (defined.type != workflow::StepType::kMap && defined.type != workflow::StepType::kParallel)
    return {};
  if (step.tasks == 0 && step.status != StepStatus::kCompleted) return {};
  return fmt::format("{}/{}", grouped(step.count(TaskStatus::kSucceeded)), grouped(step.tasks));
}

/// What is worth telling of a step beyond its counts.
std::string note_of(const WorkflowReport& report, const workflow::Step& defined,
                    const StepReport& step, TimePoint now) {
  std::vector<std::string> parts;
  if (defined.type == workflow::StepType::kWait && step.status == StepStatus::kRunning)
    parts.push_back(wait_label(defined, step.due, now));
  if (const std::uint32_t n = step.count(TaskStatus::kFailed); n > 0 && step.tasks > 1)
    parts.push_back(fmt::format("{} failed", grouped(n)));
  if (const std::uint32_t n = step.count(TaskStatus::kRunning); n > 0 && step.tasks > 1)
    parts.push_back(fmt::format("{} running", grouped(n)));
  if (const std::uint32_t n = step.count(TaskStatus::kRetrying); n > 0) {
    std::string text = fmt::format("{} to retry", grouped(n));
    if (step.next_retry && *step.next_retry > now)
      text += " in " + short_duration(*step.next_retry - now);
    parts.push_back(std::move(text));
  }
  if (step.durations.count > 1)
    parts.push_back(fmt::format(
        "{} a task", short_duration(milliseconds(step.durations.sum_ms / step.durations.count))));
  if (!step.choice.empty()) parts.push_back("chose " + step.choice);
  if (!step.reason.empty() && step.reason != report.reason)
    parts.push_back(failure_line(step.reason));
  std::string out;
  for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
  return out;
}

std::string indented(std::string_view text, std::string_view indent, std::size_t max_lines) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  std::string out;
  // The last lines of a program's stderr are the ones that say why.
  if (lines.size() > max_lines)
    lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(max_lines));
  for (const std::string_view line : lines) out += fmt::format("{}{}\n", indent, one_line(line));
  return out;
}

}  // namespace

void FailureList::add(const engine::Record& record, const ItemOf& item_of) {
  const auto* failed = std::get_if<engine::AttemptFailed>(&record.body);
  if (failed == nullptr || failed->retry_delay_ms) return;
  ++count_;
  if (kept_.size() >= kMaxKept) return;
  kept_.push_back({failed->step, failed->task, failed->attempt, failed->cause, failed->exit_code,
                   failed->signal, failed->message,
                   item_of ? item_of(failed->step, failed->task) : std::string()});
}

void FailureList::append(const FailureList& later) {
  count_ += later.count_;
  for (const Failure& failure : later.kept_)
    if (kept_.size() < kMaxKept) kept_.push_back(failure);
}

std::string item_of(const engine::WorkflowState& state, StepIndex index, TaskIndex task) {
  const workflow::Step& defined = state.definition->step(index);
  if (defined.type != workflow::StepType::kMap || defined.map.batch_size > 1) return {};
  std::optional<JsonList> list = state.step(index).list;
  if (!list && !defined.map.input_path.empty()) {
    const Result<engine::Text> text = engine::find_list(state, defined.map.input_path);
    if (text) list = JsonList::scan(*text);
    // Not what the step ran on, then.
    if (list && list->size() != state.step(index).items) list.reset();
  }
  if (!list || to_int(task) >= list->size()) return {};
  const std::string_view item = (*list)[to_int(task)];
  return item.size() <= kMaxItemBytes ? std::string(item)
                                      : to_valid_utf8(fitting_prefix(item, kMaxItemBytes)) + "...";
}

WorkflowReport report_on(const engine::WorkflowState& state) {
  WorkflowReport report;
  report.id = state.id;
  report.definition = state.definition;
  report.status = state.status;
  report.stopping = state.stopping.has_value();
  report.paused_at = state.paused_at;
  report.reason = state.reason;
  report.created = state.created;
  report.started = state.started;
  report.ended = state.ended;
  report.steps.reserve(state.steps.size());
  for (const StepState& step : state.steps) {
    StepReport made{step.status,    step.reason,  step.choice,       step.started,
                    step.ended,     step.items,   step.tasks.size(), {},
                    step.durations, step.refused, std::nullopt,      step.due};
    for (std::size_t i = 0; i < std::size(made.counts); ++i)
      made.counts[i] = step.tasks.count(static_cast<TaskStatus>(i));
    for (const auto& [task, due] : step.retry_due)
      made.next_retry = std::min(due, made.next_retry.value_or(due));
    report.steps.push_back(std::move(made));
  }
  return report;
}

Json report_json(const WorkflowReport& report) {
  json::array steps;
  for (std::size_t i = 0; i < report.steps.size(); ++i)
    steps.push_back(step_json(report.definition->steps[i], report.steps[i]));
  json::array failures;
  for (const Failure& failure : report.failures.kept())
    failures.push_back(failure_json(report, failure));
  return json::object{{"id", report.id.text()},
                      {"name", report.definition->name},
                      {"description", report.definition->description},
                      {"status", to_string(report.status)},
                      {"reason", report.reason},
                      {"paused_at", time_or_null(report.paused_at.value_or(TimePoint{}))},
                      {"created_at", time_or_null(report.created)},
                      {"started_at", time_or_null(report.started)},
                      {"completed_at", time_or_null(report.ended)},
                      {"duration_ms", duration_or_null(report.started, report.ended)},
                      {"source_directory", report.source_directory},
                      {"metadata", report.definition->metadata},
                      {"steps", std::move(steps)},
                      {"failed_tasks", report.failures.count()},
                      {"failures", std::move(failures)}};
}

std::string report_table(const WorkflowReport& report, const ReportOptions& options) {
  Table table({{""}, {"STEP"}, {"TYPE"}, {"STATUS"}, {"TASKS", true}, {"TIME", true}, {"NOTE"}});
  for (std::size_t i = 0; i < report.steps.size(); ++i) {
    const StepReport& step = report.steps[i];
    const workflow::Step& defined = report.definition->steps[i];
    const Symbol symbol = symbol_of(step.status, options.style);
    const bool ran = step.started != TimePoint{};
    const TimePoint end = engine::has_ended(step.status) ? step.ended : options.now;
    table.add({{std::string(symbol.text), symbol.tone},
               {defined.id},
               {std::string(to_string(defined.type)), Tone::kFaint},
               {std::string(to_string(step.status)), symbol.tone},
               {tasks_text(defined, step)},
               {ran ? short_duration(end - step.started) : ""},
               {note_of(report, defined, step, options.now)}});
  }
  return table.render(options.style, options.columns);
}

std::string failures_text(const WorkflowReport& report, const ReportOptions& options,
                          std::size_t max_shown) {
  if (report.failures.count() == 0) return {};
  constexpr std::size_t kMaxMessageLines = 6;
  std::string out =
      options.style.paint(Tone::kBad, counted(report.failures.count(), "task") + " failed:") + '\n';
  const std::size_t shown = std::min(max_shown, report.failures.kept().size());
  for (std::size_t i = 0; i < shown; ++i) {
    const Failure& failure = report.failures.kept()[i];
    const workflow::Step& step = report.definition->step(failure.step);
    const std::string_view message = failure.message;
    const std::size_t first_end = message.find('\n');
    Line line;
    line.add("  ").add(task_label(step, failure.task), Tone::kStrong).add(": ");
    line.add(message.substr(0, first_end), Tone::kBad);
    line.add(fmt::format(" ({}, attempt {})", to_string(failure.cause), to_int(failure.attempt)),
             Tone::kFaint);
    out += line.render(options.style, options.columns) + '\n';
    if (!failure.item.empty())
      out += Line()
                 .add("    item ", Tone::kFaint)
                 .add(failure.item)
                 .render(options.style, options.columns) +
             '\n';
    if (first_end != std::string_view::npos)
      out += indented(message.substr(first_end + 1), "    | ", kMaxMessageLines);
    out += options.style.paint(Tone::kFaint,
                               fmt::format("    log: agentainer logs{} {} {} {}", options.arguments,
                                           report.id.text(), step.id, to_int(failure.task))) +
           '\n';
  }
  if (shown < report.failures.count())
    out +=
        fmt::format("  and {} more; agentainer show{} {} lists them\n",
                    grouped(report.failures.count() - shown), options.arguments, report.id.text());
  return out;
}

}  // namespace agentainer::cli

#include "api/views.h"

#include "base/time_text.h"

namespace agentainer::api {
namespace {

using engine::TaskStatus;

Json time_or_null(TimePoint time) {
  return time == TimePoint{} ? Json(nullptr) : Json(utc_time(time));
}

json::array ids_of(const workflow::Definition& definition, const std::vector<StepIndex>& steps) {
  json::array out;
  for (const StepIndex step : steps) out.emplace_back(definition.step(step).id);
  return out;
}

json::object tasks_view(const engine::StepState& step) {
  json::object out{{"total", step.tasks.size()}};
  for (const TaskStatus status :
       {TaskStatus::kWaiting, TaskStatus::kRunning, TaskStatus::kRetrying, TaskStatus::kSucceeded,
        TaskStatus::kFailed, TaskStatus::kCancelled})
    out[to_string(status)] = step.tasks.count(status);
  return out;
}

json::object config_view(const workflow::Step& step) {
  json::object out;
  if (!step.image.empty()) out["image"] = step.image;
  if (step.type == workflow::StepType::kParallel) out["max_workers"] = step.max_workers;
  if (step.timeout.count() > 0) out["timeout_ms"] = step.timeout.count();
  if (step.runs_agents()) out["max_attempts"] = step.retry.max_attempts;
  return out;
}

Json step_view(const engine::WorkflowState& state, StepIndex index) {
  const workflow::Step& defined = state.definition->step(index);
  const engine::StepState& step = state.step(index);
  json::object out{{"id", defined.id},
                   {"name", defined.name},
                   {"type", to_string(defined.type)},
                   {"status", to_string(step.status)},
                   {"depends_on", ids_of(*state.definition, defined.depends_on)},
                   {"reason", step.reason},
                   {"config", config_view(defined)},
                   {"tasks", tasks_view(step)},
                   {"started_at", time_or_null(step.started)},
                   {"completed_at", time_or_null(step.ended)}};
  if (defined.type == workflow::StepType::kMap) out["items"] = step.items;
  if (!step.choice.empty()) out["choice"] = step.choice;
  if (step.durations.count > 0)
    out["task_duration_ms"] = json::object{{"min", step.durations.min_ms},
                                           {"mean", step.durations.sum_ms / step.durations.count},
                                           {"max", step.durations.max_ms}};
  if (!step.retry_due.empty()) out["next_retry_at"] = utc_time(step.retry_due.begin()->second);
  return out;
}

}  // namespace

Json summary_view(const store::WorkflowSummary& summary) {
  return {{"id", summary.id.text()},
          {"name", summary.name},
          {"status", summary.status},
          {"created_at", utc_time(summary.created)},
          {"updated_at", utc_time(summary.updated)}};
}

Json steps_view(const engine::WorkflowState& state) {
  json::array steps;
  steps.reserve(state.steps.size());
  for (std::uint32_t i = 0; i < state.steps.size(); ++i)
    steps.push_back(step_view(state, StepIndex{i}));
  return steps;
}

json::object workflow_view(const engine::WorkflowState& state) {
  const workflow::Definition& definition = *state.definition;
  return {{"id", state.id.text()},
          {"name", definition.name},
          {"description", definition.description},
          {"status", to_string(state.status)},
          {"paused", state.paused_at.has_value()},
          {"reason", state.reason},
          {"config", json::object{{"max_parallel", definition.max_parallel},
                                  {"timeout_ms", definition.timeout.count()}}},
          {"steps", steps_view(state)},
          {"metadata", definition.metadata},
          {"created_at", time_or_null(state.created)},
          {"updated_at", time_or_null(state.last_record)},
          {"started_at", time_or_null(state.started)},
          {"completed_at", time_or_null(state.ended)},
          {"sequence", state.sequence}};
}

std::optional<Json> state_view(const engine::WorkflowState& state, std::size_t max_bytes) {
  std::size_t bytes = 0;
  for (const auto& [key, entry] : state.data.entries()) bytes += key.size() + entry.text->size();
  if (bytes > max_bytes) return std::nullopt;
  json::object out;
  for (const auto& [key, entry] : state.data.entries()) {
    const Json* value = state.data.find(key);
    out[key] = value != nullptr ? *value : Json(nullptr);
  }
  return out;
}

Json task_view(const engine::WorkflowState& state, StepIndex step, TaskIndex task) {
  const workflow::Step& defined = state.definition->step(step);
  const engine::StepState& stored = state.step(step);
  json::object out{{"id", task_id_text(state.id, defined.id, task)},
                   {"step_id", defined.id},
                   {"step_name", defined.name},
                   {"index", to_int(task)},
                   {"status", to_string(stored.tasks.status(task))},
                   {"attempt", to_int(stored.tasks.attempt(task))}};
  if (const auto failures = stored.failures.find(to_int(task)); failures != stored.failures.end())
    out["failures"] = failures->second;
  if (const auto due = stored.retry_due.find(task); due != stored.retry_due.end())
    out["next_retry_at"] = utc_time(due->second);
  return out;
}

}  // namespace agentainer::api

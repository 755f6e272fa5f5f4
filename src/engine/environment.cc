#include "engine/environment.h"

namespace agentainer::engine {

const Json* StepMembers::find(std::string_view key) const {
  const std::optional<StepIndex> index = state_.definition->find(key);
  if (!index) return nullptr;
  const StepState& step = state_.step(*index);
  if (step.view && step.view->status == step.status && step.view->output == step.output)
    return &step.view->value;
  json::object object;
  object["status"] = to_string(step.status);
  object["error"] = step.status == StepStatus::kFailed ? Json(step.reason) : Json(nullptr);
  Json output(nullptr);
  if (step.output)
    if (Result<Json> parsed = parse_json(*step.output)) output = std::move(*parsed);
  object["output"] = std::move(output);
  step.view =
      std::make_shared<const StepView>(StepView{step.status, step.output, Json(std::move(object))});
  return &step.view->value;
}

std::vector<std::string_view> StepMembers::keys() const {
  std::vector<std::string_view> keys;
  keys.reserve(state_.definition->steps.size());
  for (const workflow::Step& step : state_.definition->steps) keys.push_back(step.id);
  return keys;
}

Environment::Environment(const WorkflowState& state) : state_(state), steps_(state) {
  workflow_ = json::object{{"id", state.id.text()}, {"name", state.definition->name}};
  bindings_.set("state", &state.data);
  bindings_.set("steps", &steps_);
  bindings_.set("workflow", &workflow_);
}

Status Environment::bind_task(StepIndex step, TaskIndex task, Attempt attempt,
                              std::optional<std::string_view> item) {
  const workflow::Step& defined = state_.definition->step(step);
  const std::uint64_t batch = defined.type == workflow::StepType::kMap ? defined.map.batch_size : 1;
  index_ = static_cast<std::int64_t>(to_int(task) * batch);
  attempt_ = std::int64_t{to_int(attempt)};
  bindings_.set("index", &index_);
  bindings_.set("attempt", &attempt_);
  if (item) {
    Result<Json> parsed = parse_json(*item);
    if (!parsed)
      return fail(ErrorCode::kInvalid, "item {}: {}", to_int(task), parsed.error().message);
    item_ = std::move(*parsed);
    bindings_.set(defined.map.item_alias, &item_);
  }
  return {};
}

}  // namespace agentainer::engine

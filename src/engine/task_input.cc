#include "engine/task_input.h"

#include "engine/decider.h"
#include "engine/environment.h"
#include "engine/json_path.h"

namespace agentainer::engine {
namespace {

using workflow::StepType;

void append_member(std::string& out, std::string_view key, std::string_view json_text) {
  if (!out.empty() && out.back() != '{') out.push_back(',');
  append_json_string(out, key);
  out.push_back(':');
  out.append(json_text);
}

/// Joins the outputs that a reduce step gathers, in the order of its dependencies: the lists of
/// maps and parallel steps one after another, any other output as one element.
void append_reduce_input(std::string& out, const WorkflowState& state, StepIndex index) {
  std::string results;
  std::string errors;
  const auto add = [](std::string& list, std::string_view elements) {
    if (elements.empty()) return;
    if (!list.empty()) list.push_back(',');
    list.append(elements);
  };
  const auto inside = [](const std::string& list) {
    return std::string_view(list).substr(1, list.size() - 2);
  };
  for (const StepIndex dependency : state.definition->step(index).depends_on) {
    const StepState& step = state.step(dependency);
    const StepType type = state.definition->step(dependency).type;
    if (step.errors) add(errors, inside(*step.errors));
    if (!step.output || !state.definition->step(dependency).runs_agents()) continue;
    add(results, type == StepType::kMap || type == StepType::kParallel
                     ? inside(*step.output)
                     : std::string_view(*step.output));
  }
  append_member(out, "results", "[" + results + "]");
  append_member(out, "errors", "[" + errors + "]");
}

/// The text of a batch: a JSON list of its items.
std::string batch_of(const JsonList& list, std::uint32_t first, std::uint32_t count) {
  std::string out = "[";
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i > 0) out.push_back(',');
    out.append(list[first + i]);
  }
  out.push_back(']');
  return out;
}

}  // namespace

const TaskInputs::Shared& TaskInputs::shared(StepIndex index) {
  // Each holds the state as text: a few steps dispatch at the same time, a workflow may have many.
  constexpr std::size_t kMostShared = 16;
  if (version_ != state_.data.version() || shared_.size() > kMostShared) shared_.clear();
  version_ = state_.data.version();
  Shared& shared = shared_[index];
  if (!shared.head.empty()) return shared;
  const workflow::Step& step = state_.definition->step(index);
  shared.head.push_back('{');
  append_member(shared.head, "workflow_id", '"' + state_.id.text() + '"');
  const auto text = [&](std::string_view key, std::string_view value) {
    std::string literal;
    append_json_string(literal, value);
    append_member(shared.head, key, literal);
  };
  text("workflow_name", state_.definition->name);
  text("step_id", step.id);
  text("step_name", step.name);
  text("step_type", to_string(step.type));
  if (step.input) return shared;
  const std::string list =
      step.type == StepType::kMap ? key_of_list(state_, step.map.input_path) : std::string();
  for (const auto& [key, entry] : state_.data.entries()) {
    // Each task of a map gets its item, not the whole list again: n tasks would read n² items.
    const bool mapped = step.type == StepType::kMap && key == list;
    const bool gathered = step.type == StepType::kReduce && (key == "results" || key == "errors");
    const bool shadowed =
        step.type == StepType::kMap && (key == step.map.item_alias || key == "_map_index");
    if (!mapped && !gathered && !shadowed) append_member(shared.state, key, *entry.text);
  }
  return shared;
}

namespace {

/// The names that a task's expressions see, bound when the first of them is evaluated: constant
/// texts, the common case, need none.
class TaskNames {
 public:
  TaskNames(const WorkflowState& state, StepIndex step, TaskIndex task, Attempt attempt,
            std::optional<std::string_view> items)
      : state_(state), step_(step), task_(task), attempt_(attempt), items_(items) {}

  Result<const expr::Bindings*> bindings() {
    if (!environment_) {
      environment_.emplace(state_);
      if (Status bound = environment_->bind_task(step_, task_, attempt_, items_); !bound)
        return tl::make_unexpected(bound.error());
    }
    return &environment_->bindings();
  }

  Result<std::string> evaluate(const expr::Template& text, std::string_view what) {
    static const expr::Bindings kNone;
    const expr::Bindings* names = &kNone;
    if (!text.is_constant()) {
      const auto bound = bindings();
      if (!bound) return tl::make_unexpected(bound.error());
      names = *bound;
    }
    Result<std::string> value = text.evaluate_text(*names);
    if (!value) return fail(value.error().code, "{}: {}", what, value.error().message);
    return value;
  }

 private:
  const WorkflowState& state_;
  StepIndex step_;
  TaskIndex task_;
  Attempt attempt_;
  std::optional<std::string_view> items_;
  std::optional<Environment> environment_;
};

Status evaluate_command(const workflow::Step& step, TaskNames& names, TaskInput& input) {
  for (const expr::Template& argument : step.command) {
    Result<std::string> value = names.evaluate(argument, "command");
    if (!value) return tl::make_unexpected(value.error());
    input.command.push_back(std::move(*value));
  }
  for (const workflow::EnvironmentVariable& variable : step.env_vars) {
    Result<std::string> value = names.evaluate(variable.value, variable.name);
    if (!value) return tl::make_unexpected(value.error());
    input.environment.emplace_back(variable.name, std::move(*value));
  }
  return {};
}

}  // namespace

Result<TaskInput> TaskInputs::make(StepIndex index, TaskIndex task, Attempt attempt,
                                   std::optional<std::string_view> items) {
  const workflow::Step& step = state_.definition->step(index);
  const StepState& step_state = state_.step(index);
  TaskInput input;
  std::string own_items;
  const std::uint32_t first = to_int(task) * step.map.batch_size;
  if (step.type == StepType::kMap) {
    input.map_index = first;
    if (step_state.list) {
      own_items = step.map.batch_size > 1
                      ? batch_of(*step_state.list, first, items_of_task(state_, index, task))
                      : std::string((*step_state.list)[first]);
      items = own_items;
    }
    if (!items) return fail(ErrorCode::kInternal, "map {} has no items at hand", step.id);
  } else if (step.type == StepType::kParallel) {
    input.worker_id = to_int(task);
  }
  TaskNames names(state_, index, task, attempt, items);
  if (Status evaluated = evaluate_command(step, names, input); !evaluated)
    return tl::make_unexpected(evaluated.error());

  const Shared& parts = shared(index);
  std::string& out = input.document;
  out = parts.head;
  append_member(out, "task_id", '"' + task_id_text(state_.id, step.id, task) + '"');
  append_member(out, "attempt", std::to_string(to_int(attempt)));
  if (input.worker_id) append_member(out, "worker_id", std::to_string(*input.worker_id));
  if (input.map_index) append_member(out, "map_index", std::to_string(*input.map_index));
  if (step.input) {
    const auto bound = names.bindings();
    if (!bound) return tl::make_unexpected(bound.error());
    const Result<Json> value = step.input->evaluate(**bound);
    if (!value) return fail(value.error().code, "input: {}", value.error().message);
    append_member(out, "input", to_text(*value));
  } else {
    std::string body = "{" + parts.state;
    if (step.type == StepType::kMap) {
      append_member(body, step.map.item_alias, *items);
      append_member(body, "_map_index", std::to_string(first));
    }
    if (step.type == StepType::kReduce) append_reduce_input(body, state_, index);
    body.push_back('}');
    append_member(out, "input", body);
  }
  out.push_back('}');
  return input;
}

}  // namespace agentainer::engine

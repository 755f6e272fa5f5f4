#include "server/recovery.h"

#include <utility>

namespace agentainer::server {
namespace {

using engine::StepState;
using engine::Text;

Text find_text(const store::LoadedWorkflow& loaded, const std::string& key) {
  const auto found = loaded.step_outputs.find(key);
  return found == loaded.step_outputs.end() ? nullptr
                                            : std::make_shared<const std::string>(found->second);
}

/// What the engine takes for granted of the texts of a step.
Status check_outputs(const workflow::Step& defined, const StepState& step) {
  const bool list =
      defined.type == workflow::StepType::kMap || defined.type == workflow::StepType::kParallel;
  const bool has_result = step.status == engine::StepStatus::kCompleted ||
                          (!list && step.tasks.count(engine::TaskStatus::kSucceeded) > 0);
  if (has_result && !step.output)
    return fail(ErrorCode::kInvalid, "the output of step {} is missing", defined.id);
  for (const Text& text : {step.output, step.errors}) {
    if (!text) continue;
    const bool must_be_list = list || text == step.errors;
    if (!check_json(*text) || (must_be_list && !JsonList::scan(text)))
      return fail(ErrorCode::kInvalid, "the stored output of step {} is damaged", defined.id);
  }
  return {};
}

}  // namespace

std::string step_text_key(std::string_view step_id, std::string_view part) {
  // No step id contains a slash.
  return part.empty() ? std::string(step_id) : fmt::format("{}/{}", step_id, part);
}

std::string signal_text_key(std::string_view name) {
  return fmt::format("/signal/{}", name);  // no step id is empty
}

Result<engine::WorkflowState> rebuild(const store::LoadedWorkflow& loaded,
                                      std::shared_ptr<const workflow::Definition> definition) {
  engine::WorkflowState state = engine::make_state(loaded.id, std::move(definition));
  for (const std::string& text : loaded.records) {
    const Result<engine::Record> record = engine::decode(text, *state.definition);
    if (!record) return tl::make_unexpected(record.error());
    if (const Status legal = engine::check_record(state, *record); !legal)
      return fail(legal.error().code, "record {} of workflow {}: {}", state.sequence + 1,
                  loaded.id.text(), legal.error().message);
    engine::transition(state, *record);
    ++state.sequence;
  }
  if (state.sequence != loaded.sequence)
    return fail(ErrorCode::kInvalid, "workflow {} has {} records but says it has {}",
                loaded.id.text(), state.sequence, loaded.sequence);

  state.data = {};
  for (const auto& [key, text] : loaded.state) {
    if (const auto valid = check_json(text); !valid)
      return fail(ErrorCode::kInvalid, "state key '{}' of workflow {}: {}", key, loaded.id.text(),
                  valid.error().message);
    state.data.set(key, std::make_shared<const std::string>(text));
  }
  for (auto& [name, payload] : state.signals) {
    payload = find_text(loaded, signal_text_key(name));
    if (!payload || !check_json(*payload))
      return fail(ErrorCode::kInvalid, "the stored signal {} is damaged", name);
  }
  for (std::size_t i = 0; i < state.steps.size(); ++i) {
    const std::string& id = state.definition->steps[i].id;
    StepState& step = state.steps[i];
    step.output = find_text(loaded, step_text_key(id, ""));
    step.errors = find_text(loaded, step_text_key(id, "errors"));
    if (Status sound = check_outputs(state.definition->steps[i], step); !sound)
      return tl::make_unexpected(sound.error());
    if (step.status != engine::StepStatus::kRunning) continue;
    if (state.definition->steps[i].map.input_path.empty()) continue;
    if (Text items = find_text(loaded, step_text_key(id, "items")))
      step.list = JsonList::scan(std::move(items));
    if (!step.list || step.list->size() != step.items)
      return fail(ErrorCode::kInvalid, "the stored items of step {} are damaged", id);
  }
  engine::rebuild_agenda(state);
  return state;
}

}  // namespace agentainer::server

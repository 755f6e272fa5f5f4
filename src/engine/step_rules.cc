// The life of a step: when it starts, what it selects, how it ends.

#include <set>
#include <utility>

#include "engine/decider.h"
#include "engine/environment.h"
#include "engine/json_path.h"

namespace agentainer::engine {

using workflow::Choice;
using workflow::FailureStrategy;
using workflow::StepType;

void Decider::start_step(StepIndex index) {
  if (state_.stopping || state_.step(index).status != StepStatus::kPending ||
      state_.step(index).reading_items)
    return;
  const StepState& step = state_.step(index);
  const workflow::Step& defined_step = defined(index);
  const bool partial = definition().failure_strategy == FailureStrategy::kContinueOnPartial;
  if (step.failed_dependency && !partial) {
    skip_step(index, fmt::format("it depends on {}, which {}", defined(*step.failed_dependency).id,
                                 state_.step(*step.failed_dependency).status == StepStatus::kFailed
                                     ? "failed"
                                     : "was cancelled"));
    return;
  }
  if (!defined_step.depends_on.empty() && step.completed == 0 && !step.failed_dependency) {
    skip_step(index, "every step it depends on was skipped");
    return;
  }
  if (defined_step.condition) {
    const Environment environment(state_);
    const Result<bool> holds = defined_step.condition->evaluate(environment.bindings());
    if (!holds) {
      fail_step(index, "condition: " + holds.error().message);
      return;
    }
    if (!*holds) {
      skip_step(index, "condition is false: " + defined_step.condition->text());
      return;
    }
  }
  start_tasks(index);
}

void Decider::start_tasks(StepIndex index) {
  const workflow::Step& step = defined(index);
  switch (step.type) {
    case StepType::kMap:
      start_map(index);
      return;
    case StepType::kParallel:
      emit(StepStarted{index, step.max_workers, step.max_workers, {}});
      return;
    case StepType::kSequential:
    case StepType::kReduce:
      emit(StepStarted{index, 1, 1, {}});
      return;
    case StepType::kBranch:
    case StepType::kDecision:
      choose(index);
      return;
    case StepType::kWait:
      start_wait(index);
      return;
  }
}

void Decider::start_map(StepIndex index) {
  const workflow::MapConfig& map = defined(index).map;
  if (!map.input_file.empty()) {
    state_.step(index).reading_items = true;
    effects_.actions.emplace_back(ReadItems{index});
    return;
  }
  const Result<Text> text = find_list(state_, map.input_path);
  if (!text) {
    fail_step(index, text.error().message);
    return;
  }
  std::optional<JsonList> list = JsonList::scan(*text);
  if (!list) {
    fail_step(index, fmt::format("input_path '{}' is too large: at most 4 GiB; use input_file",
                                 map.input_path));
    return;
  }
  const auto items = static_cast<std::uint32_t>(list->size());
  // The list as it is now is what the map runs over, also after a restart, whatever later steps do
  // to it.
  effects_.step_texts.push_back({index, "items", *text});
  state_.step(index).list = std::move(list);
  start_map_over(index, items, {});
}

void Decider::start_map_over(StepIndex index, std::uint32_t items, std::string fingerprint) {
  emit(StepStarted{index, tasks_of_step(defined(index), items), items, std::move(fingerprint)});
}

void Decider::on_items_read(ItemsRead& event) {
  StepState& step = state_.step(event.step);
  if (step.status != StepStatus::kPending || !step.reading_items) return;
  step.reading_items = false;
  if (event.error.empty()) {
    start_map_over(event.step, event.count, std::move(event.fingerprint));
  } else {
    fail_step(event.step, event.error);
  }
}

void Decider::choose(StepIndex index) {
  const workflow::Step& step = defined(index);
  const Environment environment(state_);
  const Choice* chosen = nullptr;
  for (const Choice& choice : step.choices) {
    const Result<bool> holds =
        choice.when ? choice.when->evaluate(environment.bindings()) : Result<bool>(true);
    if (!holds) {
      fail_step(index, fmt::format("choice {}: {}", choice.name, holds.error().message));
      return;
    }
    if (!*holds) continue;
    chosen = &choice;
    break;
  }
  StepEnded record{
      index, StepStatus::kCompleted, {}, chosen != nullptr ? chosen->name : "none", {}};
  std::set<StepIndex> known;  // selected, or passed over already
  if (chosen != nullptr) known.insert(chosen->next.begin(), chosen->next.end());
  for (const Choice& choice : step.choices)
    for (const StepIndex target : choice.next)
      if (known.insert(target).second) record.passed_over.push_back(target);
  std::string output = R"({"selected":)";
  append_json_string(output, record.choice);
  output += '}';
  auto text = std::make_shared<const std::string>(std::move(output));
  state_.step(index).output = text;
  effects_.step_texts.push_back({index, "", std::move(text)});
  emit(std::move(record));
}

void Decider::settle(StepIndex index) {
  StepState& step = state_.step(index);
  const workflow::Step& defined_step = defined(index);
  const bool has_list_of_results =
      defined_step.type == StepType::kMap || defined_step.type == StepType::kParallel;
  if (step.stopping) {
    const bool keep_partial = has_list_of_results && !state_.stopping &&
                              step.stopping == StepStatus::kFailed &&
                              definition().failure_strategy == FailureStrategy::kContinueOnPartial;
    if (!keep_partial) {
      const StepStatus outcome = *step.stopping;
      emit(StepEnded{index, outcome, step.reason, {}, {}});
      return;
    }
  } else if (!has_list_of_results) {
    complete_single(index);
    return;
  }
  if (std::exchange(step.collecting, true)) return;
  if (step.tasks.size() == 0) {
    ResultsCollected nothing{index, "[]", "[]", {}};
    on_results_collected(nothing);
    return;
  }
  effects_.actions.emplace_back(CollectResults{index});
}

void Decider::complete_single(StepIndex index) {
  const StepState& step = state_.step(index);
  const Result<Json> output = parse_json(*step.output);
  StateChanged changed;
  if (output && output->is_object()) {
    for (const auto& [key, value] : output->get_object()) {
      set_state(key, std::make_shared<const std::string>(to_text(value)));
      changed.keys.emplace_back(key);
    }
  }
  if (!changed.keys.empty()) emit(std::move(changed));
  emit(StepEnded{index, StepStatus::kCompleted, {}, {}, {}});
}

void Decider::on_results_collected(ResultsCollected& event) {
  StepState& step = state_.step(event.step);
  if (step.status != StepStatus::kRunning || !step.collecting) return;
  step.collecting = false;
  if (state_.stopping) {
    emit(
        StepEnded{event.step, step.stopping.value_or(StepStatus::kCancelled), step.reason, {}, {}});
    return;
  }
  if (!event.failure.empty()) {
    fail_step(event.step, event.failure);
    return;
  }
  step.output = std::make_shared<const std::string>(std::move(event.results));
  effects_.step_texts.push_back({event.step, "", step.output});
  if (event.errors != "[]" && !event.errors.empty()) {
    step.errors = std::make_shared<const std::string>(std::move(event.errors));
    effects_.step_texts.push_back({event.step, "errors", step.errors});
  }
  const std::string key = defined(event.step).id + "_results";
  set_state(key, step.output);
  emit(StateChanged{{key}});
  const StepStatus outcome = step.stopping.value_or(StepStatus::kCompleted);
  emit(StepEnded{event.step, outcome, step.reason, {}, {}});
}

void Decider::stop_step(StepIndex index, StepStatus outcome, std::string_view reason) {
  stop_attempts_of(index);
  emit(StepStopping{index, outcome, bounded(reason)});
  if (outcome == StepStatus::kFailed) on_step_failed(index, reason);
}

void Decider::fail_step(StepIndex index, std::string_view reason) {
  emit(StepEnded{index, StepStatus::kFailed, bounded(reason), {}, {}});
  on_step_failed(index, reason);
}

void Decider::skip_step(StepIndex index, std::string_view reason) {
  emit(StepEnded{index, StepStatus::kSkipped, bounded(reason), {}, {}});
}

void Decider::on_step_failed(StepIndex index, std::string_view reason) {
  if (definition().failure_strategy != FailureStrategy::kFailFast) return;
  stop_workflow(WorkflowStatus::kFailed,
                fmt::format("step {} failed: {}", defined(index).id, reason));
}

}  // namespace agentainer::engine

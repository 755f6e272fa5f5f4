#include "cli/progress/window.h"

#include <algorithm>

namespace agentainer::cli {
namespace {

using engine::StepStatus;

/// The `count` steps that ended last, those that never ran behind the others.
void append_last_ended(const engine::WorkflowState& state, std::size_t count,
                       std::vector<StepIndex>& chosen) {
  std::vector<StepIndex> ended;
  for (std::uint32_t i = 0; i < state.steps.size(); ++i)
    if (engine::has_ended(state.steps[i].status)) ended.push_back(StepIndex{i});
  count = std::min(count, ended.size());
  const auto later = [&](StepIndex a, StepIndex b) {
    const engine::StepState& left = state.step(a);
    const engine::StepState& right = state.step(b);
    const bool left_ran = left.status != StepStatus::kSkipped;
    const bool right_ran = right.status != StepStatus::kSkipped;
    if (left_ran != right_ran) return left_ran;
    if ((left.status == StepStatus::kFailed) != (right.status == StepStatus::kFailed))
      return left.status == StepStatus::kFailed;
    if (left.ended != right.ended) return left.ended > right.ended;
    return a > b;
  };
  std::partial_sort(ended.begin(), ended.begin() + static_cast<std::ptrdiff_t>(count), ended.end(),
                    later);
  chosen.insert(chosen.end(), ended.begin(), ended.begin() + static_cast<std::ptrdiff_t>(count));
}

/// The next `count` pending steps in file order.
void append_next(const engine::WorkflowState& state, std::size_t count,
                 std::vector<StepIndex>& chosen) {
  for (std::uint32_t i = 0; i < state.steps.size() && count > 0; ++i) {
    if (state.steps[i].status != StepStatus::kPending) continue;
    chosen.push_back(StepIndex{i});
    --count;
  }
}

}  // namespace

bool shows_error(const engine::WorkflowState& state,
                 const std::map<StepIndex, std::string>& last_errors, StepIndex step) {
  return state.step(step).status == StepStatus::kRunning && last_errors.contains(step);
}

Window choose_window(const engine::WorkflowState& state,
                     const std::map<StepIndex, std::string>& last_errors, std::size_t rows) {
  Window window;
  if (rows == 0) return window;
  const auto error_lines = static_cast<std::size_t>(std::count_if(
      last_errors.begin(), last_errors.end(),
      [&](const auto& entry) { return shows_error(state, last_errors, entry.first); }));
  const std::size_t steps = state.steps.size();
  if (steps <= rows) {
    for (std::uint32_t i = 0; i < steps; ++i) window.steps.push_back(StepIndex{i});
    window.with_errors = steps + error_lines <= rows;
    return window;
  }
  std::size_t left = rows - 1;
  for (std::uint32_t i = 0; i < steps && window.steps.size() < left; ++i)
    if (state.steps[i].status == StepStatus::kRunning) window.steps.push_back(StepIndex{i});
  left -= window.steps.size();
  // Errors of what runs matter more than steps that do not run.
  window.with_errors = error_lines > 0 && error_lines <= left;
  if (window.with_errors) left -= error_lines;
  const std::size_t before = window.steps.size();
  std::vector<StepIndex> next;
  append_next(state, left, next);
  append_last_ended(state, left - std::min(left / 2, next.size()), window.steps);
  left -= window.steps.size() - before;
  next.resize(std::min(left, next.size()));
  window.steps.insert(window.steps.end(), next.begin(), next.end());
  std::sort(window.steps.begin(), window.steps.end());
  return window;
}

}  // namespace agentainer::cli

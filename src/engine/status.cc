#include "engine/status.h"

#include <array>

namespace agentainer::engine {
namespace {

constexpr std::array<std::string_view, 5> kWorkflowNames{"pending", "running", "completed",
                                                         "failed", "cancelled"};
constexpr std::array<std::string_view, 6> kStepNames{"pending", "running", "completed",
                                                     "failed",  "skipped", "cancelled"};
constexpr std::array<std::string_view, 6> kTaskNames{"waiting",   "running", "retrying",
                                                     "succeeded", "failed",  "cancelled"};

template <typename Status, std::size_t n>
std::optional<Status> find(const std::array<std::string_view, n>& names, std::string_view text) {
  for (std::size_t i = 0; i < n; ++i)
    if (names[i] == text) return static_cast<Status>(i);
  return std::nullopt;
}

}  // namespace

std::string_view to_string(WorkflowStatus status) {
  return kWorkflowNames[static_cast<std::size_t>(status)];
}
std::string_view to_string(StepStatus status) {
  return kStepNames[static_cast<std::size_t>(status)];
}
std::string_view to_string(TaskStatus status) {
  return kTaskNames[static_cast<std::size_t>(status)];
}

std::optional<WorkflowStatus> parse_workflow_status(std::string_view text) {
  return find<WorkflowStatus>(kWorkflowNames, text);
}
std::optional<StepStatus> parse_step_status(std::string_view text) {
  return find<StepStatus>(kStepNames, text);
}

}  // namespace agentainer::engine

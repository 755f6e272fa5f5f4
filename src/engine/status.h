#pragma once
// The states of workflows, steps and tasks.

#include <cstdint>
#include <optional>
#include <string_view>

namespace agentainer::engine {

enum class WorkflowStatus : std::uint8_t { kPending, kRunning, kCompleted, kFailed, kCancelled };
enum class StepStatus : std::uint8_t {
  kPending,
  kRunning,
  kCompleted,
  kFailed,
  kSkipped,
  kCancelled
};

/// waiting ──> running ──> succeeded
///    │         │  ▲ └───> failed
///    │         ▼  │
///    │       retrying
///    └─────────┴───────> cancelled   (from running too)
enum class TaskStatus : std::uint8_t {
  kWaiting,
  kRunning,
  kRetrying,
  kSucceeded,
  kFailed,
  kCancelled
};

std::string_view to_string(WorkflowStatus status);
std::string_view to_string(StepStatus status);
std::string_view to_string(TaskStatus status);
std::optional<WorkflowStatus> parse_workflow_status(std::string_view text);
std::optional<StepStatus> parse_step_status(std::string_view text);

constexpr bool has_ended(WorkflowStatus status) { return status >= WorkflowStatus::kCompleted; }
constexpr bool has_ended(StepStatus status) { return status >= StepStatus::kCompleted; }
constexpr bool has_ended(TaskStatus status) { return status >= TaskStatus::kSucceeded; }

/// The table of legal changes of a task.
constexpr bool is_legal(TaskStatus from, TaskStatus to) {
  switch (from) {
    case TaskStatus::kWaiting:
    case TaskStatus::kRetrying:
      return to == TaskStatus::kRunning || to == TaskStatus::kCancelled;
    case TaskStatus::kRunning:
      return to == TaskStatus::kSucceeded || to == TaskStatus::kFailed ||
             to == TaskStatus::kRetrying || to == TaskStatus::kCancelled;
    case TaskStatus::kSucceeded:
    case TaskStatus::kFailed:
    case TaskStatus::kCancelled:
      return false;
  }
  return false;
}

}  // namespace agentainer::engine

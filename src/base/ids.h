#pragma once
// Identities. (workflow, step, task, attempt) identifies work; the attempt is the fencing token.

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace agentainer {

/// A 128-bit id: 48 bits of Unix milliseconds, then 80 random bits, so ids sort by creation. Text
/// is 26 lower-case characters of Crockford's base 32 (the ULID layout).
class WorkflowId {
 public:
  constexpr WorkflowId() = default;

  static WorkflowId from_parts(std::uint64_t unix_ms, std::uint64_t random_high16,
                               std::uint64_t random_low64);
  /// Accepts exactly what `text()` gives, in either case.
  static std::optional<WorkflowId> parse(std::string_view text);

  std::string text() const;
  std::uint64_t unix_ms() const { return high_ >> 16; }
  bool is_null() const { return high_ == 0 && low_ == 0; }
  std::size_t hash() const {
    return static_cast<std::size_t>(high_ * 0x9E3779B97F4A7C15ull ^ low_);
  }

  auto operator<=>(const WorkflowId&) const = default;

 private:
  std::uint64_t high_ = 0;
  std::uint64_t low_ = 0;
};

/// Position of a step in its definition's `steps`.
enum class StepIndex : std::uint32_t {};
/// Position of a task in its step, from 0: the item (or batch) of a map, the worker of a parallel
/// step.
enum class TaskIndex : std::uint32_t {};
/// Number of a task's try, from 1; it only ever grows, also across restarts.
enum class Attempt : std::uint32_t {};
/// Number of an owner's claim on a workflow; a commit with an older one is refused.
enum class Epoch : std::uint64_t {};

constexpr std::uint32_t to_int(StepIndex v) { return static_cast<std::uint32_t>(v); }
constexpr std::uint32_t to_int(TaskIndex v) { return static_cast<std::uint32_t>(v); }
constexpr std::uint32_t to_int(Attempt v) { return static_cast<std::uint32_t>(v); }
constexpr std::uint64_t to_int(Epoch v) { return static_cast<std::uint64_t>(v); }

struct AttemptId {
  WorkflowId workflow;
  StepIndex step{};
  TaskIndex task{};
  Attempt attempt{};
  auto operator<=>(const AttemptId&) const = default;
};

struct AttemptIdHash {
  std::size_t operator()(const AttemptId& id) const {
    const std::uint64_t place = (std::uint64_t{to_int(id.step)} << 40) ^
                                (std::uint64_t{to_int(id.attempt)} << 32) ^ to_int(id.task);
    return id.workflow.hash() ^ static_cast<std::size_t>(place * 0xD6E8FEB86659FD93ull);
  }
};

/// The task's id as agents see it (TASK_ID): `<workflow>-<step id>-<task>`.
std::string task_id_text(const WorkflowId& workflow, std::string_view step_id, TaskIndex task);

}  // namespace agentainer

template <>
struct std::hash<agentainer::WorkflowId> {
  std::size_t operator()(const agentainer::WorkflowId& id) const noexcept { return id.hash(); }
};

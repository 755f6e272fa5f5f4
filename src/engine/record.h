#pragma once
// The history of a workflow: what is stored, shown and replayed. A record says what was decided,
// never why it could have been otherwise; replaying all of them gives the state.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/outcome.h"
#include "base/result.h"
#include "base/time.h"
#include "engine/status.h"
#include "workflow/definition.h"

namespace agentainer::engine {

struct WorkflowCreated {
  std::string name;
  bool operator==(const WorkflowCreated&) const = default;
};
struct WorkflowStarted {
  bool operator==(const WorkflowStarted&) const = default;
};

/// From here on nothing new starts; what runs is being stopped.
struct WorkflowStopping {
  WorkflowStatus outcome = WorkflowStatus::kFailed;  ///< kFailed or kCancelled
  std::string reason;
  bool operator==(const WorkflowStopping&) const = default;
};
struct WorkflowEnded {
  WorkflowStatus status = WorkflowStatus::kCompleted;
  std::string reason;
  bool operator==(const WorkflowEnded&) const = default;
};
/// A server took the workflow up again after another one (or a restart of the same) left it.
struct WorkflowResumed {
  bool operator==(const WorkflowResumed&) const = default;
};

/// No attempt is dispatched from here to WorkflowUnpaused, or to the end of the workflow.
struct WorkflowPaused {
  bool operator==(const WorkflowPaused&) const = default;
};
struct WorkflowUnpaused {
  bool operator==(const WorkflowUnpaused&) const = default;
};

struct StepStarted {
  StepIndex step{};
  std::uint32_t tasks = 0;
  std::uint32_t items = 0;       ///< Of a map; with batches there are fewer tasks than items.
  std::string fingerprint;       ///< Of a map's input_file.
  std::optional<TimePoint> due;  ///< When a wait ends by itself; absent: never.
  bool operator==(const StepStarted&) const = default;
};
/// The step is decided (failed or cancelled) while attempts still run.
struct StepStopping {
  StepIndex step{};
  StepStatus outcome = StepStatus::kFailed;
  std::string reason;
  bool operator==(const StepStopping&) const = default;
};
struct StepEnded {
  StepIndex step{};
  StepStatus status = StepStatus::kCompleted;
  std::string reason;
  std::string choice;                  ///< Of a branch or decision: the name of what it selected.
  std::vector<StepIndex> passed_over;  ///< Steps it did not select; they are skipped.
  bool operator==(const StepEnded&) const = default;
};

/// Tasks [first, last] of a step, all with the same attempt number.
struct TaskRun {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint32_t attempt = 0;
  bool operator==(const TaskRun&) const = default;
};
struct TasksDispatched {
  StepIndex step{};
  std::vector<TaskRun> tasks;
  bool operator==(const TasksDispatched&) const = default;
};
struct TasksSucceeded {
  StepIndex step{};
  std::vector<TaskRun> tasks;
  std::vector<std::uint32_t> durations_ms;  ///< One for each task, in the order of `tasks`.
  bool operator==(const TasksSucceeded&) const = default;
};
/// Attempts that were stopped because nobody wants their result any more.
struct TasksCancelled {
  StepIndex step{};
  std::vector<TaskRun> tasks;
  bool operator==(const TasksCancelled&) const = default;
};
struct AttemptFailed {
  StepIndex step{};
  TaskIndex task{};
  Attempt attempt{};
  FailureCause cause = FailureCause::kLost;
  int exit_code = 0;
  int signal = 0;
  std::string message;
  std::uint32_t duration_ms = 0;
  bool counts = true;                          ///< Counts towards max_attempts.
  std::optional<std::int64_t> retry_delay_ms;  ///< Absent: final.
  bool operator==(const AttemptFailed&) const = default;
};
/// A report that came too late: its attempt is not the current one, or its task has ended.
struct ResultRefused {
  StepIndex step{};
  TaskIndex task{};
  Attempt attempt{};
  bool operator==(const ResultRefused&) const = default;
};
struct StateChanged {
  std::vector<std::string> keys;
  bool operator==(const StateChanged&) const = default;
};

/// A signal came, and is kept until a step takes it.
struct SignalReceived {
  std::string name;
  bool operator==(const SignalReceived&) const = default;
};
/// A wait took the signal it waited for.
struct SignalTaken {
  StepIndex step{};
  bool operator==(const SignalTaken&) const = default;
};

using RecordBody =
    std::variant<WorkflowCreated, WorkflowStarted, WorkflowStopping, WorkflowEnded, WorkflowResumed,
                 StepStarted, StepStopping, StepEnded, TasksDispatched, TasksSucceeded,
                 TasksCancelled, AttemptFailed, ResultRefused, StateChanged, WorkflowPaused,
                 WorkflowUnpaused, SignalReceived, SignalTaken>;

struct Record {
  TimePoint at{};
  RecordBody body;
  bool operator==(const Record&) const = default;
};

inline constexpr std::size_t kMaxReasonBytes = 4096;

/// `text` cut to `max_bytes` and made valid UTF-8, as every text in a record must be: what is
/// stored is then what is in memory.
std::string bounded(std::string_view text, std::size_t max_bytes = kMaxReasonBytes);

/// The stored form: one JSON object, `{"type":"step_started","at":<unix ms>,"step":"<id>",…}`.
std::string encode(const Record& record, const workflow::Definition& definition);
/// kInvalid for anything encode() does not give for this definition.
Result<Record> decode(std::string_view text, const workflow::Definition& definition);

}  // namespace agentainer::engine

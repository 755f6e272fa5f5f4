#pragma once
// One workflow in memory. What is recorded is changed by transition.cc alone; the agenda is derived
// from it and only says where to look next, so that an event costs O(1) and not a scan of the
// steps.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "base/ids.h"
#include "base/json_scan.h"
#include "base/time.h"
#include "engine/record.h"
#include "engine/state_data.h"
#include "engine/status.h"
#include "workflow/definition.h"

namespace agentainer::engine {

/// Status and attempt number of every task of a step: 3 bytes a task, made when the step starts.
class TaskTable {
 public:
  void resize(std::uint32_t count);
  std::uint32_t size() const { return static_cast<std::uint32_t>(status_.size()); }
  TaskStatus status(TaskIndex task) const { return static_cast<TaskStatus>(status_[to_int(task)]); }
  /// Number of the latest attempt; 0 before the first.
  Attempt attempt(TaskIndex task) const { return Attempt{attempts_[to_int(task)]}; }
  std::uint32_t count(TaskStatus status) const { return counts_[static_cast<std::size_t>(status)]; }

  /// Aborts on an illegal change (is_legal).
  void move(TaskIndex task, TaskStatus to);
  void set_attempt(TaskIndex task, Attempt attempt);
  bool can_move(TaskIndex task, TaskStatus to) const { return is_legal(status(task), to); }

  /// First task that never ran, or size().
  std::uint32_t first_waiting() const { return first_waiting_; }

 private:
  std::vector<std::uint8_t> status_;
  std::vector<std::uint16_t> attempts_;
  std::uint32_t counts_[6] = {};
  std::uint32_t first_waiting_ = 0;
};

/// Sum and extremes of the durations of a step's successful attempts.
struct DurationStats {
  std::uint64_t count = 0;
  std::uint64_t sum_ms = 0;
  std::uint32_t min_ms = 0;
  std::uint32_t max_ms = 0;
  void add(std::uint32_t ms);
};

/// What expressions see of a step, kept from one evaluation to the next: its output may be large.
struct StepView {
  StepStatus status = StepStatus::kPending;
  Text output;
  Json value;
};

struct StepState {
  StepStatus status = StepStatus::kPending;
  std::optional<StepStatus> stopping;  ///< Decided, but attempts still run.
  std::string reason;                  ///< Of a failed, skipped, cancelled or stopping step.
  std::string choice;
  TimePoint started{};
  std::optional<TimePoint> first_dispatched;  ///< The step's timeout runs from here.
  TimePoint ended{};
  std::optional<TimePoint> due;  ///< When a wait ends by itself.
  std::uint32_t items = 0;
  std::string fingerprint;
  TaskTable tasks;
  DurationStats durations;
  std::map<std::uint32_t, std::uint16_t>
      failures;  ///< Counted failures of tasks that failed at least once.
  std::map<TaskIndex, TimePoint> retry_due;  ///< Ends of the waits of retrying tasks.
  std::uint64_t refused = 0;

  Text output;                   ///< JSON; null until completed.
  Text errors;                   ///< JSON array of a map's failed items; null when there are none.
  std::optional<JsonList> list;  ///< Items of a running map with input_path.

  // Dependencies, counted as they end.
  std::uint32_t unmet = 0;
  std::uint32_t completed = 0;
  /// The first step whose failure keeps this one from running: one it depends on, or one that kept
  /// such a one from running.
  std::optional<StepIndex> failed_dependency;
  bool blocked = false;  ///< Skipped because of failed_dependency.

  // Asked for and not yet answered; not recorded, asked again after a restart.
  bool reading_items = false;
  bool collecting = false;

  mutable std::shared_ptr<const StepView> view;  // a cache, filled by StepMembers
};

/// Where to look next. Derived; rebuild_agenda() makes it anew.
struct Agenda {
  std::set<StepIndex> ready;        ///< Pending, all dependencies ended.
  std::set<StepIndex> dispatching;  ///< Running, with tasks to dispatch and room for them.
  std::set<StepIndex> settled;  ///< Running, nothing in flight or left: to be collected or ended.
  std::optional<StepIndex> last_served;
  /// Retry waits that are not over, by due time.
  std::set<std::tuple<TimePoint, StepIndex, TaskIndex>> retries;
  std::set<std::pair<TimePoint, StepIndex>> step_deadlines;  ///< Of waits too.
  std::map<std::string, std::set<StepIndex>> waiting;        ///< Running waits, by signal.
  /// Tasks whose retry wait is over, in order of due time, per step.
  std::map<StepIndex, std::set<TaskIndex>> due_retries;
};

struct WorkflowState {
  WorkflowId id;
  std::shared_ptr<const workflow::Definition> definition;
  WorkflowStatus status = WorkflowStatus::kPending;
  std::optional<WorkflowStatus> stopping;
  std::optional<TimePoint> paused_at;  ///< Since when no attempt begins; its status stays.
  std::string reason;
  TimePoint created{};
  TimePoint started{};
  TimePoint ended{};
  TimePoint last_record{};
  std::uint64_t sequence = 0;  ///< Records so far.
  std::vector<StepState> steps;
  StateData data;
  std::map<std::string, Text> signals;  ///< Payloads of those that no step has taken yet.
  std::uint32_t in_flight = 0;          ///< Attempts dispatched and not yet reported.
  std::uint32_t ended_steps = 0;
  std::uint32_t failed_steps = 0;
  std::optional<StepIndex> first_failed;
  Agenda agenda;

  StepState& step(StepIndex index) { return steps[to_int(index)]; }
  const StepState& step(StepIndex index) const { return steps[to_int(index)]; }
};

/// A workflow before its first record; `data` is the initial state.
WorkflowState make_state(const WorkflowId& id,
                         std::shared_ptr<const workflow::Definition> definition);

/// Applies one record to the state; `sequence` is the caller's. The record must be legal: illegal
/// ones abort.
void transition(WorkflowState& state, const Record& record);

/// Items of a map that a task stands for: its batch, the last one may be shorter.
std::uint32_t items_of_task(const WorkflowState& state, StepIndex step, TaskIndex task);
/// Tasks that a step of so many items has; `items` counts only for a map.
std::uint32_t tasks_of_step(const workflow::Step& step, std::uint32_t items);
/// How many more tasks of the step its own limit (max_concurrency) allows in flight.
std::uint32_t room_of(const WorkflowState& state, StepIndex step);
/// Retry waits that are over by `now` become tasks to dispatch.
void take_due_retries(WorkflowState& state, TimePoint now);

/// kInvalid instead of aborting, for records that come from outside (a damaged store).
Status check_record(const WorkflowState& state, const Record& record);

/// After replaying: rebuilds what is derived.
void rebuild_agenda(WorkflowState& state);

/// The recorded part as text, for comparing two states.
std::string dump(const WorkflowState& state);

}  // namespace agentainer::engine

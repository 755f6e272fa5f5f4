#pragma once
// What became of a workflow: as a table for people, as JSON for programs.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "cli/text/style.h"
#include "engine/record.h"
#include "engine/state.h"

namespace agentainer::cli {

/// An attempt after which its task was given up.
struct Failure {
  StepIndex step{};
  TaskIndex task{};
  Attempt attempt{};
  FailureCause cause = FailureCause::kLost;
  int exit_code = 0;
  int signal = 0;
  std::string message;
  std::string item;  ///< JSON text of a map's item, cut; empty when it is not known.
};

/// The first failures of a workflow, and how many there are.
class FailureList {
 public:
  static constexpr std::size_t kMaxKept = 100;
  using ItemOf = std::function<std::string(StepIndex, TaskIndex)>;

  /// Takes note of a record if it is a task's last failure; `item_of` is asked for those kept.
  void add(const engine::Record& record, const ItemOf& item_of);
  /// Those of `later` behind these.
  void append(const FailureList& later);
  const std::vector<Failure>& kept() const { return kept_; }
  std::uint64_t count() const { return count_; }

 private:
  std::vector<Failure> kept_;
  std::uint64_t count_ = 0;
};

/// JSON text of the item of a map's task: of a running step, or by the input_path of one that has
/// ended. Empty when it is not known, or for a batch.
std::string item_of(const engine::WorkflowState& state, StepIndex step, TaskIndex task);

/// A workflow's own facts, taken out of its state so that they outlive it.
struct StepReport {
  engine::StepStatus status = engine::StepStatus::kPending;
  std::string reason;
  std::string choice;
  TimePoint started{};
  TimePoint ended{};
  std::uint32_t items = 0;
  std::uint32_t tasks = 0;
  std::uint32_t counts[6] = {};  ///< By engine::TaskStatus.
  engine::DurationStats durations;
  std::uint64_t refused = 0;
  std::optional<TimePoint> next_retry;
  std::optional<TimePoint> due;  ///< When a wait ends by itself.

  std::uint32_t count(engine::TaskStatus s) const { return counts[static_cast<std::size_t>(s)]; }
};
struct WorkflowReport {
  WorkflowId id;
  std::shared_ptr<const workflow::Definition> definition;
  std::string source_directory;
  engine::WorkflowStatus status = engine::WorkflowStatus::kPending;
  bool stopping = false;
  std::optional<TimePoint> paused_at;
  std::string reason;
  TimePoint created{};
  TimePoint started{};
  TimePoint ended{};
  std::vector<StepReport> steps;
  FailureList failures;
};
WorkflowReport report_on(const engine::WorkflowState& state);

Json report_json(const WorkflowReport& report);

struct ReportOptions {
  Style style;
  std::size_t columns = std::string::npos;
  TimePoint now{};
  std::string arguments;  ///< That commands to be typed need, with a space before: " --data X".
};

/// The steps as a table, with what is known of each.
std::string report_table(const WorkflowReport& report, const ReportOptions& options);

/// Each failure with step, item, cause, its message and where its log is; nothing without failures.
std::string failures_text(const WorkflowReport& report, const ReportOptions& options,
                          std::size_t max_shown);

}  // namespace agentainer::cli

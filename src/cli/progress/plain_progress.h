#pragma once
// Progress as lines, for logs and for terminals that cannot draw: one for each step's start and
// end and for what goes wrong, and now and then one for how far a map is.

#include <map>
#include <string>
#include <vector>

#include "cli/progress/progress.h"

namespace agentainer::cli {

/// Pure: the lines that records give.
class PlainLines {
 public:
  std::vector<std::string> lines(const engine::WorkflowState& state,
                                 std::span<const engine::Record> records);
  void forget(const WorkflowId& id) { workflows_.erase(id); }

 private:
  struct Step {
    TimePoint last_progress{};
    std::uint32_t failures = 0;
  };
  using Steps = std::map<StepIndex, Step>;

  std::vector<std::string> of_record(const engine::WorkflowState& state,
                                     const engine::Record& record, Steps& steps);
  std::vector<std::string> of_failure(const engine::WorkflowState& state,
                                      const engine::Record& record, Step& step);
  std::vector<std::string> of_tasks(const engine::WorkflowState& state, StepIndex index,
                                    TimePoint at, Steps& steps);

  std::map<WorkflowId, Steps> workflows_;
};

class PlainProgress final : public QuietProgress {
 public:
  void on_committed(const engine::WorkflowState& state,
                    std::span<const engine::Record> records) override;
  void on_ended(const engine::WorkflowState& state) override;

 private:
  PlainLines lines_;
};

}  // namespace agentainer::cli

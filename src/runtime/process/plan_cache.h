#pragma once
// Step plans and the files of programs, made once per step instead of once per task.

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/process/launch_plan.h"

namespace agentainer::runtime {

class PlanCache {
 public:
  explicit PlanCache(PlanOptions options) : options_(std::move(options)) {}

  const PlanOptions& options() const { return options_; }

  /// The plan of a step. A failure is not remembered.
  Result<std::shared_ptr<const StepPlan>> find(const std::shared_ptr<const AgentSpec>& agent);

  /// The file to execute for a task of a step that find() was called for.
  Result<std::string> program(const AgentSpec& agent, const StepPlan& plan,
                              const std::vector<std::string>& command,
                              const Variables& environment);
  void forget_programs(const AgentSpec& agent);

 private:
  struct Entry {
    std::weak_ptr<const AgentSpec> agent;  ///< Tells whether the address still is the same step's.
    std::shared_ptr<const StepPlan> plan;
    std::unordered_map<std::string, std::string> programs;  ///< Found on the plan's own PATH.
  };

  PlanOptions options_;
  std::unordered_map<const AgentSpec*, Entry> entries_;
};

}  // namespace agentainer::runtime

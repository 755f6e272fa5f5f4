#pragma once
// The names that expressions of one workflow see: state, steps, workflow, and in a task the item
// under its alias, index and attempt.

#include <optional>
#include <string>
#include <string_view>

#include "engine/state.h"
#include "expr/expr.h"

namespace agentainer::engine {

/// `steps.<id>` as {"status", "output", "error"}, made when asked for and kept with the step.
class StepMembers final : public expr::Members {
 public:
  explicit StepMembers(const WorkflowState& state) : state_(state) {}
  const Json* find(std::string_view key) const override;
  std::vector<std::string_view> keys() const override;

 private:
  const WorkflowState& state_;
};

/// Bindings for one evaluation or more, as long as the state does not change.
class Environment {
 public:
  explicit Environment(const WorkflowState& state);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  /// Adds the names of one attempt of a task; `item` is JSON text.
  Status bind_task(StepIndex step, TaskIndex task, Attempt attempt,
                   std::optional<std::string_view> item);

  const expr::Bindings& bindings() const { return bindings_; }

 private:
  const WorkflowState& state_;
  StepMembers steps_;
  Json workflow_;
  Json item_;
  Json index_;
  Json attempt_;
  expr::Bindings bindings_;
};

}  // namespace agentainer::engine

#pragma once
// What an attempt is given: its command, environment and task document (agent contract, section 1).

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/state.h"

namespace agentainer::engine {

struct TaskInput {
  std::vector<std::string> command;
  std::vector<std::pair<std::string, std::string>> environment;
  std::string document;  ///< JSON
  std::optional<std::uint32_t> map_index;
  std::optional<std::uint32_t> worker_id;
};

/// Makes task inputs of one workflow; keeps the parts that the tasks of a step share until the
/// state changes, so that a task of a large map costs what its item costs.
class TaskInputs {
 public:
  explicit TaskInputs(const WorkflowState& state) : state_(state) {}

  /// `items` is the JSON text of the task's item, or of the list of its batch's items, for a map
  /// with input_file; a map over the state has its own. kInvalid when an expression of the step
  /// fails.
  Result<TaskInput> make(StepIndex step, TaskIndex task, Attempt attempt,
                         std::optional<std::string_view> items);

 private:
  struct Shared {
    std::string head;   ///< `{"workflow_id":…` up to the task's own part
    std::string state;  ///< Members of the state, `"a":1,"b":2`
  };
  const Shared& shared(StepIndex step);

  const WorkflowState& state_;
  std::uint64_t version_ = 0;  ///< Of the state that `shared_` was made of.
  std::map<StepIndex, Shared> shared_;
};

}  // namespace agentainer::engine

#pragma once
// Why a workflow is where it is: for every step that waits, retries, was skipped or failed, one
// cause in plain words and what would help.

#include <optional>
#include <string>
#include <vector>

#include "engine/state.h"

namespace agentainer::engine {

struct StepExplanation {
  StepIndex step{};
  std::string cause;
  std::optional<TimePoint> since;
  std::string help;               ///< Empty when there is nothing to do but wait.
  std::optional<TaskIndex> task;  ///< The one whose log tells more.
};

/// Of all servers' workflows together.
struct SlotUse {
  std::uint32_t used = 0;
  std::uint32_t limit = 0;  ///< 0: not known, the workflow does not run here.
};

/// The steps that are not completed, or only `only`; at most `limit` of them, in file order.
std::vector<StepExplanation> explain(const WorkflowState& state, TimePoint now, SlotUse slots,
                                     std::optional<StepIndex> only, std::size_t limit);

}  // namespace agentainer::engine

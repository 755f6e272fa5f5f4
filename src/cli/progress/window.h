#pragma once
// Which steps are shown where not all of them fit.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "engine/state.h"

namespace agentainer::cli {

struct Window {
  std::vector<StepIndex> steps;  ///< In file order.
  bool with_errors = false;      ///< There is room for the last errors too, each a line.
};

/// A running step whose last attempt failed has a line for that.
bool shows_error(const engine::WorkflowState& state,
                 const std::map<StepIndex, std::string>& last_errors, StepIndex step);

/// Steps for at most `rows` lines, one of which is kept for saying what is not shown.
Window choose_window(const engine::WorkflowState& state,
                     const std::map<StepIndex, std::string>& last_errors, std::size_t rows);

}  // namespace agentainer::cli

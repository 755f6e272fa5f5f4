#pragma once
// One step on one line.

#include "cli/progress/view.h"

namespace agentainer::cli {

/// Its symbol, its id in a field of `name_width` columns, and how it is with it.
Line step_line(const WorkflowView& view, StepIndex step, std::size_t name_width,
               const FrameOptions& options);

}  // namespace agentainer::cli

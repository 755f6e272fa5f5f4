#pragma once
// New workflow ids.

#include "base/ids.h"
#include "base/time.h"

namespace agentainer::cli {

/// Of `now`, with 80 random bits of the kernel's (getrandom(2)).
WorkflowId make_workflow_id(TimePoint now);

}  // namespace agentainer::cli

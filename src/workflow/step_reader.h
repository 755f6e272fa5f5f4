#pragma once
// Reads the `steps` of a workflow file into drafts, one by one; what concerns several steps is
// order.h's.

#include <vector>

#include "workflow/block_readers.h"
#include "workflow/draft.h"
#include "workflow/reporter.h"

namespace agentainer::workflow {

/// A mapreduce step becomes two drafts, `<id>_map` and `<id>`.
std::vector<StepDraft> read_steps(const Value& steps, const StepDefaults& defaults,
                                  Reporter& reporter);

}  // namespace agentainer::workflow

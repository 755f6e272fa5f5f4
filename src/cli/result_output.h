#pragma once
// What a run prints at its end: the final state on standard output, failures on standard error.

#include <map>
#include <string>

#include "cli/execution.h"
#include "cli/run_options.h"

namespace agentainer::cli {

/// Gives `code`, or kUsage when the key asked for is not in the state.
ExitCode print_results(const std::map<WorkflowId, Ending>& endings, const RunOptions& options,
                       ExitCode code);

/// One key of a state as a script wants it: text as it is, other values as JSON, with a line end.
/// kNotFound names what is there.
Result<std::string> key_text(const json::object& state, const std::string& key, bool for_terminal);

}  // namespace agentainer::cli

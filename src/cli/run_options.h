#pragma once
// What `run` and `resume` share: options, and the way from the first commit to the result.

#include <CLI/App.hpp>
#include <functional>
#include <optional>
#include <string>

#include "cli/exit_code.h"
#include "cli/run_session.h"

namespace agentainer::cli {

class Execution;

struct RunOptions {
  RunChoice choice;
  bool quiet = false;
  std::string output;  ///< --output as given: json, yaml, a key of the state, or empty.
};

void add_run_options(CLI::App& command, RunOptions& options);

/// Opens the session, lets `begin` submit or resume, waits for the end and prints what came out.
/// `begin` gives an exit code when there is nothing to wait for.
ExitCode execute(CommandLoop& loop, RunSession& session, const RunOptions& options,
                 const std::function<std::optional<ExitCode>(Execution&)>& begin);

}  // namespace agentainer::cli

#pragma once
// The agentainer program.

namespace agentainer::cli {

/// Parses the command line, runs the command, gives the process's exit code.
int run_program(int argc, const char* const* argv);

}  // namespace agentainer::cli

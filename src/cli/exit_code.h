#pragma once
// How a command ends, for the shell.

namespace agentainer::cli {

enum class ExitCode : int {
  kOk = 0,           ///< Also: the workflow completed.
  kTrouble = 1,      ///< The store, the runtime or the data directory does not do.
  kUsage = 2,        ///< A wrong command line, an invalid workflow file, no such workflow.
  kFailed = 3,       ///< The workflow failed.
  kHungUp = 129,     ///< SIGHUP: stopped, to be resumed.
  kCancelled = 130,  ///< Ctrl-C, or the workflow was cancelled.
  kTerminated = 143  ///< SIGTERM: stopped, to be resumed.
};

}  // namespace agentainer::cli

#pragma once
// A helper program that must not outlive us.

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"

namespace agentainer::store {

struct ChildOptions {
  std::string program;                 ///< Absolute path.
  std::vector<std::string> arguments;  ///< Without the program's name.
  std::string directory;               ///< To run in.
  int output = -1;                     ///< Becomes its standard output and error.
  int kept = -1;                       ///< A descriptor it inherits, at the same number.
};

/// Runs in a session of its own, so that signals of our terminal do not reach it, and is killed by
/// the kernel when the calling thread ends (PR_SET_PDEATHSIG in prctl(2)), so call it on a thread
/// that lives as long as the process. Costs the same however large we are: vfork(2), no copy of
/// page tables. kNotFound, kResource, kInternal.
[[nodiscard]] Result<pid_t> spawn_child(const ChildOptions& options);

/// First program of `names` in the directories of PATH; empty if there is none.
[[nodiscard]] std::string find_program(const std::vector<std::string>& names);

}  // namespace agentainer::store

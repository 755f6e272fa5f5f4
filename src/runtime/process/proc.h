#pragma once
// Reading /proc. See proc(5).

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentainer::runtime {

struct ProcessState {
  char state = '?';  ///< 'Z': ended, not yet waited for.
  pid_t parent = 0;
  pid_t session = 0;
  std::uint64_t start_time = 0;  ///< Clock ticks since boot; with the pid it identifies a process.
};

std::optional<ProcessState> process_state(pid_t pid);
std::optional<std::uint64_t> process_start_time(pid_t pid);

/// The environment the process was started with, each entry with a NUL after it. Empty when it has
/// none, is in the middle of an exec, may not be looked at, or has ended.
std::string process_environment(pid_t pid);
/// The value of `name` in such a text; nothing when it is not there.
std::optional<std::string> environment_value(std::string_view environment, std::string_view name);

/// Every process of this pid namespace.
std::vector<pid_t> all_processes();

/// Pids in the text of a kernel file, separated by white space.
std::vector<pid_t> parse_pids(std::string_view text);

}  // namespace agentainer::runtime

#pragma once
// Starting a program without copying the server: clone with CLONE_VM | CLONE_VFORK, as vfork does,
// so that the cost does not grow with the server's memory (a plain fork of a 500 MB process takes
// 10 ms). The caller's thread sleeps until the program has been loaded or has failed to. See
// clone(2), vfork(2), execve(2).

#include <sys/resource.h>
#include <sys/types.h>

#include <span>
#include <tl/expected.hpp>

#include "runtime/process/files.h"

namespace agentainer::runtime {

struct ResourceLimit {
  int resource;  ///< RLIMIT_*
  rlimit value;
};

/// Everything is borrowed for the call. The program gets no descriptors but its three streams, its
/// own session, the default signal handling, and SIGKILL when the calling thread ends: call from a
/// thread that lives as long as the server.
struct SpawnRequest {
  const char* program;  ///< A path; PATH is not searched.
  char* const* arguments;
  char* const* environment;
  const char* directory;
  int stdin_fd;  ///< This and the next two: above 2.
  int stdout_fd;
  int stderr_fd;
  int cgroup_fd = -1;  ///< Directory of a v2 cgroup to start in, or -1.
  std::span<const int>
      join_fds{};  ///< Open cgroup.procs files of cgroups to join before the program starts.
  std::span<const ResourceLimit> limits{};
};

struct Spawned {
  pid_t pid;
  UniqueFd pidfd;
};

enum class SpawnStage { kClone, kCgroup, kLimit, kStreams, kDirectory, kProgram };

struct SpawnError {
  SpawnStage stage;
  int error;  ///< errno
};

[[nodiscard]] tl::expected<Spawned, SpawnError> spawn(const SpawnRequest& request);

/// Whether a process can be started in these cgroups: starts one that ends at once. 0 or errno.
[[nodiscard]] int try_cgroups(int cgroup_fd, std::span<const int> join_fds);

}  // namespace agentainer::runtime

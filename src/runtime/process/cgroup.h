#pragma once
// Control groups as the process runtime uses them: to find everything an attempt started, to end
// all of it, and to limit it. See cgroups(7) and the kernel's
// Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/outcome.h"
#include "base/result.h"

namespace agentainer::runtime {

/// What limits did since begin().
struct CgroupReport {
  bool memory_limit_killed = false;
  bool pids_limit_reached = false;
  std::int64_t peak_memory_bytes = 0;  ///< 0: not known.
};

/// One cgroup (or one per v1 hierarchy). Holds one attempt at a time and is used by one after the
/// other. Its directories are removed with it; that fails, and is logged, while something runs in
/// them.
class Cgroup {
 public:
  virtual ~Cgroup() = default;

  /// Directory to start a process in (clone3 with CLONE_INTO_CGROUP), or -1.
  virtual int clone_fd() const = 0;
  /// Open cgroup.procs files to join by writing "0".
  virtual std::span<const int> join_fds() const = 0;

  /// An attempt is about to start here.
  virtual void begin() = 0;
  virtual CgroupReport report() const = 0;

  /// Whether nothing runs in it. Processes that have ended but were not waited for do not count.
  virtual bool is_empty() const = 0;
  /// SIGKILL to everything in it, stopped or forking processes too. is_empty() follows soon.
  virtual void kill() = 0;
};

/// Which limits are enforced.
struct LimitSupport {
  bool memory = false;
  bool cpu = false;
  bool pids = false;
};

class CgroupDriver {
 public:
  virtual ~CgroupDriver() = default;

  /// For the log and for people: "cgroup v2 at /sys/fs/cgroup/…".
  virtual std::string description() const = 0;
  virtual LimitSupport support() const = 0;

  /// Any thread, one at a time. `number` is unique in this life. Limits that are not supported are
  /// left out.
  virtual Result<std::unique_ptr<Cgroup>> create(unsigned number, const ResourceLimits& limits) = 0;
};

/// Where this process is in the cgroup trees, as absolute paths that can be written to, if they
/// allow it.
struct CgroupPlaces {
  struct Hierarchy {
    std::string mount;
    std::string own;  ///< This process's own cgroup below the mount.
  };
  std::optional<Hierarchy> v2;
  std::optional<Hierarchy> memory;  ///< The v1 hierarchies of these controllers.
  std::optional<Hierarchy> cpu;
  std::optional<Hierarchy> pids;
};

/// From the texts of /proc/self/mountinfo and /proc/self/cgroup.
CgroupPlaces find_cgroup_places(std::string_view mountinfo, std::string_view own_cgroups);

/// Called with each directory before it is made, so that a later life can remove it.
using RecordCgroup = std::function<Status(const std::string& directory)>;

/// kAuto takes the best that works: v2 with its controllers, v1 (with v2 for killing, on hybrid
/// machines), v2 for killing alone, none.
enum class CgroupUse { kAuto, kV2, kV1, kNone };

/// The driver that works here, or nullptr. `name` (of a life) becomes part of directory names.
std::unique_ptr<CgroupDriver> make_cgroup_driver(CgroupUse use, const CgroupPlaces& places,
                                                 const std::string& name,
                                                 const RecordCgroup& record);

/// Kills what is in the directory and below, then removes it. For directories that an earlier life
/// recorded; any other path is refused. False when something of it is left.
bool reap_cgroup(const std::string& directory);

}  // namespace agentainer::runtime

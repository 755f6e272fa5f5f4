#pragma once
// A place to run one attempt at a time: its files and its cgroup. Slots are reused by attempts with
// the same limits.

#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "base/outcome.h"
#include "runtime/process/cgroup.h"
#include "runtime/process/run_directory.h"
#include "runtime/process/workspace.h"

namespace agentainer::runtime {

struct Slot {
  unsigned number = 0;
  ResourceLimits limits;
  Workspace workspace;
  std::unique_ptr<Cgroup> cgroup;  ///< None: Orphans finds what is left.
};

/// Makes slots. Any thread.
class SlotFactory {
 public:
  SlotFactory(const RunDirectory& directory, CgroupDriver* driver)
      : directory_(directory), driver_(driver) {}

  Result<std::unique_ptr<Slot>> make(const ResourceLimits& limits);

 private:
  const RunDirectory& directory_;
  CgroupDriver* driver_;
  std::mutex mutex_;  ///< Guards last_number_ and the calls of driver_.
  unsigned last_number_ = 0;
};

/// Slots that wait for their next attempt.
class IdleSlots {
 public:
  /// Above this many, a slot is not kept.
  static constexpr std::size_t kMaxIdle = 256;

  /// One with these limits, or null.
  std::unique_ptr<Slot> take(const ResourceLimits& limits);
  /// Keeps a clean slot; gives back the one there is no room for.
  std::unique_ptr<Slot> put(std::unique_ptr<Slot> slot);
  /// All of them.
  std::vector<std::unique_ptr<Slot>> clear();

 private:
  using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t>;
  static Key key(const ResourceLimits& limits) {
    return {limits.cpu_nano, limits.memory_bytes, limits.pids};
  }

  std::map<Key, std::vector<std::unique_ptr<Slot>>> slots_;
  std::size_t size_ = 0;
};

}  // namespace agentainer::runtime

#pragma once
// Finding what an attempt left behind where no cgroup can be used. The server is made the
// "subreaper" (prctl(2)): a process whose parent ends becomes the server's child, whatever session
// it is in, and shows up among the children of the server's first thread. Whose it was is told by
// the marker in its environment.
//
// A process that leaves its session, clears its environment and outlives its parent is not found.

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "runtime/process/files.h"

namespace agentainer::runtime {

class Orphans {
 public:
  /// Turns the process into a subreaper for as long as this lives; one at a time in a process.
  Orphans();
  /// What loses its parent from now on is no longer ours: a later component of the process that
  /// does not reap orphans must not get any.
  ~Orphans();
  Orphans(const Orphans&) = delete;
  Orphans& operator=(const Orphans&) = delete;

  /// An attempt has started: its main process, whose session most of what it starts stays in, and
  /// its marker.
  void add(pid_t main, const std::string& marker) { sessions_[main] = marker; }
  /// The attempt has ended, and is_empty().
  void remove(pid_t main) { sessions_.erase(main); }

  /// Whether nothing with this marker is left among the orphans, and none of which it cannot be
  /// told yet.
  bool is_empty(const std::string& marker) { return find(marker).empty() && !is_undecided_; }

  /// SIGKILL to the orphans with this marker. Their children become orphans in turn: call again
  /// until is_empty().
  void kill(const std::string& marker);

  /// Waits for orphans that have ended, so that they do not stay as zombies. True when some are
  /// left that may be another component's children, and so have to wait longer.
  bool reap_ended();

 private:
  struct Seen {
    std::uint64_t start_time = 0;
    std::string marker;  ///< Empty as long as nothing says that it is an attempt's.
    std::chrono::steady_clock::time_point first_seen{};
    std::chrono::steady_clock::time_point zombie_since{};
  };

  std::vector<pid_t> find(const std::string& marker);
  /// False when it cannot be told yet.
  bool identify(pid_t pid, pid_t session, Seen& seen) const;
  bool reap(pid_t pid, pid_t session, Seen& seen);

  int was_subreaper_ = 0;
  bool is_undecided_ = false;  ///< The last find() met a process in the middle of an exec.
  UniqueFd children_;          ///< /proc/self/task/<first thread>/children
  pid_t own_session_;
  std::unordered_map<pid_t, std::string> sessions_;
  std::unordered_map<pid_t, Seen> seen_;
};

}  // namespace agentainer::runtime

#include "runtime/process/orphans.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <fmt/format.h>

#include "base/log.h"
#include "runtime/process/marker.h"
#include "runtime/process/proc.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

// A zombie that nobody of ours has waited for after this long is no other component's child: it was an orphan that ended
// before it was ever looked at.
constexpr std::chrono::seconds kStrangerGrace{10};

}  // namespace

Orphans::Orphans() {
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    log::warning("cannot become a subreaper: {}; background processes of agents may be left", format_errno(errno));
  children_.reset(::open(fmt::format("/proc/self/task/{}/children", ::getpid()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!children_)
    log::warning("cannot read /proc/self/task/*/children: {}; background processes of agents may be left",
                 format_errno(errno));
}

std::vector<pid_t> Orphans::find(const std::string& marker) {
  std::string text;
  for (char buffer[4096];;) {
    const ssize_t got = ::pread(children_.get(), buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  std::vector<pid_t> found;
  if (text.empty()) {
    seen_.clear();
    return found;
  }
  std::unordered_map<pid_t, Seen> still_there;
  for (const pid_t pid : parse_pids(text)) {
    const auto state = process_state(pid);
    if (!state) continue;
    Seen seen;
    if (const auto known = seen_.find(pid); known != seen_.end() && known->second.start_time == state->start_time) {
      seen = std::move(known->second);
    } else {
      seen.start_time = state->start_time;
      seen.marker = environment_value(pid, kMarkerVariable).value_or("");
    }
    if (state->state == 'Z') {
      const auto now = std::chrono::steady_clock::now();
      if (seen.zombie_since == std::chrono::steady_clock::time_point()) seen.zombie_since = now;
      if (!seen.marker.empty() || now - seen.zombie_since > kStrangerGrace)
        if (::waitpid(pid, nullptr, WNOHANG) == pid) continue;
    } else if (!marker.empty() && seen.marker == marker) {
      found.push_back(pid);
    }
    still_there.emplace(pid, std::move(seen));
  }
  seen_ = std::move(still_there);
  return found;
}

void Orphans::kill(const std::string& marker) {
  for (const pid_t pid : find(marker)) ::kill(pid, SIGKILL);
}

}  // namespace agentainer::runtime

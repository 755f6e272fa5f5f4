#include "runtime/process/orphans.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "runtime/process/marker.h"
#include "runtime/process/proc.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

// A zombie that nobody has waited for after this long is no other component's child: it was an
// orphan that ended before it was ever looked at.
constexpr std::chrono::seconds kStrangerGrace{10};

// In the middle of an exec a process has no environment, and so cannot be told to be an attempt's.
// One that has none for longer was started without.
constexpr std::chrono::milliseconds kMaxExecTime{100};

}  // namespace

Orphans::Orphans() : own_session_(::getsid(0)) {
  ::prctl(PR_GET_CHILD_SUBREAPER, &was_subreaper_, 0, 0, 0);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
    log::warning("cannot become a subreaper: {}; background processes of agents may be left",
                 format_errno(errno));
  children_.reset(
      ::open(fmt::format("/proc/self/task/{}/children", ::getpid()).c_str(), O_RDONLY | O_CLOEXEC));
  if (!children_)
    log::warning(
        "cannot read /proc/self/task/*/children: {}; background processes of agents may be left",
        format_errno(errno));
}

Orphans::~Orphans() { ::prctl(PR_SET_CHILD_SUBREAPER, was_subreaper_, 0, 0, 0); }

std::vector<pid_t> Orphans::find(const std::string& marker) {
  is_undecided_ = false;
  std::string text;
  for (char buffer[4096];;) {
    const ssize_t got =
        ::pread(children_.get(), buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (got <= 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  std::vector<pid_t> found;
  if (text.empty()) {
    seen_.clear();
    return found;
  }
  const auto now = std::chrono::steady_clock::now();
  std::unordered_map<pid_t, Seen> still_there;
  for (const pid_t pid : parse_pids(text)) {
    const auto state = process_state(pid);
    if (!state) continue;
    Seen seen;
    if (const auto known = seen_.find(pid);
        known != seen_.end() && known->second.start_time == state->start_time) {
      seen = std::move(known->second);
    } else {
      seen.start_time = state->start_time;
      seen.first_seen = now;
    }
    const bool is_identified = identify(pid, state->session, seen);
    if (state->state == 'Z') {
      if (reap(pid, state->session, seen)) continue;
    } else if (!is_identified) {
      is_undecided_ |= now - seen.first_seen < kMaxExecTime;
    } else if (!marker.empty() && seen.marker == marker) {
      found.push_back(pid);
    }
    still_there.emplace(pid, std::move(seen));
  }
  seen_ = std::move(still_there);
  return found;
}

bool Orphans::identify(pid_t pid, pid_t session, Seen& seen) const {
  if (!seen.marker.empty()) return true;
  const std::string environment = process_environment(pid);
  seen.marker = environment_value(environment, kMarkerVariable).value_or("");
  if (seen.marker.empty())
    if (const auto attempt = sessions_.find(session); attempt != sessions_.end())
      seen.marker = attempt->second;
  return !seen.marker.empty() || !environment.empty();
}

// A zombie's environment cannot be read any more. One that was never seen alive may be a
// short-lived child of another component of this process, which wants to wait for it.
bool Orphans::reap(pid_t pid, pid_t session, Seen& seen) {
  if (seen.marker.empty()) {
    if (session == own_session_) return false;
    const auto now = std::chrono::steady_clock::now();
    if (seen.zombie_since == std::chrono::steady_clock::time_point()) seen.zombie_since = now;
    if (now - seen.zombie_since < kStrangerGrace) return false;
  }
  return ::waitpid(pid, nullptr, WNOHANG) == pid;
}

bool Orphans::reap_ended() {
  find("");
  return std::any_of(seen_.begin(), seen_.end(), [](const auto& each) {
    return each.second.zombie_since != std::chrono::steady_clock::time_point();
  });
}

void Orphans::kill(const std::string& marker) {
  for (const pid_t pid : find(marker)) ::kill(pid, SIGKILL);
}

}  // namespace agentainer::runtime

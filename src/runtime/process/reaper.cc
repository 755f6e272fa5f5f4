#include "runtime/process/reaper.h"

#include <signal.h>

#include <chrono>
#include <thread>

#include "base/log.h"
#include "runtime/process/cgroup.h"
#include "runtime/process/marker.h"
#include "runtime/process/proc.h"
#include "runtime/process/run_directory.h"

namespace agentainer::runtime {
namespace {

using namespace std::chrono_literals;

// Until two passes in a row find nothing: a process that forks while we read the list shows up in
// the next one.
bool kill_marked(const std::string& life) {
  const std::string prefix = life + ".";
  int quiet_passes = 0;
  for (int pass = 0; pass < 500 && quiet_passes < 2; ++pass) {
    if (pass != 0) std::this_thread::sleep_for(pass < 10 ? 1ms : 20ms);
    bool found = false;
    for (const pid_t pid : all_processes()) {
      const auto marker = environment_value(process_environment(pid), kMarkerVariable);
      if (!marker || !marker->starts_with(prefix)) continue;
      found = true;
      ::kill(pid, SIGKILL);
    }
    quiet_passes = found ? 0 : quiet_passes + 1;
  }
  return quiet_passes == 2;
}

}  // namespace

Status reap_dead_lives(const std::string& data_directory) {
  return take_over_dead_lives(data_directory, [](const LifeRecord& record) {
    for (const std::string& cgroup : record.cgroups)
      if (!reap_cgroup(cgroup))
        log::warning("cannot remove the cgroup {} of an earlier server", cgroup);
    if (!record.life.empty() && !kill_marked(record.life))
      log::error("agents of an earlier server ({}) cannot be killed", record.life);
  });
}

}  // namespace agentainer::runtime

#pragma once
// Ending what earlier lives of the server left running.

#include <string>

#include "base/result.h"

namespace agentainer::runtime {

/// Kills every agent of lives below `data_directory` whose server is gone (through their cgroups,
/// and by the marker in processes' environments), then removes their files. Lives of running
/// servers are not touched. Takes as long as it takes, some seconds at most: not for the event
/// loop's thread.
Status reap_dead_lives(const std::string& data_directory);

}  // namespace agentainer::runtime

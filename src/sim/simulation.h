#pragma once
// One seed: workflows are submitted, the server crashes and comes back, agents and store misbehave;
// in the end everything acknowledged must have ended, and every history must be sound.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace agentainer::sim {

enum class Bug { kNone, kEarlyAck };

struct Outcome {
  std::uint64_t seed = 0;
  std::vector<std::string> violations;
  std::size_t workflows = 0;
  std::size_t crashes = 0;
  std::size_t attempts = 0;
  std::size_t records = 0;
  std::string history;  ///< For people, when asked for.
};

Outcome simulate(std::uint64_t seed, Bug bug, bool keep_history);

}  // namespace agentainer::sim

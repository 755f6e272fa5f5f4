#include "sim/simulation.h"

#include <gtest/gtest.h>

namespace agentainer::sim {
namespace {

TEST(Simulation, HistoriesAreSoundUnderFaults) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    const Outcome outcome = simulate(seed, Bug::kNone, false);
    ASSERT_TRUE(outcome.violations.empty()) << "agentainer-sim --seed " << seed << " --verbose\n"
                                            << outcome.violations.front();
  }
}

TEST(Simulation, TheSameSeedGivesTheSameHistory) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed)
    EXPECT_EQ(simulate(seed, Bug::kNone, true).history, simulate(seed, Bug::kNone, true).history);
}

TEST(Simulation, ActingBeforeTheCommitIsFound) {
  std::size_t found = 0;
  for (std::uint64_t seed = 1; seed <= 50; ++seed)
    found += simulate(seed, Bug::kEarlyAck, false).violations.empty() ? 0 : 1;
  EXPECT_GT(found, 40u);
}

}  // namespace
}  // namespace agentainer::sim

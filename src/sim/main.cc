// agentainer-sim: runs the simulator over a range of seeds.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "sim/simulation.h"

int main(int argc, char** argv) {
  using namespace agentainer::sim;
  CLI::App app("Runs random workflows with injected faults, from seeds, and checks every history.");
  std::string range = "1..1000";
  std::uint64_t seed = 0;
  bool verbose = false;
  std::string bug_name;
  app.add_option("--seeds", range, "Seeds to run, FIRST..LAST")->capture_default_str();
  app.add_option("--seed", seed, "One seed only");
  app.add_flag("--verbose", verbose, "Print the histories");
  app.add_option("--bug", bug_name, "A deliberate bug that must be found")
      ->check(CLI::IsMember({"early-ack"}));
  CLI11_PARSE(app, argc, argv);

  unsigned long long first = seed;
  unsigned long long last = seed;
  if (seed == 0 && (std::sscanf(range.c_str(), "%llu..%llu", &first, &last) != 2 || last < first)) {
    fmt::print(stderr, "agentainer-sim: --seeds takes FIRST..LAST, for instance 1..10000\n");
    return 2;
  }
  const Bug bug = bug_name == "early-ack" ? Bug::kEarlyAck : Bug::kNone;
  std::size_t workflows = 0;
  std::size_t crashes = 0;
  std::size_t attempts = 0;
  std::size_t records = 0;
  std::size_t failed = 0;
  for (unsigned long long i = first; i <= last; ++i) {
    const Outcome outcome = simulate(i, bug, verbose);
    workflows += outcome.workflows;
    crashes += outcome.crashes;
    attempts += outcome.attempts;
    records += outcome.records;
    if (verbose) fmt::print("{}", outcome.history);
    if (outcome.violations.empty()) continue;
    ++failed;
    fmt::print("seed {}: {}\n  again with: agentainer-sim --seed {} --verbose{}\n", i,
               outcome.violations.front(), i, bug == Bug::kNone ? "" : " --bug " + bug_name);
    if (failed >= 10) {
      fmt::print("stopping after 10 failed seeds\n");
      break;
    }
  }
  fmt::print("{} workflows, {} attempts, {} crashes, {} records; {} seeds failed\n", workflows,
             attempts, crashes, records, failed);
  return failed == 0 ? 0 : 1;
}

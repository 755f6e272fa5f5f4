#pragma once
// A workflow file from a seed: every step type, order, strategy, retry and limit the engine knows.

#include <string>

#include "sim/random.h"

namespace agentainer::sim {

std::string random_workflow(Random& random);

}  // namespace agentainer::sim

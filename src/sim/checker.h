#pragma once
// What must hold of every history. Reads the stored records as text and keeps its own, simple
// books: it shares no code with the engine, so that a mistake there does not hide itself here.

#include <optional>
#include <string>
#include <vector>

#include "store/store.h"
#include "workflow/definition.h"

namespace agentainer::sim {

/// Every violation found, one line each; empty when all is well. `must_have_ended`: an acknowledged
/// workflow whose simulation is over.
std::vector<std::string> check_history(const store::LoadedWorkflow& loaded,
                                       const workflow::Definition& definition,
                                       bool must_have_ended);

}  // namespace agentainer::sim

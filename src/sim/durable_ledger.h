#pragma once
// What is on disk at this instant: which attempts were dispatched and which tasks have succeeded.
// Asked at every start of an attempt, so it reads only what is new.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "runtime/runtime.h"
#include "store/memory_database.h"

namespace agentainer::sim {

class DurableLedger {
 public:
  explicit DurableLedger(const store::MemoryDatabase& disk) : disk_(disk) {}

  /// A sentence when this attempt must not start now.
  std::optional<std::string> objection(const runtime::TaskSpec& task);

 private:
  struct Workflow {
    std::uint64_t read = 0;
    std::set<std::tuple<std::string, std::uint32_t, std::uint32_t>>
        dispatched;  // step, task, attempt
    std::set<std::pair<std::string, std::uint32_t>> succeeded;
    bool paused = false;
    bool ended = false;
  };
  const Workflow& catch_up(const WorkflowId& id);

  const store::MemoryDatabase& disk_;
  std::map<WorkflowId, Workflow> workflows_;
};

}  // namespace agentainer::sim

#pragma once
// Workflows to look at: those that run here as they are, others as they are stored.

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "engine/state.h"
#include "server/server.h"
#include "store/store.h"

namespace agentainer::api {

class Archive {
 public:
  /// The state is valid during the call only.
  using Look = std::function<void(Result<const engine::WorkflowState*>)>;

  Archive(server::Server& server, store::Store& store) : server_(server), store_(store) {}
  ~Archive() { *alive_ = false; }

  /// What is shown is durable. At once when the workflow was looked at lately, or runs here and
  /// nothing of it is on its way to the store; kNotFound, kUnavailable.
  void look(const WorkflowId& id, Look look);
  /// It has been deleted.
  void forget(const WorkflowId& id);

 private:
  struct Kept {
    std::shared_ptr<const engine::WorkflowState> state;
    std::list<WorkflowId>::iterator place;
  };
  void keep(std::shared_ptr<const engine::WorkflowState> state);

  static constexpr std::size_t kMaxKept = 32;
  /// Of all kept workflows together; larger ones are read anew each time.
  static constexpr std::uint64_t kMaxKeptTasks = 4'000'000;

  server::Server& server_;
  store::Store& store_;
  std::map<WorkflowId, Kept> kept_;  ///< Ended ones: they do not change.
  std::list<WorkflowId> recent_;     ///< Of kept_, the latest looked at first.
  std::uint64_t kept_tasks_ = 0;
  /// Who waits for a workflow that is being read.
  std::map<WorkflowId, std::vector<Look>> waiting_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace agentainer::api

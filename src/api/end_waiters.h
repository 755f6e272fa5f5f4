#pragma once
// Who waits for the end of a workflow that runs here.

#include <functional>
#include <list>
#include <map>

#include "base/executor.h"
#include "server/server.h"

namespace agentainer::api {

class EndWaiters final : public server::Observer {
 public:
  /// Null: the time was over first, or another server has the workflow now. The state is valid
  /// during the call only.
  using Ended = std::function<void(const engine::WorkflowState*)>;

  EndWaiters(Executor& executor, server::Server& server);
  ~EndWaiters() override;

  /// Precondition: the workflow runs here.
  void wait(const WorkflowId& id, milliseconds patience, Ended ended);

  void on_committed(const engine::WorkflowState&, std::span<const engine::Record>) override {}
  void on_ended(const engine::WorkflowState& state) override { answer(state.id, &state); }
  void on_abandoned(const engine::WorkflowState& state, const Error&) override {
    answer(state.id, nullptr);
  }
  void on_store_trouble(const Error&) override {}

 private:
  struct Waiter {
    Ended ended;
    Executor::TimerId timer{};
  };
  void answer(const WorkflowId& id, const engine::WorkflowState* state);
  void give_up(const WorkflowId& id, std::list<Waiter>::iterator waiter);

  Executor& executor_;
  server::Server& server_;
  std::map<WorkflowId, std::list<Waiter>> waiters_;
};

}  // namespace agentainer::api

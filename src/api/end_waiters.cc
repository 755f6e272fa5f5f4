#include "api/end_waiters.h"

#include <utility>

namespace agentainer::api {

EndWaiters::EndWaiters(Executor& executor, server::Server& server)
    : executor_(executor), server_(server) {
  server_.add_observer(this);
}

EndWaiters::~EndWaiters() {
  server_.remove_observer(this);
  for (auto& [id, waiters] : waiters_)
    for (const Waiter& waiter : waiters) executor_.cancel(waiter.timer);
}

void EndWaiters::wait(const WorkflowId& id, milliseconds patience, Ended ended) {
  std::list<Waiter>& waiters = waiters_[id];
  const auto waiter = waiters.insert(waiters.end(), Waiter{std::move(ended), {}});
  waiter->timer =
      executor_.schedule(executor_.now() + patience, [this, id, waiter] { give_up(id, waiter); });
}

void EndWaiters::give_up(const WorkflowId& id, std::list<Waiter>::iterator waiter) {
  const auto group = waiters_.find(id);
  const Ended ended = std::move(waiter->ended);
  group->second.erase(waiter);
  if (group->second.empty()) waiters_.erase(group);
  ended(nullptr);
}

void EndWaiters::answer(const WorkflowId& id, const engine::WorkflowState* state) {
  auto group = waiters_.extract(id);
  if (!group) return;
  for (const Waiter& waiter : group.mapped()) executor_.cancel(waiter.timer);
  for (const Waiter& waiter : group.mapped()) waiter.ended(state);
}

}  // namespace agentainer::api

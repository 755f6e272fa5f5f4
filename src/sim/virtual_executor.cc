#include "sim/virtual_executor.h"

#include <algorithm>

namespace agentainer::sim {

Executor::TimerId VirtualExecutor::schedule(TimePoint due, Task task) {
  const std::uint64_t id = ++last_;
  due = std::max(due, now_);
  queue_.emplace(std::pair(due, id), std::move(task));
  due_of_.emplace(id, due);
  return TimerId{id};
}

void VirtualExecutor::cancel(TimerId timer) {
  const auto found = due_of_.find(static_cast<std::uint64_t>(timer));
  if (found == due_of_.end()) return;
  queue_.erase({found->second, found->first});
  due_of_.erase(found);
}

bool VirtualExecutor::step() {
  if (queue_.empty()) return false;
  auto node = queue_.extract(queue_.begin());
  now_ = node.key().first;
  due_of_.erase(node.key().second);
  node.mapped()();
  return true;
}

}  // namespace agentainer::sim

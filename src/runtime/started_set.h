#pragma once
// Which attempts have been started, at four bytes a task. Attempts of a task only ever grow, so the
// highest one says it all.

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace agentainer::runtime {

class StartedSet {
 public:
  /// Tasks remembered; past it the steps of the oldest workflows are forgotten.
  static constexpr std::size_t kMaxTasks = 8'000'000;

  explicit StartedSet(std::size_t max_tasks = kMaxTasks) : max_tasks_(max_tasks) {}

  /// False when this attempt, or a later one of the same task, has been added before.
  bool add(const AttemptId& id) {
    const Key key{id.workflow, id.step};
    if (last_ == nullptr || key != last_key_) {
      last_ = &highest_[key];
      last_key_ = key;
    }
    std::vector<std::uint32_t>& highest = *last_;
    const std::size_t task = to_int(id.task);
    if (task >= highest.size()) {
      tasks_ += task + 1 - highest.size();
      highest.resize(task + 1);
      forget_oldest(key);
    }
    if (highest[task] >= to_int(id.attempt)) return false;
    highest[task] = to_int(id.attempt);
    return true;
  }

  std::size_t tasks() const { return tasks_; }

 private:
  using Key = std::pair<WorkflowId, StepIndex>;  // sorts by the workflow's creation

  void forget_oldest(const Key& keep) {
    while (tasks_ > max_tasks_ && highest_.size() > 1) {
      auto oldest = highest_.begin();
      if (oldest->first == keep) ++oldest;
      tasks_ -= oldest->second.size();
      highest_.erase(oldest);
    }
  }

  std::size_t max_tasks_;
  std::size_t tasks_ = 0;
  std::map<Key, std::vector<std::uint32_t>> highest_;
  Key last_key_;
  std::vector<std::uint32_t>* last_ =
      nullptr;  ///< Into highest_ at last_key_; nodes of a map do not move.
};

}  // namespace agentainer::runtime

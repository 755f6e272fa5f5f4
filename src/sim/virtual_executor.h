#pragma once
// An Executor whose time is a number: it jumps to the next thing there is to do.

#include <map>
#include <utility>

#include "base/executor.h"

namespace agentainer::sim {

class VirtualExecutor final : public Executor {
 public:
  explicit VirtualExecutor(TimePoint start) : now_(start) {}

  TimePoint now() const override { return now_; }
  void post(Task task) override { schedule(now_, std::move(task)); }
  TimerId schedule(TimePoint due, Task task) override;
  void cancel(TimerId timer) override;

  /// Runs the next task; false when there is none.
  bool step();
  /// The clock is set while nothing runs, forward or back.
  void set_clock(TimePoint now) { now_ = now; }

 private:
  TimePoint now_;
  std::uint64_t last_ = 0;
  std::map<std::pair<TimePoint, std::uint64_t>, Task> queue_;
  std::map<std::uint64_t, TimePoint> due_of_;
};

}  // namespace agentainer::sim

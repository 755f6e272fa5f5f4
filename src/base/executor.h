#pragma once
// Where work runs and what time it is. One thread owns workflows, pools and stores' callbacks: all
// of them run on one Executor. The real one is the event loop in net/, the simulator has a virtual
// one.

#include <cstdint>
#include <functional>

#include "base/time.h"

namespace agentainer {

class Executor {
 public:
  using Task = std::function<void()>;
  enum class TimerId : std::uint64_t {};

  virtual ~Executor() = default;

  /// Never goes back. See TimePoint.
  virtual TimePoint now() const = 0;

  /// Runs `task` soon, in the order posted, never inside this call. The only member that other
  /// threads may call.
  virtual void post(Task task) = 0;

  /// Runs `task` once at `due` or soon after; a time in the past means soon.
  virtual TimerId schedule(TimePoint due, Task task) = 0;

  /// Forgets a timer. One that has run, or an unknown one, is no error.
  virtual void cancel(TimerId timer) = 0;
};

}  // namespace agentainer

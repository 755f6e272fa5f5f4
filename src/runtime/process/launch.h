#pragma once
// One start of a program, from a task to a running process. Runs on a spawner thread.

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/process/files.h"
#include "runtime/process/launch_plan.h"
#include "runtime/process/slot.h"
#include "runtime/process/spawn.h"
#include "runtime/runtime.h"

namespace agentainer::runtime {

/// A started process and the reading ends of its output. Until release() the destructor kills the
/// process: it owns it.
class Child {
 public:
  Child(Spawned spawned, UniqueFd out, UniqueFd err)
      : pid(spawned.pid),
        pidfd(std::move(spawned.pidfd)),
        stdout_pipe(std::move(out)),
        stderr_pipe(std::move(err)) {}
  Child(Child&& other) noexcept = default;
  Child& operator=(Child&&) = delete;
  ~Child();

  pid_t pid;
  UniqueFd pidfd;
  UniqueFd stdout_pipe;
  UniqueFd stderr_pipe;
};

/// Shared by the event loop, which fills in the request and then waits, and a spawner thread, which
/// fills in the rest.
struct Launch {
  // The request.
  TaskSpec task;
  std::shared_ptr<const StepPlan> plan;
  std::string program;
  std::string life;
  std::uint64_t serial = 0;
  std::string api_url;
  std::string token;
  std::vector<ResourceLimit> limits;
  std::unique_ptr<Slot> slot;  ///< Null: one is made.
  bool was_alone = false;      ///< No other attempt ran or was being started.
  std::atomic<bool> is_cancelled =
      false;  ///< Set by the event loop at any time: do not start any more.

  // The outcome.
  std::string marker;
  std::optional<Child> child;
  std::string error;  ///< Why there is no child. Empty when cancelled.
  bool out_of_resources =
      false;  ///< Of descriptors, processes or memory: it may work when another attempt has ended.
};

/// Starts the program, or fills in why not.
void run_launch(Launch& launch, SlotFactory& slots);

}  // namespace agentainer::runtime

#pragma once
// What starts agents. A runtime starts, stops, lists and watches attempts, and knows nothing of
// workflows.
//
//      start(TaskSpec) ──> attempt running ──> Listener::on_finished(AttemptReport), exactly once
//                               ▲
//                             stop(id)

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/outcome.h"
#include "base/result.h"
#include "base/time.h"

namespace agentainer::runtime {

/// What all tasks of a step share.
struct AgentSpec {
  WorkflowId workflow;
  std::string workflow_name;
  std::string step_id;  ///< Matches [A-Za-z_][A-Za-z0-9_-]{0,63}: safe in a path.
  std::string step_name;
  std::string step_type;
  std::string image;             ///< As written in the workflow file; may be empty.
  std::string source_directory;  ///< Absolute; where relative images and commands are resolved.
  std::optional<milliseconds> timeout;  ///< Of an attempt, from its start. The runtime enforces it.
  ResourceLimits limits;
  OutputMode output = OutputMode::kAuto;
};

struct TaskSpec {
  AttemptId id;
  std::shared_ptr<const AgentSpec> agent;
  std::vector<std::string> command;  ///< Empty: the image's own.
  /// Beside the contract's variables.
  std::vector<std::pair<std::string, std::string>> environment;
  std::string document;  ///< The task document (agent contract, section 1), JSON text.
  std::optional<std::uint32_t> map_index;
  std::optional<std::uint32_t> worker_id;
  std::uint32_t total_workers = 0;
};

struct Usage {
  milliseconds wall{0};
  milliseconds cpu{0};
  std::int64_t max_memory_bytes = 0;
};

/// How an attempt ended. Exactly one for every start().
struct AttemptReport {
  AttemptId id;
  bool succeeded = false;
  std::string result;  ///< JSON text when succeeded.

  // When not succeeded:
  FailureCause cause = FailureCause::kLost;
  int exit_code = 0;      ///< For kExitCode.
  int signal = 0;         ///< For kSignal.
  bool retryable = true;  ///< False for exit code 78 (EX_CONFIG).
  std::string message;    ///< One line for people, then the last lines of stderr.

  TimePoint started{};
  TimePoint finished{};
  Usage usage;
};

enum class StopReason { kCancelled, kShutdown };

class Runtime {
 public:
  /// Called on the executor's thread, never inside a call into the runtime.
  class Listener {
   public:
    virtual ~Listener() = default;
    virtual void on_started(const AttemptId& id, TimePoint at) = 0;
    virtual void on_finished(AttemptReport report) = 0;
  };

  virtual ~Runtime() = default;

  /// Must be called once, before any start().
  virtual void set_listener(Listener* listener) = 0;

  /// Whether tasks of this kind can be started here at all (the image exists, the program is
  /// found). kInvalid or kNotFound with what to do; asked before a workflow starts.
  virtual Status check(const AgentSpec& agent, const std::vector<std::string>& command) = 0;

  /// Starts one attempt. Starting an id that is running or has ended in this life of the runtime
  /// does nothing. Failing to start is reported as an AttemptReport with kStart.
  virtual void start(TaskSpec task) = 0;

  /// Ends the attempt and everything it started, politely first. An unknown id is no error. The
  /// report (kCancelled, or how it ended if that came first) still comes.
  virtual void stop(const AttemptId& id, StopReason reason) = 0;

  /// Attempts that an earlier life of the server started and that still run: after `done` either
  /// they report like any other, or they have been reaped and are not in the list.
  virtual void recover(std::function<void(Result<std::vector<AttemptId>>)> done) = 0;

  /// Stops everything; `done` when nothing of it is left.
  virtual void shutdown(std::function<void()> done) = 0;
};

}  // namespace agentainer::runtime

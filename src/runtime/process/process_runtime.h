#pragma once
// Agents as plain processes: each attempt is a process in a session and, where possible, a cgroup
// of its own. It isolates resources, not trust: an agent has the rights of the user who runs the
// server. docs/decisions/0003-process-runtime.md says why it is made as it is.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/event_loop.h"
#include "runtime/process/cgroup.h"
#include "runtime/runtime.h"

namespace agentainer::runtime {

struct ProcessOptions {
  std::string data_directory;  ///< Absolute. Made when it does not exist. See runtime/paths.h.
  std::int64_t max_log_bytes = 10 * 1024 * 1024;  ///< Of each stream of an attempt.
  std::int64_t max_result_bytes = 16 * 1024 * 1024;
  milliseconds kill_grace{5000};  ///< Between SIGTERM and SIGKILL.
  std::string api_url;            ///< AGENTAINER_API_URL; empty: not offered.
  std::function<std::string(const TaskSpec&)>
      make_token;  ///< AGENTAINER_TOKEN of an attempt; may be null.
  /// For every agent (REDIS_HOST, …). A step's env_vars override them.
  std::vector<std::pair<std::string, std::string>> environment;
  /// Names of variables that agents get from the server's own environment, beside PATH, HOME and
  /// LANG.
  std::vector<std::string> inherit_env;
  CgroupUse cgroups = CgroupUse::kAuto;
};

class ProcessRuntime final : public Runtime {
 public:
  /// Several runtimes, also of several servers, may share a data directory. `loop` outlives the
  /// runtime.
  static Result<std::unique_ptr<ProcessRuntime>> create(net::EventLoop& loop,
                                                        ProcessOptions options);
  /// Kills what still runs, without reports. shutdown() first is the polite way.
  ~ProcessRuntime() override;

  void set_listener(Listener* listener) override;
  Status check(const AgentSpec& agent, const std::vector<std::string>& command) override;
  void start(TaskSpec task) override;
  void stop(const AttemptId& id, StopReason reason) override;
  /// Kills what lives of servers that are gone left behind; the list is always empty.
  void recover(std::function<void(Result<std::vector<AttemptId>>)> done) override;
  void shutdown(std::function<void()> done) override;

  /// What enforces limits here, for people.
  std::string description() const;
  LimitSupport limit_support() const;

 private:
  class Impl;
  explicit ProcessRuntime(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

}  // namespace agentainer::runtime

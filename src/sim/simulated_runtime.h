#pragma once
// Agents without processes: they take their time, succeed, fail, vanish, answer twice or too late.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/executor.h"
#include "runtime/runtime.h"
#include "sim/random.h"

namespace agentainer::sim {

struct AgentFaults {
  double failure = 0.2;
  double lost = 0.03;
  double duplicate = 0.1;     ///< The report comes again later.
  double ignores_stop = 0.3;  ///< Ends in its own time although it was told to stop.
  std::uint32_t max_duration_ms = 3000;
};

class SimulatedRuntime final : public runtime::Runtime {
 public:
  /// Called at each start, for the checkers.
  using OnStart = std::function<void(const runtime::TaskSpec&)>;

  SimulatedRuntime(Executor& executor, std::uint64_t seed, AgentFaults faults, OnStart on_start)
      : executor_(executor),

        random_(seed),
        faults_(faults),
        on_start_(std::move(on_start)) {}

  ~SimulatedRuntime() override { *alive_ = false; }

  void set_listener(Listener* listener) override { listener_ = listener; }
  Status check(const runtime::AgentSpec&, const std::vector<std::string>&) override { return {}; }
  void start(runtime::TaskSpec task) override;
  void stop(const AttemptId& id, runtime::StopReason reason) override;
  void recover(std::function<void(Result<std::vector<AttemptId>>)> done) override;
  void shutdown(std::function<void()> done) override;

  std::size_t running() const { return running_.size(); }
  /// Most attempts that ever ran at the same time.
  std::size_t peak() const { return peak_; }

 private:
  Executor::TimerId later(milliseconds wait, std::function<void()> task);
  runtime::AttemptReport outcome(const runtime::TaskSpec& task);
  void report(const runtime::AttemptReport& report);

  Executor& executor_;
  Random random_;
  AgentFaults faults_;
  OnStart on_start_;
  Listener* listener_ = nullptr;
  std::set<AttemptId> started_;
  std::map<AttemptId, Executor::TimerId> running_;
  std::size_t peak_ = 0;
  /// A crash takes the agents with it: what they were going to report is not.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The result every successful attempt of this task gives, whatever the attempt: what makes a
/// wrong, lost or doubled result visible in the outputs.
std::string expected_result(const runtime::TaskSpec& task, std::uint32_t batch_length);

}  // namespace agentainer::sim

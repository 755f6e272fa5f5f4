#pragma once
// A runtime that starts nothing: attempts end as a script says. For tests, the simulator and
// benchmarks of everything above the runtime.

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/executor.h"
#include "runtime/runtime.h"
#include "runtime/started_set.h"

namespace agentainer::runtime {

/// How one attempt goes. The default succeeds at once with the result null.
struct MockPlan {
  milliseconds delay{0};
  bool never_ends = false;  ///< Until it is stopped or its timeout is over.
  bool succeeded = true;
  std::string result = "null";
  FailureCause cause = FailureCause::kExitCode;
  int exit_code = 1;
  int signal = 0;
  bool retryable = true;
  std::string message;  ///< Empty: the cause's name.
};

class MockRuntime final : public Runtime {
 public:
  using Script = std::function<MockPlan(const TaskSpec&)>;

  /// Without a script every attempt succeeds at once. `executor` outlives the runtime; all calls
  /// are on its thread.
  explicit MockRuntime(Executor& executor, Script script = nullptr)
      : executor_(executor), script_(std::move(script)) {}
  ~MockRuntime() override;

  void set_listener(Listener* listener) override { listener_ = listener; }
  /// What check() answers from now on; the default is success.
  void set_check(Status answer) { check_ = std::move(answer); }
  Status check(const AgentSpec&, const std::vector<std::string>&) override { return check_; }
  void start(TaskSpec task) override;
  void stop(const AttemptId& id, StopReason reason) override;
  void recover(std::function<void(Result<std::vector<AttemptId>>)> done) override;
  void shutdown(std::function<void()> done) override;

  std::size_t running() const { return waiting_.size() + ready_.size(); }

 private:
  /// An attempt that ends at once: what happens to it is decided when its batch is run.
  struct Ready {
    AttemptId id;
    TimePoint started;
    std::optional<MockPlan> plan;  ///< None: the default.
  };
  /// An attempt that takes time.
  struct Waiting {
    TimePoint started;
    MockPlan plan;
    std::optional<Executor::TimerId> end;
    bool was_announced = false;
  };

  void wait(const AttemptId& id, const TaskSpec& task, MockPlan plan, TimePoint now);
  void post_batch();
  void run_batch();
  void announce(const AttemptId& id);
  void end(const AttemptId& id, MockPlan plan);
  void finish(const AttemptId& id, TimePoint started, MockPlan plan);
  void call_later(std::function<void(MockRuntime&)> task);

  Executor& executor_;
  Script script_;
  Listener* listener_ = nullptr;
  Status check_;
  StartedSet started_;
  std::vector<Ready> ready_;
  std::vector<Ready> batch_;  ///< Being reported; kept for its memory.
  bool is_batch_posted_ = false;
  std::unordered_map<AttemptId, StopReason, AttemptIdHash>
      stopped_;  ///< Of the attempts in ready_.
  std::unordered_map<AttemptId, Waiting, AttemptIdHash> waiting_;
  bool is_closing_ = false;
  /// Posted tasks look here whether this object still exists.
  std::shared_ptr<MockRuntime*> self_ = std::make_shared<MockRuntime*>(this);
};

}  // namespace agentainer::runtime

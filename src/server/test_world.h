#pragma once
// For tests: a server with everything around it under the test's hand. Time is virtual, the store
// is the one in memory, agents do what the test says. A crash takes the server and its connections
// and leaves the disk.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/server.h"
#include "sim/virtual_executor.h"
#include "store/memory_store.h"

namespace agentainer::server {

/// Agents without processes. What is started waits until `finish` or `decide` ends it.
class ScriptedRuntime final : public runtime::Runtime {
 public:
  explicit ScriptedRuntime(Executor& executor) : executor_(executor) {}

  /// Asked at every start; a report is delivered after its `duration`. Absent: it runs on.
  struct Ending {
    runtime::AttemptReport report;
    milliseconds duration{0};
  };
  std::function<std::optional<Ending>(const runtime::TaskSpec&)> decide;
  std::function<void(const runtime::TaskSpec&)> on_start;
  /// False: who is told to stop goes on; a test ends it.
  bool obeys_stop = true;
  /// What recover() answers: attempts of an earlier life, which run here from then on.
  std::vector<AttemptId> left;

  std::map<AttemptId, runtime::TaskSpec> running;
  std::vector<AttemptId> stopped;
  std::size_t peak = 0;
  std::size_t starts = 0;
  bool is_shut_down = false;

  void finish(const AttemptId& id, std::string result);
  void fail(const AttemptId& id, FailureCause cause, std::string message);
  void report(runtime::AttemptReport report);

  void set_listener(Listener* listener) override { listener_ = listener; }
  Status check(const runtime::AgentSpec&, const std::vector<std::string>&) override { return {}; }
  void start(runtime::TaskSpec task) override;
  void stop(const AttemptId& id, runtime::StopReason reason) override;
  void recover(std::function<void(Result<std::vector<AttemptId>>)> done) override;
  void shutdown(std::function<void()> done) override;

 private:
  Executor& executor_;
  Listener* listener_ = nullptr;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);

 public:
  ~ScriptedRuntime() override { *alive_ = false; }
};

/// Files of items in memory.
class ScriptedItems final : public ItemSource {
 public:
  explicit ScriptedItems(Executor& executor) : executor_(executor) {}
  std::map<std::string, std::vector<std::string>> files;
  milliseconds delay{0};
  std::size_t opened = 0;
  /// Lists that somebody still holds.
  std::size_t open() const;

  void open(const std::string& path,
            std::function<void(Result<std::shared_ptr<const Items>>)> done) override;

 private:
  Executor& executor_;
  std::vector<std::weak_ptr<const Items>> handed_out_;
};

class World : public Observer {
 public:
  static constexpr TimePoint kStart{milliseconds(1'800'000'000'000)};

  explicit World(Options options = {});
  /// A world in which only the disk has a past.
  World(const store::MemoryDatabase& past, std::vector<AttemptId> left, Options options = {});
  ~World() override;

  /// Starts and opens a server on the disk; the one before must have crashed. `left`: attempts that
  /// its runtime finds still running.
  void open(std::vector<AttemptId> left = {});
  void crash();

  /// Runs until nothing is left to do, or `time` has passed.
  void run();
  void run_for(milliseconds time);
  /// Runs until it holds; false if nothing is left to do first.
  bool run_until(const std::function<bool()>& holds);

  /// Submits and waits for the answer. `steps` is a workflow file without its name.
  WorkflowId submit(const std::string& steps, const json::object& inputs = {});
  Status resume(const WorkflowId& id);
  /// Does not wait for the answer, which has to be that it was done.
  void cancel(const WorkflowId& id, const std::string& reason);

  AttemptId attempt(const WorkflowId& id, std::uint32_t step, std::uint32_t task,
                    std::uint32_t number = 1) const;
  store::LoadedWorkflow stored(const WorkflowId& id) const;
  std::string status(const WorkflowId& id) const { return stored(id).status; }
  /// How many stored records have this type.
  std::size_t count(const WorkflowId& id, std::string_view type) const;

  void on_committed(const engine::WorkflowState& state,
                    std::span<const engine::Record> records) override;
  void on_ended(const engine::WorkflowState& state) override;
  void on_abandoned(const engine::WorkflowState& state, const Error& error) override;
  void on_store_trouble(const Error& error) override;

  sim::VirtualExecutor executor{kStart};
  std::shared_ptr<store::MemoryDatabase> disk;
  Options options;
  /// What befalls calls to the store; none by default.
  std::function<store::StoreFault(store::StoreCall)> faults;

  ScriptedItems items{executor};
  std::unique_ptr<ScriptedRuntime> runtime;
  std::unique_ptr<store::MemoryStore> store;
  std::unique_ptr<Server> server;

  std::vector<WorkflowId> ended;
  std::vector<std::pair<WorkflowId, ErrorCode>> abandoned;
  std::vector<std::pair<TimePoint, ErrorCode>> trouble;
  /// The disk behind each commit.
  bool keep_snapshots = false;
  std::vector<store::MemoryDatabase> snapshots;
  /// Set by the constructor: every start is checked to be recorded on the disk, and not twice.
  std::set<AttemptId> started;
  std::uint64_t next_id = 1;

 private:
  void check_start(const runtime::TaskSpec& task);
};

}  // namespace agentainer::server

#pragma once
// The home of running workflows. Everything happens on the executor's thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/executor.h"
#include "engine/engine.h"
#include "runtime/runtime.h"
#include "server/item_source.h"
#include "store/store.h"

namespace agentainer::server {

class Runner;

struct Options {
  std::uint32_t max_tasks = 64;  ///< Attempts in flight, all workflows together.
  /// Waits between tries of a commit that the store could not take: doubled from the first to the
  /// last.
  milliseconds first_store_retry{50};
  milliseconds last_store_retry{2000};
  std::size_t max_collected_bytes = 256 * 1024 * 1024;  ///< Of one step's results together.
  std::size_t max_events_at_once = 8192;                ///< Taken into one commit.
};

struct Submission {
  std::string definition;        ///< Text of the workflow file; must be valid.
  std::string source_directory;  ///< Absolute; relative images and files start here.
  json::object inputs;           ///< Laid over the definition's `state`.
};

class Observer {
 public:
  virtual ~Observer() = default;
  /// After each commit, in the order of the history.
  virtual void on_committed(const engine::WorkflowState& state,
                            std::span<const engine::Record> records) = 0;
  /// The workflow has ended and leaves the memory after this call.
  virtual void on_ended(const engine::WorkflowState& state) = 0;
  /// Another server took the workflow, or its commits are refused; it is no longer ours.
  virtual void on_abandoned(const engine::WorkflowState& state, const Error& error) = 0;
  /// The store does not answer or refuses; the commit is tried again until it does.
  virtual void on_store_trouble(const Error& error) = 0;
};

class Server final : public runtime::Runtime::Listener {
 public:
  using MakeId = std::function<WorkflowId(TimePoint now)>;
  template <typename T>
  using Done = std::function<void(Result<T>)>;
  using DoneStatus = std::function<void(Status)>;

  /// What is referred to must outlive the server.
  Server(Executor& executor, store::Store& store, runtime::Runtime& runtime, ItemSource& items,
         MakeId make_id, Options options);
  ~Server() override;

  /// Takes an epoch and lets the runtime reap what an earlier life left. Everything else comes
  /// after.
  void open(DoneStatus done);

  /// Makes a workflow and starts it; `done` when that is durable. kInvalid with all diagnostics
  /// when the definition does not parse.
  void submit(Submission submission, Done<WorkflowId> done);

  /// Takes up an unfinished workflow where it stopped. kConflict when it has ended.
  void resume(const WorkflowId& id, DoneStatus done);

  /// kNotFound when it is not running here.
  Status cancel(const WorkflowId& id, std::string reason);

  /// Each is answered when what it says is durable; kNotFound when the workflow is not running
  /// here, kConflict when it has ended.
  void update_state(const WorkflowId& id, engine::StateUpdate update,
                    Done<engine::StateUpdateResult> done);
  /// A paused workflow begins no attempt; kConflict when it is paused already, or not paused.
  void pause(const WorkflowId& id, DoneStatus done);
  void unpause(const WorkflowId& id, DoneStatus done);

  /// Null when it is not running here. Valid until the executor runs something else.
  const engine::WorkflowState* find(const WorkflowId& id) const;
  std::size_t running() const { return runners_.size(); }

  void add_observer(Observer* observer) { observers_.push_back(observer); }
  void remove_observer(Observer* observer) { std::erase(observers_, observer); }

  /// Stops all agents and takes note of nothing more; unfinished workflows stay so, to be resumed.
  /// Requests that wait for an answer get kMaybeDone.
  void shutdown(std::function<void()> done);

  void on_started(const AttemptId& id, TimePoint at) override;
  void on_finished(runtime::AttemptReport report) override;

 private:
  friend class Runner;

  template <typename T>
  std::shared_ptr<Runner> runner_for(const WorkflowId& id, const Done<T>& done);
  void take_up(engine::WorkflowState state, const store::LoadedWorkflow& loaded, DoneStatus done);
  void stop_left_running(const WorkflowId& id);
  void mark_dirty(Runner& runner);
  void schedule_processing();
  void process_dirty();
  void offer_slots();
  engine::Context context_for(const Runner& runner) const;
  void account_slots(Runner& runner, const engine::Effects& effects);
  void leave_line(const Runner& runner);
  void remove(const WorkflowId& id);
  Result<std::shared_ptr<const workflow::Definition>> definition_of(const std::string& text);

  Executor& executor_;
  store::Store& store_;
  runtime::Runtime& runtime_;
  ItemSource& items_;
  MakeId make_id_;
  Options options_;
  Epoch epoch_{};
  bool closing_ = false;
  bool processing_scheduled_ = false;

  std::map<WorkflowId, std::shared_ptr<Runner>> runners_;
  /// Attempts of an earlier life that still run, until their workflow is taken up.
  std::set<AttemptId> left_running_;
  std::vector<std::weak_ptr<Runner>> dirty_;
  /// Workflows that could dispatch more if there were slots, in the order they get them: those with
  /// the fewest first, then by ticket.
  std::map<std::pair<std::uint32_t, std::uint64_t>, Runner*> hungry_;
  std::uint64_t last_ticket_ = 0;
  std::uint32_t slots_used_ = 0;
  std::vector<Observer*> observers_;
  /// Definitions by their text: thousands of workflows of one file share one.
  std::map<std::string, std::weak_ptr<const workflow::Definition>> definitions_;
  std::size_t definitions_after_sweep_ = 0;
  /// Tells callbacks that outlive the server that it is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace agentainer::server

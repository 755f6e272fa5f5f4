#pragma once
// The home of running workflows. Everything happens on the executor's thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "engine/engine.h"
#include "engine/explain.h"
#include "runtime/runtime.h"
#include "server/item_source.h"
#include "store/store.h"

namespace agentainer::server {

class Runner;
class TakeOver;

struct Options {
  std::uint32_t max_tasks = 64;  ///< Attempts in flight, all workflows together.
  /// Waits between tries of a commit that the store could not take: doubled from the first to the
  /// last.
  milliseconds first_store_retry{50};
  milliseconds last_store_retry{2000};
  std::size_t max_collected_bytes = 256 * 1024 * 1024;  ///< Of one step's results together.
  std::size_t max_events_at_once = 8192;                ///< Taken into one commit.
  /// From one look for workflows of dead servers to the next, after the first take_over(); 0:
  /// never.
  milliseconds take_over_interval{0};
};

struct Submission {
  std::string definition;        ///< Text of the workflow file; must be valid.
  std::string source_directory;  ///< Absolute; relative images and files start here.
  json::object inputs;           ///< Laid over the definition's `state`.
  bool start = true;             ///< False: it stays pending until start().
  /// Of all submissions with this key within store::kRequestLifetime one makes a workflow, the
  /// others get its id. At most store::kMaxRequestKeyBytes; empty: no such key.
  std::string request_key;
  std::string request_digest;  ///< Of what was asked for: the same key with another one is refused.
};

struct Submitted {
  WorkflowId id;
  bool is_new = true;  ///< False: an earlier submission with the same request key made it.
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

  /// Makes a workflow and, unless told otherwise, starts it; `done` when that is durable. kInvalid
  /// with all diagnostics when the definition does not parse; kConflict when the request key was
  /// used for something else.
  void submit(Submission submission, Done<Submitted> done);

  /// Starts a workflow that was submitted with start = false; `done` when that is durable.
  /// kConflict when it has been started before or has ended, kNotFound. Until it is started it is
  /// in the store only: find() does not know it, and restarts leave it pending.
  void start(const WorkflowId& id, DoneStatus done);

  /// Takes up an unfinished workflow where it stopped, whoever owned it; a pending one is started.
  /// kConflict when it has ended, kFenced when a later server owns it.
  void resume(const WorkflowId& id, DoneStatus done);

  /// `done` when the cancellation is durable; agents may still run then. A pending workflow is
  /// cancelled at once. kConflict when it has ended, kNotFound, kFenced when another server runs
  /// it.
  void cancel(const WorkflowId& id, std::string reason, DoneStatus done);

  /// Deletes an ended workflow from the store; its logs are the caller's. kConflict while it has
  /// not ended, kNotFound.
  void remove(const WorkflowId& id, DoneStatus done);

  /// Claims every unfinished workflow whose owner is dead, oldest first, and resumes all but the
  /// pending ones, which stay pending. From then on this is done every take_over_interval. One that
  /// cannot be resumed is logged and left alone. `done` fails when the store did: then some may be
  /// left for the next time.
  void take_over(DoneStatus done);

  /// Dispatches no attempts and takes no new work any more; `done` when no attempt is in flight and
  /// every commit is acknowledged. What is left to do then is shutdown().
  void drain(std::function<void()> done);

  /// Each is answered when what it says is durable; kNotFound when the workflow is neither pending
  /// nor running here, kConflict when it has ended.
  void update_state(const WorkflowId& id, engine::StateUpdate update,
                    Done<engine::StateUpdateResult> done);
  /// A paused workflow begins no attempt; kConflict when it is paused already, or not paused.
  void pause(const WorkflowId& id, DoneStatus done);
  void unpause(const WorkflowId& id, DoneStatus done);
  /// For a step that waits for it, now or later; `payload` is JSON. kInvalid for a name or payload
  /// that cannot be, kResource when too many are kept.
  void signal(const WorkflowId& id, std::string name, std::string payload, DoneStatus done);

  /// Null when it is not running here. Valid until the executor runs something else. What it shows
  /// may not be durable yet.
  const engine::WorkflowState* find(const WorkflowId& id) const;
  /// Shows the state of a workflow that runs here once all of it is durable, for the time of the
  /// call: at once, or after the commit that is in flight. kUnavailable when the store does not
  /// take that. Precondition: find(id).
  void look(const WorkflowId& id, Done<const engine::WorkflowState*> done);
  std::size_t running() const { return runners_.size(); }
  engine::SlotUse slots() const { return {slots_used_, options_.max_tasks}; }

  void add_observer(Observer* observer) { observers_.push_back(observer); }
  void remove_observer(Observer* observer) { std::erase(observers_, observer); }

  /// Stops all agents and takes note of nothing more; unfinished workflows stay so, to be resumed.
  /// Requests that wait for an answer get kMaybeDone.
  void shutdown(std::function<void()> done);

  void on_started(const AttemptId& id, TimePoint at) override;
  void on_finished(runtime::AttemptReport report) override;

 private:
  friend class Runner;
  friend class TakeOver;

  /// A stored workflow, brought into memory.
  struct Loaded {
    engine::WorkflowState state;
    std::string source_directory;
    Epoch owner{};
  };

  void answer_known_request(const std::string& key, const std::string& digest, Error refusal,
                            Done<Submitted> done);
  Status refuse_new_work() const;
  void answer(DoneStatus done, Status status);
  bool begin_opening(const WorkflowId& id, std::function<void()> later);
  DoneStatus end_opening(const WorkflowId& id, DoneStatus done);
  void reach_epoch(Epoch at_least, Done<Epoch> done);
  void load(const WorkflowId& id, Done<Loaded> done);
  void claim(const WorkflowId& id, Epoch epoch, Done<Loaded> done);
  void claim_from(Epoch owner, const WorkflowId& id, Done<Loaded> done);
  void begin_with(engine::Event event, Loaded loaded, DoneStatus done);
  void cancel_claimed(Loaded claimed, const std::string& reason, DoneStatus done);
  void cancel_running(Runner& runner, std::string reason, DoneStatus done);
  Runner& add_runner(engine::WorkflowState state, std::string source_directory, Epoch epoch);
  void take_up(Loaded loaded, DoneStatus done);
  void with_runner(const WorkflowId& id, std::function<void(Runner&)> use,
                   std::function<void(const Error&)> refuse);
  void stop_left_running(const WorkflowId& id);
  void mark_dirty(Runner& runner);
  void schedule_processing();
  void process_dirty();
  void offer_slots();
  engine::Context context_for(const Runner& runner) const;
  void account_slots(Runner& runner, const engine::Effects& effects);
  void leave_line(const Runner& runner);
  void forget(const WorkflowId& id);
  void check_drained();
  Result<std::shared_ptr<const workflow::Definition>> definition_of(const std::string& text);

  Executor& executor_;
  store::Store& store_;
  runtime::Runtime& runtime_;
  ItemSource& items_;
  MakeId make_id_;
  Options options_;
  Epoch epoch_{};  ///< The latest one taken; what is claimed from now on is claimed under it.
  std::set<Epoch> epochs_;  ///< All that this server has taken.
  bool closing_ = false;
  bool draining_ = false;
  std::function<void()> drained_;  ///< To be called when it is.
  std::size_t commits_in_flight_ = 0;
  bool processing_scheduled_ = false;

  std::map<WorkflowId, std::shared_ptr<Runner>> runners_;
  /// Workflows that are on their way from the store into memory or out of it, with what has to wait
  /// for that: two at a time would claim a workflow from each other.
  std::map<WorkflowId, std::vector<std::function<void()>>> opening_;
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
  std::unique_ptr<TakeOver> take_over_;
  /// Tells callbacks that outlive the server that it is gone.
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace agentainer::server

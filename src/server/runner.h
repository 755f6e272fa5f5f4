#pragma once
// One running workflow: events in, one commit in flight, actions out. Internal to server/.

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/task_input.h"
#include "server/server.h"

namespace agentainer::server {

/// The same call may succeed later.
bool is_transient(ErrorCode code);

class Runner : public std::enable_shared_from_this<Runner> {
 public:
  /// `epoch` owns the workflow.
  Runner(Server& server, engine::WorkflowState state, std::string source_directory, Epoch epoch);
  ~Runner();

  /// Commits what a new or resumed workflow begins with, and in the same commit what comes of
  /// `events`; then runs. `create` with the first commit of all.
  void begin(engine::Effects effects, std::optional<store::NewWorkflow> create,
             std::vector<engine::Event> events, Server::DoneStatus done);

  /// `done` when what came of the event is durable; kConflict when the workflow ended before.
  void push(engine::Event event, Server::DoneStatus done = nullptr);
  void update_state(engine::StateUpdate update, Server::Done<engine::StateUpdateResult> done);
  /// For the requests that a RequestAnswer answers.
  template <typename Request>
  void ask(Request request, Server::DoneStatus done) {
    request.ticket = ++last_request_;
    requests_.emplace(request.ticket, std::move(done));
    push(std::move(request));
  }
  /// Answers all requests that wait for one.
  void refuse_requests(const Error& error);
  /// `done` when no commit is in flight: at once, or when the present one has been answered. The
  /// runner is there during the call.
  void when_durable(Server::DoneStatus done);
  /// Applies what is queued, unless a commit is in flight.
  void process();

  const engine::WorkflowState& state() const { return state_; }
  /// For resuming, before begin().
  engine::WorkflowState& mutable_state() { return state_; }
  bool is_committing() const { return pending_.has_value(); }
  /// The workflow is no longer ours: no timer fires any more.
  void close();
  /// The workflow's own time: the executor's, never before its last record (after a restart on a
  /// machine whose clock was set back, waits still last what they should).
  TimePoint now() const;

  // Bookkeeping of Server.
  bool dirty = false;
  std::uint64_t ticket = 0;  ///< Among those with as many slots; 0: not waiting for more.
  std::uint32_t slots_used = 0;

 private:
  struct Pending {
    store::Commit commit;
    std::vector<engine::Record> records;
    std::vector<engine::Action> actions;
    std::vector<engine::StateAnswer> state_answers;
    std::vector<engine::RequestAnswer> answers;
    std::vector<Server::DoneStatus> done;
    milliseconds retry_wait{0};
  };
  struct StepItems {
    std::shared_ptr<const Items> items;
    bool opening = false;
    std::optional<Error> error;
    std::vector<engine::StartAttempt> waiting;  ///< Attempts to start once the items are open.
  };

  void commit(engine::Effects effects, std::optional<store::NewWorkflow> create,
              std::vector<Server::DoneStatus> done);
  std::vector<Server::DoneStatus> take_waiting(std::size_t events);
  void answer_waiting(const Status& status);
  bool rest_in_store();
  void send();
  void on_commit_answer(const Status& answer);
  void give_answers(Pending& committed);
  void tell_durable(const Status& status);
  void perform(const engine::Action& action);
  void start(const engine::StartAttempt& attempt);
  void fail_attempt(const engine::StartAttempt& attempt, FailureCause cause, std::string message);
  void release_ended(const std::vector<engine::Record>& records);
  void open_items(StepIndex step);
  void on_items_open(StepIndex step, Result<std::shared_ptr<const Items>> items);
  Result<std::optional<std::string>> items_for(const engine::StartAttempt& attempt);
  void collect(StepIndex step);
  void arm_timer();
  void abandon(const Error& error);
  void withdraw(const Error& error);
  std::shared_ptr<const runtime::AgentSpec> agent_spec(StepIndex step);
  std::string item_path(StepIndex step) const;

  Server& server_;
  engine::WorkflowState state_;
  engine::TaskInputs inputs_{state_};
  std::string source_directory_;
  milliseconds clock_offset_{0};
  const Epoch epoch_;
  std::vector<engine::Event> events_;
  /// Who wants to know when an event's effects are durable, with the event's place in events_.
  std::vector<std::pair<std::size_t, Server::DoneStatus>> waiting_;
  std::optional<Pending> pending_;
  std::vector<Server::DoneStatus> for_durable_;
  std::uint64_t last_request_ = 0;
  // Who waits for an answer, by ticket.
  std::map<std::uint64_t, Server::Done<engine::StateUpdateResult>> updates_;
  std::map<std::uint64_t, Server::DoneStatus> requests_;
  std::map<StepIndex, std::shared_ptr<const runtime::AgentSpec>> agents_;
  std::map<StepIndex, StepItems> items_;
  std::optional<TimePoint> armed_;
  Executor::TimerId timer_{};
};

}  // namespace agentainer::server

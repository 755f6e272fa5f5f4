#include "store/memory_store.h"

#include <algorithm>
#include <deque>
#include <utility>

namespace agentainer::store {

// Shared with the tasks on the executor, so that calls under way still take effect after a crash.
struct MemoryStore::Connection : std::enable_shared_from_this<Connection> {
  using Answer = std::function<void()>;

  struct Call {
    TimePoint effect_at{};
    milliseconds answer_delay{0};
    std::function<Answer()> effect;
  };
  struct Pending {
    TimePoint answer_at{};
    Answer answer;
  };

  Executor& executor;
  std::shared_ptr<MemoryDatabase> database;
  FaultPlan plan;
  bool is_open = true;
  std::set<Epoch> epochs;

  std::deque<Call> calls;       ///< Without their effect yet.
  std::deque<Pending> pending;  ///< Without their answer yet.

  Connection(Executor& where, std::shared_ptr<MemoryDatabase> what, FaultPlan faults)
      : executor(where), database(std::move(what)), plan(std::move(faults)) {}

  /// `act` is what the call does to the database.
  template <typename Value, typename Act>
  void submit(StoreCall call, const WorkflowId& id, std::function<void(Result<Value>)> done,
              Act act) {
    const StoreFault fault = plan ? plan(call, id) : StoreFault{};
    auto effect = [this, kind = fault.kind, is_read = call == StoreCall::kRead,
                   done = std::move(done), act = std::move(act)]() mutable -> Answer {
      using Kind = StoreFault::Kind;
      Result<Value> result = fail(ErrorCode::kUnavailable, "the store cannot be reached");
      if (kind == Kind::kNone || kind == Kind::kLostAfter) result = act(*database);
      if (kind == Kind::kLostBefore || kind == Kind::kLostAfter)
        result = fail(is_read ? ErrorCode::kUnavailable : ErrorCode::kMaybeDone,
                      "the connection to the store broke");
      return [done = std::move(done), result = std::move(result)]() mutable {
        done(std::move(result));
      };
    };
    TimePoint effect_at = executor.now() + fault.effect_delay;
    if (!calls.empty()) effect_at = std::max(effect_at, calls.back().effect_at);
    calls.push_back({effect_at, fault.answer_delay, std::move(effect)});
    if (calls.size() > 1) return;  // the first one's timer goes on to the others
    if (fault.effect_delay.count() == 0)
      run_effects();
    else
      executor.schedule(effect_at, [self = shared_from_this()] { self->run_effects(); });
  }

  void run_effects() {
    const TimePoint now = executor.now();
    while (!calls.empty() && calls.front().effect_at <= now) {
      Call call = std::move(calls.front());
      calls.pop_front();
      TimePoint answer_at = now + call.answer_delay;
      if (!pending.empty()) answer_at = std::max(answer_at, pending.back().answer_at);
      pending.push_back({answer_at, call.effect()});
      if (answer_at <= now)
        executor.post([self = shared_from_this()] { self->run_answers(); });
      else
        executor.schedule(answer_at, [self = shared_from_this()] { self->run_answers(); });
    }
    if (!calls.empty())
      executor.schedule(calls.front().effect_at,
                        [self = shared_from_this()] { self->run_effects(); });
  }

  void run_answers() {
    const TimePoint now = executor.now();
    // Answers to calls that these answers lead to wait for a turn of their own.
    for (std::size_t left = pending.size(); left > 0 && is_open; --left) {
      if (pending.empty() || pending.front().answer_at > now) return;
      const Answer answer = std::move(pending.front().answer);
      pending.pop_front();
      answer();
    }
  }

  void crash() {
    is_open = false;
    for (const Epoch epoch : epochs) database->release(epoch);
    const auto dropped = std::exchange(pending, {});
  }
};

MemoryStore::MemoryStore(Executor& executor, std::shared_ptr<MemoryDatabase> database,
                         FaultPlan plan)
    : connection_(std::make_shared<Connection>(executor, std::move(database), std::move(plan))) {}

MemoryStore::~MemoryStore() { connection_->crash(); }

void MemoryStore::next_epoch(Done<Epoch> done) {
  connection_->submit<Epoch>(
      StoreCall::kNextEpoch, {}, std::move(done),
      [connection = connection_.get()](MemoryDatabase& database) -> Result<Epoch> {
        const Epoch epoch = database.next_epoch();
        if (connection->is_open)
          connection->epochs.insert(epoch);
        else
          database.release(epoch);
        return epoch;
      });
}

void MemoryStore::claim(const WorkflowId& id, Epoch epoch, DoneStatus done) {
  connection_->submit<void>(StoreCall::kClaim, id, std::move(done),
                            [=](MemoryDatabase& database) { return database.claim(id, epoch); });
}

void MemoryStore::commit(Commit commit, DoneStatus done) {
  const WorkflowId id = commit.workflow;
  connection_->submit<void>(StoreCall::kCommit, id, std::move(done),
                            [connection = connection_.get(),
                             commit = std::move(commit)](MemoryDatabase& database) mutable {
                              return database.commit(std::move(commit), connection->executor.now());
                            });
}

void MemoryStore::load(const WorkflowId& id, Done<LoadedWorkflow> done) {
  connection_->submit<LoadedWorkflow>(StoreCall::kRead, id, std::move(done),
                                      [=](MemoryDatabase& database) { return database.load(id); });
}

void MemoryStore::list_unfinished(std::optional<WorkflowId> after, std::size_t limit,
                                  Done<std::vector<UnfinishedWorkflow>> done) {
  connection_->submit<std::vector<UnfinishedWorkflow>>(
      StoreCall::kRead, {}, std::move(done),
      [=](MemoryDatabase& database) { return database.list_unfinished(after, limit); });
}

void MemoryStore::list_owners(Done<std::vector<Owner>> done) {
  connection_->submit<std::vector<Owner>>(
      StoreCall::kRead, {}, std::move(done),
      [](MemoryDatabase& database) { return database.list_owners(); });
}

void MemoryStore::list(ListQuery query, Done<WorkflowPage> done) {
  connection_->submit<WorkflowPage>(
      StoreCall::kRead, {}, std::move(done),
      [query = std::move(query)](MemoryDatabase& database) { return database.list(query); });
}

void MemoryStore::find_request(const std::string& key, Done<std::optional<RequestRecord>> done) {
  connection_->submit<std::optional<RequestRecord>>(
      StoreCall::kRead, {}, std::move(done),
      [key, connection = connection_.get()](MemoryDatabase& database) {
        return database.find_request(key, connection->executor.now());
      });
}

void MemoryStore::remove(const WorkflowId& id, std::vector<StoredStep>, DoneStatus done) {
  connection_->submit<void>(StoreCall::kWrite, id, std::move(done),
                            [=](MemoryDatabase& database) { return database.remove(id); });
}

void MemoryStore::read_task_outputs(const WorkflowId& id, const std::string& step, TaskIndex first,
                                    std::uint32_t count, Done<std::vector<StoredTaskOutput>> done) {
  connection_->submit<std::vector<StoredTaskOutput>>(
      StoreCall::kRead, id, std::move(done),
      [=](MemoryDatabase& database) { return database.read_task_outputs(id, step, first, count); });
}

void MemoryStore::read_records(const WorkflowId& id, std::uint64_t after, std::size_t limit,
                               Done<std::vector<StoredRecord>> done) {
  connection_->submit<std::vector<StoredRecord>>(
      StoreCall::kRead, id, std::move(done),
      [=](MemoryDatabase& database) { return database.read_records(id, after, limit); });
}

void MemoryStore::read_state(const WorkflowId& id, Done<std::map<std::string, std::string>> done) {
  connection_->submit<std::map<std::string, std::string>>(
      StoreCall::kRead, id, std::move(done),
      [=](MemoryDatabase& database) { return database.read_state(id); });
}

void MemoryStore::put_token(const std::string& id, std::string text, DoneStatus done) {
  connection_->submit<void>(StoreCall::kWrite, {}, std::move(done),
                            [id, text = std::move(text)](MemoryDatabase& database) {
                              return database.put_token(id, text);
                            });
}

void MemoryStore::remove_token(const std::string& id, DoneStatus done) {
  connection_->submit<void>(StoreCall::kWrite, {}, std::move(done),
                            [=](MemoryDatabase& database) { return database.remove_token(id); });
}

void MemoryStore::read_tokens(Done<std::vector<StoredToken>> done) {
  connection_->submit<std::vector<StoredToken>>(
      StoreCall::kRead, {}, std::move(done),
      [](MemoryDatabase& database) { return database.read_tokens(); });
}

void MemoryStore::append_audit(std::string text, DoneStatus done) {
  connection_->submit<void>(
      StoreCall::kWrite, {}, std::move(done),
      [text = std::move(text), connection = connection_.get()](MemoryDatabase& database) {
        return database.append_audit(text, connection->executor.now());
      });
}

void MemoryStore::read_audit(std::optional<std::string> before, std::size_t limit,
                             Done<std::vector<AuditEntry>> done) {
  connection_->submit<std::vector<AuditEntry>>(
      StoreCall::kRead, {}, std::move(done),
      [=](MemoryDatabase& database) { return database.read_audit(before, limit); });
}

}  // namespace agentainer::store

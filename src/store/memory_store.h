#pragma once
// The Store in memory: what it does without faults is what RedisStore does
// (store_contract_test.cc). For the simulator and for tests.

#include <cstdint>
#include <functional>
#include <memory>

#include "base/executor.h"
#include "store/memory_database.h"
#include "store/store.h"

namespace agentainer::store {

/// What befalls one call.
struct StoreFault {
  enum class Kind {
    kNone,
    kUnavailable,  ///< It never arrives: no effect, answered kUnavailable.
    kLostBefore,   ///< The connection breaks before it arrives: no effect, answered kMaybeDone.
    kLostAfter,    ///< The connection breaks before the answer: its effect, answered kMaybeDone.
  };
  Kind kind = Kind::kNone;
  milliseconds effect_delay{0};  ///< From the call to its effect.
  milliseconds answer_delay{0};  ///< From the effect to the answer.
};

enum class StoreCall {
  kNextEpoch,
  kClaim,
  kCommit,
  kWrite,  ///< Removals, tokens, the audit log.
  kRead,
};

/// Asked once per call, in the order of the calls. The id is null for calls without a workflow.
using FaultPlan = std::function<StoreFault(StoreCall, const WorkflowId&)>;

/// One server's connection to a database that others may use too, and that outlives it. Effects and
/// answers each keep the order of the calls, as on a real connection, so a delay holds up what
/// follows. Destroying it is a crash of its server: no more answers, its epochs show as dead, but
/// what is under way still takes effect at its time.
class MemoryStore final : public Store {
 public:
  MemoryStore(Executor& executor, std::shared_ptr<MemoryDatabase> database,
              FaultPlan plan = nullptr);
  ~MemoryStore() override;

  void next_epoch(Done<Epoch> done) override;
  void claim(const WorkflowId& id, Epoch epoch, DoneStatus done) override;
  void commit(Commit commit, DoneStatus done) override;
  void load(const WorkflowId& id, Done<LoadedWorkflow> done) override;
  void list_unfinished(std::optional<WorkflowId> after, std::size_t limit,
                       Done<std::vector<UnfinishedWorkflow>> done) override;
  void list_owners(Done<std::vector<Owner>> done) override;
  void list(ListQuery query, Done<WorkflowPage> done) override;
  void find_request(const std::string& key, Done<std::optional<RequestRecord>> done) override;
  void remove(const WorkflowId& id, std::vector<StoredStep> steps, DoneStatus done) override;
  void read_task_outputs(const WorkflowId& id, const std::string& step, TaskIndex first,
                         std::uint32_t count, Done<std::vector<StoredTaskOutput>> done) override;
  void read_records(const WorkflowId& id, std::uint64_t after, std::size_t limit,
                    Done<std::vector<StoredRecord>> done) override;
  void read_state(const WorkflowId& id, Done<std::map<std::string, std::string>> done) override;
  void put_token(const std::string& id, std::string text, DoneStatus done) override;
  void remove_token(const std::string& id, DoneStatus done) override;
  void read_tokens(Done<std::vector<StoredToken>> done) override;
  void append_audit(std::string text, DoneStatus done) override;
  void read_audit(std::optional<std::string> before, std::size_t limit,
                  Done<std::vector<AuditEntry>> done) override;

 private:
  struct Connection;
  std::shared_ptr<Connection> connection_;
};

}  // namespace agentainer::store

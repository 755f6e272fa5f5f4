#pragma once
// A Store with faults in front of a Store without: answers that are lost or late, outages, and, as
// a deliberate bug, acknowledgements before the commit. It keeps the ledger of what has been
// acknowledged.

#include <map>
#include <string>
#include <vector>

#include "base/executor.h"
#include "sim/random.h"
#include "store/store.h"

namespace agentainer::sim {

struct StoreFaults {
  double lost_before = 0;  ///< The commit does not happen; the answer is kMaybeDone.
  double lost_after = 0;   ///< The commit happens; the answer is kMaybeDone.
  double unavailable = 0;  ///< Any call answers kUnavailable.
  std::uint32_t max_delay_ms = 5;
  /// The bug that the simulator must find: success is answered before the commit is made.
  bool early_ack = false;
};

class FaultyStore final : public store::Store {
 public:
  FaultyStore(Executor& executor, store::Store& inner, std::uint64_t seed)
      : executor_(executor), inner_(inner), random_(seed) {}

  StoreFaults faults;

  /// Records of a workflow that the store has acknowledged having, by sequence number.
  using Ledger = std::map<WorkflowId, std::map<std::uint64_t, std::string>>;
  const Ledger& acknowledged() const { return ledger_; }

  void next_epoch(Done<Epoch> done) override { inner_.next_epoch(std::move(done)); }
  void claim(const WorkflowId& id, Epoch epoch, DoneStatus done) override;
  void commit(store::Commit commit, DoneStatus done) override;
  void load(const WorkflowId& id, Done<store::LoadedWorkflow> done) override {
    inner_.load(id, std::move(done));
  }
  void list_unfinished(std::optional<WorkflowId> after, std::size_t limit,
                       Done<std::vector<store::UnfinishedWorkflow>> done) override {
    inner_.list_unfinished(after, limit, std::move(done));
  }
  void list(std::optional<WorkflowId> before, std::size_t limit,
            Done<std::vector<store::WorkflowSummary>> done) override {
    inner_.list(before, limit, std::move(done));
  }
  void read_task_outputs(const WorkflowId& id, const std::string& step, TaskIndex first,
                         std::uint32_t count,
                         Done<std::vector<store::StoredTaskOutput>> done) override;
  void read_records(const WorkflowId& id, std::uint64_t after, std::size_t limit,
                    Done<std::vector<store::StoredRecord>> done) override {
    inner_.read_records(id, after, limit, std::move(done));
  }
  void read_state(const WorkflowId& id, Done<std::map<std::string, std::string>> done) override {
    inner_.read_state(id, std::move(done));
  }

 private:
  void later(std::function<void()> task);
  void forward(store::Commit commit, DoneStatus done);

  Executor& executor_;
  store::Store& inner_;
  Random random_;
  Ledger ledger_;
};

}  // namespace agentainer::sim

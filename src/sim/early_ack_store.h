#pragma once
// A deliberate bug, to show that the simulator finds it: success is answered before the commit is
// made, so the server acts before the commit.

#include "base/executor.h"
#include "store/store.h"

namespace agentainer::sim {

class EarlyAckStore final : public store::Store {
 public:
  EarlyAckStore(Executor& executor, store::Store& inner) : executor_(executor), inner_(inner) {}

  void commit(store::Commit commit, DoneStatus done) override {
    executor_.post([done = std::move(done)] { done({}); });
    inner_.commit(std::move(commit), [](const Status&) {});
  }

  void next_epoch(Done<Epoch> done) override { inner_.next_epoch(std::move(done)); }
  void claim(const WorkflowId& id, Epoch epoch, DoneStatus done) override {
    inner_.claim(id, epoch, std::move(done));
  }
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
                         Done<std::vector<store::StoredTaskOutput>> done) override {
    inner_.read_task_outputs(id, step, first, count, std::move(done));
  }
  void read_records(const WorkflowId& id, std::uint64_t after, std::size_t limit,
                    Done<std::vector<store::StoredRecord>> done) override {
    inner_.read_records(id, after, limit, std::move(done));
  }
  void read_state(const WorkflowId& id, Done<std::map<std::string, std::string>> done) override {
    inner_.read_state(id, std::move(done));
  }

 private:
  Executor& executor_;
  store::Store& inner_;
};

}  // namespace agentainer::sim

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
  void list_owners(Done<std::vector<store::Owner>> done) override {
    inner_.list_owners(std::move(done));
  }
  void list(store::ListQuery query, Done<store::WorkflowPage> done) override {
    inner_.list(std::move(query), std::move(done));
  }
  void find_request(const std::string& key,
                    Done<std::optional<store::RequestRecord>> done) override {
    inner_.find_request(key, std::move(done));
  }
  void remove(const WorkflowId& id, std::vector<store::StoredStep> steps,
              DoneStatus done) override {
    inner_.remove(id, std::move(steps), std::move(done));
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
  void put_token(const std::string& id, std::string text, DoneStatus done) override {
    inner_.put_token(id, std::move(text), std::move(done));
  }
  void remove_token(const std::string& id, DoneStatus done) override {
    inner_.remove_token(id, std::move(done));
  }
  void read_tokens(Done<std::vector<store::StoredToken>> done) override {
    inner_.read_tokens(std::move(done));
  }
  void append_audit(std::string text, DoneStatus done) override {
    inner_.append_audit(std::move(text), std::move(done));
  }
  void read_audit(std::optional<std::string> before, std::size_t limit,
                  Done<std::vector<store::AuditEntry>> done) override {
    inner_.read_audit(std::move(before), limit, std::move(done));
  }

 private:
  Executor& executor_;
  store::Store& inner_;
};

}  // namespace agentainer::sim

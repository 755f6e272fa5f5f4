#include "sim/faulty_store.h"

#include <memory>
#include <utility>

namespace agentainer::sim {

void FaultyStore::later(std::function<void()> task) {
  executor_.schedule(executor_.now() + milliseconds(random_.below(faults.max_delay_ms + 1)),
                     std::move(task));
}

void FaultyStore::claim(const WorkflowId& id, Epoch epoch, DoneStatus done) {
  inner_.claim(id, epoch, std::move(done));
}

void FaultyStore::read_task_outputs(const WorkflowId& id, const std::string& step, TaskIndex first,
                                    std::uint32_t count,
                                    Done<std::vector<store::StoredTaskOutput>> done) {
  if (random_.chance(faults.unavailable)) {
    later([done = std::move(done)] { done(fail(ErrorCode::kUnavailable, "simulated outage")); });
    return;
  }
  inner_.read_task_outputs(id, step, first, count, std::move(done));
}

void FaultyStore::forward(store::Commit commit, DoneStatus done) {
  const WorkflowId id = commit.workflow;
  const std::uint64_t sequence = commit.sequence;
  std::vector<std::string> records = commit.records;
  inner_.commit(std::move(commit), [this, id, sequence, records = std::move(records),
                                    done = std::move(done)](const Status& status) {
    if (status) {
      std::uint64_t next = sequence;
      for (const std::string& record : records) ledger_[id][++next] = record;
    }
    done(status);
  });
}

void FaultyStore::commit(store::Commit commit, DoneStatus done) {
  if (faults.early_ack) {
    executor_.post([done] { done({}); });
    later([this, commit = std::make_shared<store::Commit>(std::move(commit))] {
      forward(std::move(*commit), [](const Status&) {});
    });
    return;
  }
  const auto maybe = [done] { done(fail(ErrorCode::kMaybeDone, "simulated loss of an answer")); };
  if (random_.chance(faults.unavailable)) {
    later([done] { done(fail(ErrorCode::kUnavailable, "simulated outage")); });
  } else if (random_.chance(faults.lost_before)) {
    later(maybe);
  } else {
    const bool lose_answer = random_.chance(faults.lost_after);
    later([this, commit = std::make_shared<store::Commit>(std::move(commit)),
           done = std::move(done), maybe, lose_answer] {
      forward(std::move(*commit), [this, done, maybe, lose_answer](const Status& status) {
        later(
            [done, maybe, lose_answer, status] { lose_answer&& status ? maybe() : done(status); });
      });
    });
  }
}

}  // namespace agentainer::sim

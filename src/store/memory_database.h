#pragma once
// What MemoryStore stores, and the rules of the store as plain functions. A copy is a snapshot.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "store/store.h"

namespace agentainer::store {

/// Errors are those of Store's functions of the same names.
class MemoryDatabase {
 public:
  /// The taker is alive until release().
  Epoch next_epoch();
  void release(Epoch epoch) { alive_.erase(epoch); }

  Status claim(const WorkflowId& id, Epoch epoch);
  Status commit(Commit commit);

  Result<LoadedWorkflow> load(const WorkflowId& id) const;
  std::vector<UnfinishedWorkflow> list_unfinished(std::optional<WorkflowId> after,
                                                  std::size_t limit) const;
  std::vector<WorkflowSummary> list(std::optional<WorkflowId> before, std::size_t limit) const;
  std::vector<StoredTaskOutput> read_task_outputs(const WorkflowId& id, const std::string& step,
                                                  TaskIndex first, std::uint32_t count) const;
  std::vector<StoredRecord> read_records(const WorkflowId& id, std::uint64_t after,
                                         std::size_t limit) const;
  std::map<std::string, std::string> read_state(const WorkflowId& id) const;

  /// As an agent with direct access does.
  void set_state(const WorkflowId& id, const std::string& key, std::string text);
  /// True: commits that create are refused with kResource, the others are not.
  void set_full(bool full) { full_ = full; }

 private:
  static constexpr std::uint32_t kTasksPerBucket = 64;
  using Bucket = std::array<StoredTaskOutput, kTasksPerBucket>;

  struct Workflow {
    NewWorkflow origin;
    Epoch epoch{};
    std::string status;
    bool finished = false;
    TimePoint updated{};
    std::vector<std::string> records;
    std::map<std::uint64_t, std::uint64_t> digests;  ///< Of each commit, by its last record.
    std::map<std::string, std::string> state;
    std::map<std::string, std::string> step_outputs;
    std::map<std::string, std::map<std::uint32_t, Bucket>> task_outputs;
  };

  static bool was_applied(const Workflow& workflow, const Commit& commit);
  Status check_commit(const Commit& commit) const;
  const Workflow* find(const WorkflowId& id) const;

  std::map<WorkflowId, Workflow> workflows_;
  std::set<WorkflowId> unfinished_;
  std::set<Epoch> alive_;
  std::uint64_t last_epoch_ = 0;
  bool full_ = false;
};

}  // namespace agentainer::store

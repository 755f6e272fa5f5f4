#pragma once
// What MemoryStore stores, and the rules of the store as plain functions. A copy is a snapshot.

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace agentainer::store {

/// Errors are those of Store's functions of the same names. It has no clock: `now` is the caller's.
class MemoryDatabase {
 public:
  /// The taker is alive until release().
  Epoch next_epoch();
  void release(Epoch epoch) { alive_.erase(epoch); }

  Status claim(const WorkflowId& id, Epoch epoch);
  Status commit(Commit commit, TimePoint now);
  Status remove(const WorkflowId& id);

  Result<LoadedWorkflow> load(const WorkflowId& id) const;
  std::vector<UnfinishedWorkflow> list_unfinished(std::optional<WorkflowId> after,
                                                  std::size_t limit) const;
  std::vector<Owner> list_owners() const;
  WorkflowPage list(const ListQuery& query) const;
  std::optional<RequestRecord> find_request(const std::string& key, TimePoint now) const;
  std::vector<StoredTaskOutput> read_task_outputs(const WorkflowId& id, const std::string& step,
                                                  TaskIndex first, std::uint32_t count) const;
  std::vector<StoredRecord> read_records(const WorkflowId& id, std::uint64_t after,
                                         std::size_t limit) const;
  std::map<std::string, std::string> read_state(const WorkflowId& id) const;

  Status put_token(const std::string& id, std::string text);
  Status remove_token(const std::string& id);
  std::vector<StoredToken> read_tokens() const;
  Status append_audit(std::string text, TimePoint now);
  Result<std::vector<AuditEntry>> read_audit(const std::optional<std::string>& before,
                                             std::size_t limit) const;

  /// As an agent with direct access does.
  void set_state(const WorkflowId& id, const std::string& key, std::string text);
  /// True: commits that create, tokens and audit entries are refused with kResource, other commits
  /// are not.
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

  struct Request {
    RequestRecord record;
    TimePoint expires{};
  };
  using AuditId = std::pair<std::uint64_t, std::uint64_t>;

  static bool was_applied(const Workflow& workflow, const Commit& commit);
  Status check_commit(const Commit& commit, TimePoint now) const;
  Status check_room() const;
  const Workflow* find(const WorkflowId& id) const;

  std::map<WorkflowId, Workflow> workflows_;
  std::set<WorkflowId> unfinished_;
  std::set<Epoch> alive_;
  std::map<std::string, Request> requests_;
  std::map<std::string, std::string> tokens_;
  std::map<AuditId, std::string> audit_;
  std::uint64_t last_epoch_ = 0;
  bool full_ = false;
};

}  // namespace agentainer::store

#pragma once
// Durable memory of workflows. A commit is atomic, fenced by the owner's epoch and ordered by the
// workflow's sequence number; it is acknowledged only when it is on disk.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/result.h"
#include "base/time.h"

namespace agentainer::store {

/// Written once, with a workflow's first commit.
struct NewWorkflow {
  std::string name;
  std::string definition;        ///< The file's text as given.
  std::string source_directory;  ///< Absolute path that relative images and files start from.
  TimePoint created{};
};

/// One task's outcome.
struct TaskOutput {
  std::string step;
  TaskIndex task{};
  bool succeeded = false;
  std::string text;  ///< The result (JSON), or the error (a JSON object).
};

/// A step's output, `steps.<id>.output`.
struct StepOutput {
  std::string step;
  std::string text;  ///< JSON
};

struct StateWrite {
  std::string key;
  std::optional<std::string> text;  ///< JSON; absent deletes the key.
};

struct Commit {
  WorkflowId workflow;
  Epoch epoch{};
  /// Number of records committed before this commit; its records get sequence+1, sequence+2, ….
  std::uint64_t sequence = 0;
  std::optional<NewWorkflow> create;  ///< Only with sequence 0.
  std::vector<std::string> records;   ///< JSON objects; at least one.
  std::vector<TaskOutput> task_outputs;
  std::vector<StepOutput> step_outputs;
  std::vector<StateWrite> state;
  std::string status;  ///< The workflow's status after this commit, for listings.
  /// No commit will follow; the workflow leaves the set of unfinished ones.
  bool finished = false;
  TimePoint at{};
};

struct LoadedWorkflow {
  WorkflowId id;
  NewWorkflow origin;
  Epoch epoch{};
  std::uint64_t sequence = 0;
  std::string status;
  TimePoint updated{};
  std::vector<std::string> records;  ///< In order; records[i] has sequence i+1.
  std::map<std::string, std::string> state;
  std::map<std::string, std::string> step_outputs;
};

struct WorkflowSummary {
  WorkflowId id;
  std::string name;
  std::string status;
  TimePoint created{};
  TimePoint updated{};
};

struct UnfinishedWorkflow {
  WorkflowId id;
  Epoch owner{};
  /// The process that took `owner` still runs (same machine: seen at once; elsewhere: within its
  /// lease).
  bool owner_alive = false;
};

struct StoredRecord {
  std::uint64_t sequence = 0;
  std::string text;
};

/// Outcome of one task as stored; neither: the task has not ended.
struct StoredTaskOutput {
  std::optional<std::string> result;
  std::optional<std::string> error;
};

/// Every call answers once through `done`, on the executor's thread, never inside the call. Errors:
/// kUnavailable (nothing happened), kMaybeDone (a write may have happened: reread), and as
/// documented.
class Store {
 public:
  template <typename T>
  using Done = std::function<void(Result<T>)>;
  using DoneStatus = std::function<void(Status)>;

  virtual ~Store() = default;

  /// Takes the next epoch; every epoch is larger than all before it in this store. The store shows
  /// the taker as alive (UnfinishedWorkflow::owner_alive) for as long as it is.
  virtual void next_epoch(Done<Epoch> done) = 0;

  /// Makes `epoch` the workflow's owner. kFenced if a later epoch owns it, kNotFound.
  virtual void claim(const WorkflowId& id, Epoch epoch, DoneStatus done) = 0;

  /// All of the commit or nothing. Commits of different workflows issued together travel together.
  /// Sending the same commit again after kMaybeDone or kUnavailable is safe: if it had happened, it
  /// is acknowledged and changes nothing. kFenced: `epoch` is not the owner, or the sequence has
  /// moved on under another commit; kConflict: `create` of an id that exists; kResource: the store
  /// is full. Further: kUnavailable, although the store is there, while an earlier commit of the
  /// workflow has not happened (send that one again first); kConflict after a commit that said
  /// `finished`; kNotFound. After kMaybeDone the same commit has to be sent again: another one in
  /// its place may meet it late.
  virtual void commit(Commit commit, DoneStatus done) = 0;

  /// Everything but task outputs. kNotFound.
  virtual void load(const WorkflowId& id, Done<LoadedWorkflow> done) = 0;

  /// Workflows that have not ended, oldest first, at most `limit`, after `after` when given.
  virtual void list_unfinished(std::optional<WorkflowId> after, std::size_t limit,
                               Done<std::vector<UnfinishedWorkflow>> done) = 0;

  /// Newest first, at most `limit`, older than `before` when given.
  virtual void list(std::optional<WorkflowId> before, std::size_t limit,
                    Done<std::vector<WorkflowSummary>> done) = 0;

  /// Outcomes of tasks [first, first + count) of a step, in order.
  virtual void read_task_outputs(const WorkflowId& id, const std::string& step, TaskIndex first,
                                 std::uint32_t count, Done<std::vector<StoredTaskOutput>> done) = 0;

  /// Records after sequence number `after`, at most `limit`, in order.
  virtual void read_records(const WorkflowId& id, std::uint64_t after, std::size_t limit,
                            Done<std::vector<StoredRecord>> done) = 0;

  /// The state as it is now (agents with direct access may have changed it).
  virtual void read_state(const WorkflowId& id, Done<std::map<std::string, std::string>> done) = 0;
};

}  // namespace agentainer::store

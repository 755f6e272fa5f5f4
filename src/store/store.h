#pragma once
// Durable memory of workflows. A commit is atomic, fenced by the owner's epoch and ordered by the
// workflow's sequence number; it is acknowledged only when it is on disk.

#include <chrono>
#include <cstddef>
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
  /// Makes the creation idempotent: of all creations with this key within kRequestLifetime one
  /// happens, the others are answered kConflict. At most kMaxRequestKeyBytes; empty: no such key.
  /// load() leaves both empty.
  std::string request_key;
  std::string request_digest;  ///< What the caller recognises the same request by; any text.
};

/// How long the key of a creation is remembered.
inline constexpr std::chrono::hours kRequestLifetime{24};
inline constexpr std::size_t kMaxRequestKeyBytes = 200;

/// What a request key was used for. The workflow may have been removed since.
struct RequestRecord {
  WorkflowId id;
  std::string digest;
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

/// Which workflows to list; what is absent does not restrict.
struct ListQuery {
  std::optional<WorkflowId> before;  ///< Older than this one: where an earlier page ended.
  std::size_t limit = 100;
  std::optional<std::string> status;
  std::optional<std::string> name;
  std::optional<TimePoint> created_after;   ///< Created at this time or later.
  std::optional<TimePoint> created_before;  ///< Created before this time.
};

/// At most kMostListed workflows are looked at for a page: it may be short, even empty, and yet not
/// the last one.
inline constexpr std::size_t kMostListed = 5000;

struct WorkflowPage {
  std::vector<WorkflowSummary> workflows;  ///< Newest first.
  std::optional<WorkflowId> next;  ///< `before` of the next page; absent after the last one.
};

/// A step of a workflow with its number of tasks: where its outcomes are stored follows from that.
struct StoredStep {
  std::string step;
  std::uint32_t tasks = 0;
};

/// An access token as its owner wrote it; the store does not look into it.
struct StoredToken {
  std::string id;
  std::string text;
};

struct AuditEntry {
  std::string id;  ///< `<Unix ms>-<number>`; later entries have later ids.
  std::string text;
};

/// About so many entries of the audit log are kept, the latest ones.
inline constexpr std::size_t kAuditEntries = 100'000;

/// Somebody who took an epoch and owns unfinished workflows.
struct Owner {
  Epoch epoch{};
  bool is_alive = false;  ///< As UnfinishedWorkflow::owner_alive.
  std::uint64_t unfinished = 0;
};

struct UnfinishedWorkflow {
  WorkflowId id;
  Epoch owner{};
  /// The process that took `owner` still runs (same machine: seen at once; elsewhere: within its
  /// lease).
  bool owner_alive = false;
  std::string status;  ///< Of its last commit.
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
  /// moved on under another commit; kConflict: `create` of an id that exists or with a request key
  /// that was used (find_request tells for what); kResource: the store is full. Further:
  /// kUnavailable, although the store is there, while an earlier commit of the workflow has not
  /// happened (send that one again first); kConflict after a commit that said `finished`;
  /// kNotFound. After kMaybeDone the same commit has to be sent again: another one in its place may
  /// meet it late.
  virtual void commit(Commit commit, DoneStatus done) = 0;

  /// Everything but task outputs. kNotFound.
  virtual void load(const WorkflowId& id, Done<LoadedWorkflow> done) = 0;

  /// Workflows that have not ended, oldest first, at most `limit`, after `after` when given.
  virtual void list_unfinished(std::optional<WorkflowId> after, std::size_t limit,
                               Done<std::vector<UnfinishedWorkflow>> done) = 0;

  /// Owners of unfinished workflows, in the order of their epochs: cheap, however many they own.
  virtual void list_owners(Done<std::vector<Owner>> done) = 0;

  virtual void list(ListQuery query, Done<WorkflowPage> done) = 0;

  /// Which workflow was made with this request key within kRequestLifetime.
  virtual void find_request(const std::string& key, Done<std::optional<RequestRecord>> done) = 0;

  /// Deletes an ended workflow with everything it has. `steps` are all its steps with tasks. Until
  /// it is answered the workflow may have lost some task outputs already, and is listed; a removal
  /// that broke off is simply asked for again. kConflict while it has not ended, kNotFound.
  virtual void remove(const WorkflowId& id, std::vector<StoredStep> steps, DoneStatus done) = 0;

  /// Outcomes of tasks [first, first + count) of a step, in order.
  virtual void read_task_outputs(const WorkflowId& id, const std::string& step, TaskIndex first,
                                 std::uint32_t count, Done<std::vector<StoredTaskOutput>> done) = 0;

  /// Records after sequence number `after`, at most `limit`, in order.
  virtual void read_records(const WorkflowId& id, std::uint64_t after, std::size_t limit,
                            Done<std::vector<StoredRecord>> done) = 0;

  /// The state as it is now (agents with direct access may have changed it).
  virtual void read_state(const WorkflowId& id, Done<std::map<std::string, std::string>> done) = 0;

  /// Stores a token, in the place of an older one of this id.
  virtual void put_token(const std::string& id, std::string text, DoneStatus done) = 0;
  /// kNotFound.
  virtual void remove_token(const std::string& id, DoneStatus done) = 0;
  /// In the order of their ids.
  virtual void read_tokens(Done<std::vector<StoredToken>> done) = 0;

  virtual void append_audit(std::string text, DoneStatus done) = 0;
  /// Newest first, at most `limit`, older than `before` when given. kInvalid: `before` is no id.
  virtual void read_audit(std::optional<std::string> before, std::size_t limit,
                          Done<std::vector<AuditEntry>> done) = 0;
};

}  // namespace agentainer::store

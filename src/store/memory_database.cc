#include "store/memory_database.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "store/audit_id.h"
#include "store/commit_digest.h"
#include "store/list_bounds.h"

namespace agentainer::store {

Epoch MemoryDatabase::next_epoch() {
  const Epoch epoch{++last_epoch_};
  alive_.insert(epoch);
  return epoch;
}

const MemoryDatabase::Workflow* MemoryDatabase::find(const WorkflowId& id) const {
  const auto found = workflows_.find(id);
  return found == workflows_.end() ? nullptr : &found->second;
}

Status MemoryDatabase::claim(const WorkflowId& id, Epoch epoch) {
  const auto found = workflows_.find(id);
  if (found == workflows_.end()) return fail(ErrorCode::kNotFound, "no such workflow");
  if (found->second.epoch > epoch)
    return fail(ErrorCode::kFenced, "epoch {} owns the workflow", to_int(found->second.epoch));
  found->second.epoch = epoch;
  return {};
}

bool MemoryDatabase::was_applied(const Workflow& workflow, const Commit& commit) {
  const auto found = workflow.digests.find(commit.sequence + commit.records.size());
  return found != workflow.digests.end() && found->second == CommitDigest(commit).value();
}

/// Success with `was_applied` still to be asked means: it may be applied now.
Status MemoryDatabase::check_commit(const Commit& commit, TimePoint now) const {
  const Workflow* workflow = find(commit.workflow);
  if (commit.create) {
    if (workflow != nullptr) return fail(ErrorCode::kConflict, "a workflow with this id exists");
    if (const std::string& key = commit.create->request_key; !key.empty() && find_request(key, now))
      return fail(ErrorCode::kConflict, "the request key was used before");
    return check_room();
  }
  if (workflow == nullptr) return fail(ErrorCode::kNotFound, "no such workflow");
  const std::uint64_t last = workflow->records.size();
  if (workflow->epoch != commit.epoch)
    return fail(ErrorCode::kFenced, "epoch {} owns the workflow", to_int(workflow->epoch));
  if (commit.sequence > last)
    return fail(ErrorCode::kUnavailable,
                "an earlier commit of this workflow has to be sent again first");
  if (commit.sequence < last)
    return fail(ErrorCode::kFenced, "record {} is the last one here", last);
  if (workflow->finished) return fail(ErrorCode::kConflict, "the workflow has ended");
  return {};
}

Status MemoryDatabase::check_room() const {
  if (full_) return fail(ErrorCode::kResource, "the store is full");
  return {};
}

Status MemoryDatabase::commit(Commit commit, TimePoint now) {
  AGENTAINER_CHECK(!commit.records.empty(), "a commit has at least one record");
  AGENTAINER_CHECK(commit.create.has_value() == (commit.sequence == 0),
                   "the first commit, and no other, creates");
  if (const Workflow* known = find(commit.workflow);
      known != nullptr && was_applied(*known, commit)) {
    if (known->epoch == commit.epoch) return {};
    return fail(ErrorCode::kFenced, "epoch {} owns the workflow", to_int(known->epoch));
  }
  if (Status status = check_commit(commit, now); !status) return status;

  Workflow& workflow = workflows_[commit.workflow];
  workflow.digests.emplace(commit.sequence + commit.records.size(), CommitDigest(commit).value());
  if (commit.create) {
    workflow.origin = std::move(*commit.create);
    const std::string key = std::exchange(workflow.origin.request_key, {});
    std::string digest = std::exchange(workflow.origin.request_digest, {});
    if (!key.empty())
      requests_.insert_or_assign(
          key, Request{{commit.workflow, std::move(digest)}, now + kRequestLifetime});
    workflow.epoch = commit.epoch;
    unfinished_.insert(commit.workflow);
  }
  for (std::string& record : commit.records) workflow.records.push_back(std::move(record));
  for (StateWrite& write : commit.state) {
    if (write.text)
      workflow.state.insert_or_assign(std::move(write.key), std::move(*write.text));
    else
      workflow.state.erase(write.key);
  }
  for (StepOutput& output : commit.step_outputs)
    workflow.step_outputs.insert_or_assign(std::move(output.step), std::move(output.text));
  for (TaskOutput& output : commit.task_outputs) {
    const std::uint32_t task = to_int(output.task);
    StoredTaskOutput& place =
        workflow.task_outputs[output.step][task / kTasksPerBucket][task % kTasksPerBucket];
    (output.succeeded ? place.result : place.error) = std::move(output.text);
  }
  workflow.status = std::move(commit.status);
  workflow.updated = commit.at;
  workflow.finished = commit.finished;
  if (commit.finished) unfinished_.erase(commit.workflow);
  return {};
}

Result<LoadedWorkflow> MemoryDatabase::load(const WorkflowId& id) const {
  const Workflow* workflow = find(id);
  if (workflow == nullptr) return fail(ErrorCode::kNotFound, "no workflow {}", id.text());
  return LoadedWorkflow{id,
                        workflow->origin,
                        workflow->epoch,
                        workflow->records.size(),
                        workflow->status,
                        workflow->updated,
                        workflow->records,
                        workflow->state,
                        workflow->step_outputs};
}

std::vector<UnfinishedWorkflow> MemoryDatabase::list_unfinished(std::optional<WorkflowId> after,
                                                                std::size_t limit) const {
  std::vector<UnfinishedWorkflow> found;
  for (auto i = after ? unfinished_.upper_bound(*after) : unfinished_.begin();
       i != unfinished_.end() && found.size() < limit; ++i) {
    const Epoch owner = workflows_.at(*i).epoch;
    found.push_back({*i, owner, alive_.contains(owner), workflows_.at(*i).status});
  }
  return found;
}

std::vector<Owner> MemoryDatabase::list_owners() const {
  std::map<Epoch, std::uint64_t> counts;
  for (const WorkflowId& id : unfinished_) ++counts[workflows_.at(id).epoch];
  std::vector<Owner> owners;
  for (const auto& [epoch, count] : counts)
    owners.push_back({epoch, alive_.contains(epoch), count});
  return owners;
}

WorkflowPage MemoryDatabase::list(const ListQuery& query) const {
  const ListBounds bounds = bounds_of(query);
  const auto oldest = bounds.first ? workflows_.lower_bound(*bounds.first) : workflows_.begin();
  auto i = bounds.before ? workflows_.lower_bound(*bounds.before) : workflows_.end();
  WorkflowPage page;
  if (bounds.before && bounds.first && *bounds.before < *bounds.first) return page;
  for (std::size_t looked_at = 0; i != oldest; ++looked_at) {
    if (page.workflows.size() == std::max<std::size_t>(query.limit, 1) ||
        looked_at == kMostListed) {
      page.next = i->first;
      break;
    }
    --i;
    const Workflow& workflow = i->second;
    if (query.name && *query.name != workflow.origin.name) continue;
    if (query.status && *query.status != workflow.status) continue;
    page.workflows.push_back({i->first, workflow.origin.name, workflow.status,
                              workflow.origin.created, workflow.updated});
  }
  return page;
}

std::optional<RequestRecord> MemoryDatabase::find_request(const std::string& key,
                                                          TimePoint now) const {
  const auto found = requests_.find(key);
  if (found == requests_.end() || found->second.expires <= now) return std::nullopt;
  return found->second.record;
}

Status MemoryDatabase::remove(const WorkflowId& id) {
  const Workflow* workflow = find(id);
  if (workflow == nullptr) return fail(ErrorCode::kNotFound, "no such workflow");
  if (!workflow->finished) return fail(ErrorCode::kConflict, "the workflow has not ended");
  workflows_.erase(id);
  return {};
}

Status MemoryDatabase::put_token(const std::string& id, std::string text) {
  if (Status room = check_room(); !room) return room;
  tokens_.insert_or_assign(id, std::move(text));
  return {};
}

Status MemoryDatabase::remove_token(const std::string& id) {
  if (tokens_.erase(id) == 0) return fail(ErrorCode::kNotFound, "there is no token {}", id);
  return {};
}

std::vector<StoredToken> MemoryDatabase::read_tokens() const {
  std::vector<StoredToken> tokens;
  for (const auto& [id, text] : tokens_) tokens.push_back({id, text});
  return tokens;
}

Status MemoryDatabase::append_audit(std::string text, TimePoint now) {
  if (Status room = check_room(); !room) return room;
  // As in a Redis stream, ids never go back, whatever the clock does.
  AuditId id{static_cast<std::uint64_t>(now.time_since_epoch().count()), 0};
  if (!audit_.empty() && audit_.rbegin()->first >= id)
    id = {audit_.rbegin()->first.first, audit_.rbegin()->first.second + 1};
  audit_.emplace(id, std::move(text));
  if (audit_.size() > kAuditEntries) audit_.erase(audit_.begin());
  return {};
}

Result<std::vector<AuditEntry>> MemoryDatabase::read_audit(const std::optional<std::string>& before,
                                                           std::size_t limit) const {
  auto end = audit_.end();
  if (before) {
    const auto id = parse_audit_id(*before);
    if (!id) return not_an_audit_id(*before);
    end = audit_.lower_bound(*id);
  }
  std::vector<AuditEntry> entries;
  while (end != audit_.begin() && entries.size() < limit) {
    --end;
    entries.push_back({fmt::format("{}-{}", end->first.first, end->first.second), end->second});
  }
  return entries;
}

std::vector<StoredTaskOutput> MemoryDatabase::read_task_outputs(const WorkflowId& id,
                                                                const std::string& step,
                                                                TaskIndex first,
                                                                std::uint32_t count) const {
  const std::uint64_t begin = to_int(first);
  const std::uint64_t end = std::min(begin + count, std::uint64_t{UINT32_MAX} + 1);
  std::vector<StoredTaskOutput> outputs(end - begin);
  const Workflow* workflow = find(id);
  if (workflow == nullptr) return outputs;
  const auto buckets = workflow->task_outputs.find(step);
  if (buckets == workflow->task_outputs.end()) return outputs;
  for (auto i = buckets->second.lower_bound(static_cast<std::uint32_t>(begin / kTasksPerBucket));
       i != buckets->second.end(); ++i) {
    const std::uint64_t bucket_begin = std::uint64_t{i->first} * kTasksPerBucket;
    if (bucket_begin >= end) break;
    for (std::uint64_t task = std::max(begin, bucket_begin);
         task < std::min(end, bucket_begin + kTasksPerBucket); ++task)
      outputs[task - begin] = i->second[task - bucket_begin];
  }
  return outputs;
}

std::vector<StoredRecord> MemoryDatabase::read_records(const WorkflowId& id, std::uint64_t after,
                                                       std::size_t limit) const {
  std::vector<StoredRecord> found;
  const Workflow* workflow = find(id);
  if (workflow == nullptr) return found;
  for (std::uint64_t i = after; i < workflow->records.size() && found.size() < limit; ++i)
    found.push_back({i + 1, workflow->records[i]});
  return found;
}

std::map<std::string, std::string> MemoryDatabase::read_state(const WorkflowId& id) const {
  const Workflow* workflow = find(id);
  return workflow == nullptr ? std::map<std::string, std::string>() : workflow->state;
}

void MemoryDatabase::set_state(const WorkflowId& id, const std::string& key, std::string text) {
  workflows_[id].state.insert_or_assign(key, std::move(text));
}

}  // namespace agentainer::store

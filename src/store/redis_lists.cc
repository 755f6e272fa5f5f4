#include <algorithm>

#include "store/keys.h"
#include "store/list_bounds.h"
#include "store/process_identity.h"
#include "store/redis_read_job.h"
#include "store/redis_reads.h"

namespace agentainer::store {
namespace {

using net::Command;
using net::Reply;

/// Out of sight, the key itself is the sign of life: it is renewed while the owner runs.
bool is_alive(const Reply& identity_text) {
  if (identity_text.is_nil()) return false;
  const auto identity = ProcessIdentity::parse(identity_text.text);
  return identity ? identity->is_running().value_or(true) : true;
}

class ListJob : public ReadJob<ListJob, WorkflowPage> {
 public:
  ListJob(net::RedisConnection& connection, ListQuery query, Store::Done<WorkflowPage> done)
      : ReadJob(connection, std::move(done)), query_(std::move(query)) {
    const ListBounds bounds = bounds_of(query_);
    newest_ = bounds.before ? "(" + bounds.before->text() : "+";
    oldest_ = bounds.first ? "[" + bounds.first->text() : "-";
    query_.limit = std::max<std::size_t>(query_.limit, 1);
  }

  void start() { ask_ids(); }

 private:
  void ask_ids() {
    // A filter passes few or many, nobody knows; without one, all that are read are wanted.
    const std::size_t missing = query_.limit - page_.workflows.size();
    const bool filters = query_.status || query_.name;
    const std::size_t useful = filters ? std::max<std::size_t>(missing, 64) : missing;
    slice_ = std::min({useful, kMostAtOnce, kMostListed - looked_at_});
    Command command{"ZRANGE", keys::kWorkflows, newest_, oldest_, "BYLEX", "REV", "LIMIT", "0"};
    ask(command.add(std::uint64_t{slice_ + 1}), [this](Reply& reply) { take_ids(reply); });
  }

  void take_ids(Reply& reply) {
    auto& members = reply.elements;
    is_more_ = members.size() > slice_;
    if (is_more_) members.pop_back();
    looked_at_ += members.size();
    if (!members.empty()) newest_ = "(" + members.back().text;
    candidates_.clear();
    for (const Reply& member : members)
      if (const auto id = WorkflowId::parse(member.text))
        candidates_.push_back({*id, {}, {}, {}, {}});
    if (candidates_.empty()) return end_slice();
    for (std::size_t i = 0; i < candidates_.size(); ++i)
      ask({"HMGET", keys::workflow(candidates_[i].id), "name", "status", "created", "updated"},
          [this, i](Reply& fields) { take_summary(i, fields); });
  }

  void take_summary(std::size_t i, Reply& reply) {
    WorkflowSummary& summary = candidates_[i];
    auto& fields = reply.elements;
    if (fields.size() == 4 && !fields[1].is_nil() && is_wanted(fields[0].text, fields[1].text)) {
      summary.name = std::move(fields[0].text);
      summary.status = std::move(fields[1].text);
      summary.created = time_of(fields[2].text);
      summary.updated = time_of(fields[3].text);
      wanted_.push_back(i);
    }
    if (i + 1 == candidates_.size()) end_slice();
  }

  bool is_wanted(const std::string& name, const std::string& status) const {
    return (!query_.name || *query_.name == name) && (!query_.status || *query_.status == status);
  }

  void end_slice() {
    for (const std::size_t i : std::exchange(wanted_, {})) {
      page_.workflows.push_back(std::move(candidates_[i]));
      if (page_.workflows.size() < query_.limit) continue;
      if (is_more_ || i + 1 < candidates_.size()) page_.next = page_.workflows.back().id;
      return finish(std::move(page_));
    }
    if (!candidates_.empty()) last_looked_at_ = candidates_.back().id;
    if (is_more_ && looked_at_ < kMostListed) return ask_ids();
    if (is_more_) page_.next = last_looked_at_;
    finish(std::move(page_));
  }

  /// Bounds one answer of Redis, and how long it works on it.
  static constexpr std::size_t kMostAtOnce = 500;

  ListQuery query_;
  std::string newest_;  ///< Where the next slice begins and …
  std::string oldest_;  ///< … all of them end, as ZRANGE takes it.
  std::size_t slice_ = 0;
  std::size_t looked_at_ = 0;
  bool is_more_ = false;  ///< Behind this slice.
  std::vector<WorkflowSummary> candidates_;
  std::vector<std::size_t> wanted_;
  std::optional<WorkflowId> last_looked_at_;
  WorkflowPage page_;
};

class UnfinishedJob : public ReadJob<UnfinishedJob, std::vector<UnfinishedWorkflow>> {
 public:
  using ReadJob::ReadJob;

  void start(std::optional<WorkflowId> after, std::size_t limit) {
    Command command{
        "ZRANGE", keys::kUnfinished, after ? "(" + after->text() : "-", "+", "BYLEX", "LIMIT", "0"};
    ask(command.add(std::uint64_t{limit}), [this](Reply& reply) { take_ids(reply); });
  }

 private:
  void take_ids(const Reply& reply) {
    for (const Reply& member : reply.elements)
      if (const auto id = WorkflowId::parse(member.text)) ids_.push_back(*id);
    if (ids_.empty()) return finish({});
    for (const WorkflowId& id : ids_)
      ask({"HMGET", keys::workflow(id), "epoch", "status"},
          [this, id](Reply& fields) { take_workflow(id, fields); });
  }

  void take_workflow(const WorkflowId& id, Reply& reply) {
    ++answered_;
    if (reply.elements.size() == 2 && !reply.elements[0].is_nil()) {
      const Epoch owner{number_of(reply.elements[0].text)};
      workflows_.push_back({id, owner, false, std::move(reply.elements[1].text)});
      alive_.emplace(owner, false);
    }
    if (answered_ < ids_.size()) return;
    if (workflows_.empty()) return finish({});
    for (const auto& [owner, alive] : alive_)
      ask({"GET", keys::owner(owner)},
          [this, owner = owner](Reply& identity) { take_owner(owner, identity); });
  }

  void take_owner(Epoch owner, const Reply& identity) {
    alive_[owner] = is_alive(identity);
    if (owner != alive_.rbegin()->first) return;
    for (UnfinishedWorkflow& workflow : workflows_) workflow.owner_alive = alive_[workflow.owner];
    finish(std::move(workflows_));
  }

  std::vector<WorkflowId> ids_;
  std::size_t answered_ = 0;
  std::vector<UnfinishedWorkflow> workflows_;
  std::map<Epoch, bool> alive_;
};

class OwnersJob : public ReadJob<OwnersJob, std::vector<Owner>> {
 public:
  using ReadJob::ReadJob;

  void start() {
    ask({"HGETALL", keys::kOwners}, [this](Reply& reply) { take_counts(reply); });
  }

 private:
  void take_counts(Reply& reply) {
    for (const auto& [epoch, count] : map_of(reply))
      owners_.push_back({Epoch{number_of(epoch)}, false, number_of(count)});
    if (owners_.empty()) return finish({});
    std::sort(owners_.begin(), owners_.end(),
              [](const Owner& a, const Owner& b) { return a.epoch < b.epoch; });
    for (std::size_t i = 0; i < owners_.size(); ++i)
      ask({"GET", keys::owner(owners_[i].epoch)}, [this, i](Reply& identity) {
        owners_[i].is_alive = is_alive(identity);
        if (i + 1 == owners_.size()) finish(std::move(owners_));
      });
  }

  std::vector<Owner> owners_;
};

}  // namespace

void read_list(net::RedisConnection& connection, ListQuery query, Store::Done<WorkflowPage> done) {
  std::make_shared<ListJob>(connection, std::move(query), std::move(done))->start();
}

void read_unfinished(net::RedisConnection& connection, std::optional<WorkflowId> after,
                     std::size_t limit, Store::Done<std::vector<UnfinishedWorkflow>> done) {
  std::make_shared<UnfinishedJob>(connection, std::move(done))->start(after, limit);
}

void read_owners(net::RedisConnection& connection, Store::Done<std::vector<Owner>> done) {
  std::make_shared<OwnersJob>(connection, std::move(done))->start();
}

}  // namespace agentainer::store

#include "store/redis_reads.h"

#include <algorithm>

#include "store/keys.h"
#include "store/process_identity.h"
#include "store/redis_read_job.h"

namespace agentainer::store {
namespace {

using net::Command;
using net::Reply;

/// Ids out of a sorted set's answer; members that are none are left out.
std::vector<WorkflowId> ids_of(const Reply& reply) {
  std::vector<WorkflowId> ids;
  for (const Reply& member : reply.elements)
    if (const auto id = WorkflowId::parse(member.text)) ids.push_back(*id);
  return ids;
}

class SummariesJob : public ReadJob<SummariesJob, std::vector<WorkflowSummary>> {
 public:
  using ReadJob::ReadJob;

  void start(std::optional<WorkflowId> before, std::size_t limit) {
    Command command{"ZRANGE",
                    keys::kWorkflows,
                    before ? "(" + before->text() : "+",
                    "-",
                    "BYLEX",
                    "REV",
                    "LIMIT",
                    "0"};
    ask(command.add(std::uint64_t{limit}), [this](Reply& reply) { take_ids(reply); });
  }

 private:
  void take_ids(Reply& reply) {
    ids_ = ids_of(reply);
    if (ids_.empty()) return finish({});
    for (const WorkflowId& id : ids_)
      ask({"HMGET", keys::workflow(id), "name", "status", "created", "updated"},
          [this, id](Reply& fields) { take_summary(id, fields); });
  }

  void take_summary(const WorkflowId& id, Reply& reply) {
    ++answered_;
    auto& fields = reply.elements;
    if (fields.size() == 4 && !fields[1].is_nil())
      summaries_.push_back({id, std::move(fields[0].text), std::move(fields[1].text),
                            time_of(fields[2].text), time_of(fields[3].text)});
    if (answered_ == ids_.size()) finish(std::move(summaries_));
  }

  std::vector<WorkflowId> ids_;
  std::size_t answered_ = 0;
  std::vector<WorkflowSummary> summaries_;
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
  void take_ids(Reply& reply) {
    ids_ = ids_of(reply);
    if (ids_.empty()) return finish({});
    for (const WorkflowId& id : ids_)
      ask({"HGET", keys::workflow(id), "epoch"},
          [this, id](Reply& epoch) { take_epoch(id, epoch); });
  }

  void take_epoch(const WorkflowId& id, const Reply& reply) {
    ++answered_;
    if (!reply.is_nil()) {
      const Epoch owner{number_of(reply.text)};
      workflows_.push_back({id, owner, false});
      alive_.emplace(owner, false);
    }
    if (answered_ < ids_.size()) return;
    if (workflows_.empty()) return finish({});
    for (const auto& [owner, alive] : alive_)
      ask({"GET", keys::owner(owner)},
          [this, owner = owner](Reply& identity) { take_owner(owner, identity); });
  }

  void take_owner(Epoch owner, const Reply& reply) {
    if (!reply.is_nil()) {
      const auto identity = ProcessIdentity::parse(reply.text);
      // Out of sight, the key itself is the sign of life: it is renewed while the owner runs.
      alive_[owner] = identity ? identity->is_running().value_or(true) : true;
    }
    if (owner != alive_.rbegin()->first) return;
    for (UnfinishedWorkflow& workflow : workflows_) workflow.owner_alive = alive_[workflow.owner];
    finish(std::move(workflows_));
  }

  std::vector<WorkflowId> ids_;
  std::size_t answered_ = 0;
  std::vector<UnfinishedWorkflow> workflows_;
  std::map<Epoch, bool> alive_;
};

class OutputsJob : public ReadJob<OutputsJob, std::vector<StoredTaskOutput>> {
 public:
  OutputsJob(net::RedisConnection& connection, const WorkflowId& id, std::string step,
             TaskIndex first, std::uint32_t count, Store::Done<std::vector<StoredTaskOutput>> done)
      : ReadJob(connection, std::move(done)),
        id_(id),
        step_(std::move(step)),
        first_(to_int(first)),
        end_(std::min(std::uint64_t{first_} + count, std::uint64_t{UINT32_MAX} + 1)),
        next_(first_),
        outputs_(end_ - first_) {}

  void start() {
    constexpr int kBucketsAtOnce = 64;
    if (next_ == end_) {
      // Nothing to read, but the answer must not come inside the call.
      return ask({"EXISTS", keys::workflow(id_)}, [this](Reply&) { finish(std::move(outputs_)); });
    }
    for (int i = 0; i < kBucketsAtOnce && next_ < end_; ++i) {
      const auto bucket = static_cast<std::uint32_t>(next_ / keys::kTasksPerBucket);
      const std::uint64_t begin = next_;
      next_ = std::min(end_, (std::uint64_t{bucket} + 1) * keys::kTasksPerBucket);
      ask_range(keys::results(id_, step_, bucket), begin, next_, &StoredTaskOutput::result);
      ask_range(keys::errors(id_, step_, bucket), begin, next_, &StoredTaskOutput::error);
    }
  }

 private:
  using Member = std::optional<std::string> StoredTaskOutput::*;

  /// Tasks [begin, end) of one bucket. A whole bucket is cheaper read at once: Redis looks each
  /// field of a packed hash up from its start.
  void ask_range(const std::string& key, std::uint64_t begin, std::uint64_t end, Member member) {
    ++unanswered_;
    if (end - begin == keys::kTasksPerBucket)
      return ask({"HGETALL", key}, [this, begin, member](Reply& reply) {
        for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
          const std::uint64_t offset = number_of(reply.elements[i].text);
          if (offset < keys::kTasksPerBucket) set(begin + offset, member, reply.elements[i + 1]);
        }
        answered();
      });
    Command command{"HMGET", key};
    for (std::uint64_t task = begin; task < end; ++task) command.add(task % keys::kTasksPerBucket);
    ask(command, [this, begin, member](Reply& reply) {
      for (std::size_t i = 0; i < reply.elements.size(); ++i)
        set(begin + i, member, reply.elements[i]);
      answered();
    });
  }

  void set(std::uint64_t task, Member member, Reply& text) {
    if (!text.is_nil() && task < end_) outputs_[task - first_].*member = std::move(text.text);
  }

  void answered() {
    if (--unanswered_ != 0) return;
    if (next_ == end_) return finish(std::move(outputs_));
    start();
  }

  const WorkflowId id_;
  const std::string step_;
  const std::uint64_t first_;
  const std::uint64_t end_;
  std::uint64_t next_;
  std::size_t unanswered_ = 0;
  std::vector<StoredTaskOutput> outputs_;
};

class HashJob : public ReadJob<HashJob, std::map<std::string, std::string>> {
 public:
  using ReadJob::ReadJob;
  void start(const std::string& key) {
    ask({"HGETALL", key}, [this](Reply& reply) { finish(map_of(reply)); });
  }
};

}  // namespace

Result<Reply> checked_read(Result<Reply> reply) {
  if (!reply && reply.error().code == ErrorCode::kMaybeDone)
    reply.error().code = ErrorCode::kUnavailable;
  if (reply && reply->is_error()) return tl::make_unexpected(net::redis_error(reply->text));
  return reply;
}

void read_summaries(net::RedisConnection& connection, std::optional<WorkflowId> before,
                    std::size_t limit, Store::Done<std::vector<WorkflowSummary>> done) {
  std::make_shared<SummariesJob>(connection, std::move(done))->start(before, limit);
}

void read_unfinished(net::RedisConnection& connection, std::optional<WorkflowId> after,
                     std::size_t limit, Store::Done<std::vector<UnfinishedWorkflow>> done) {
  std::make_shared<UnfinishedJob>(connection, std::move(done))->start(after, limit);
}

void read_outputs(net::RedisConnection& connection, const WorkflowId& id, const std::string& step,
                  TaskIndex first, std::uint32_t count,
                  Store::Done<std::vector<StoredTaskOutput>> done) {
  std::make_shared<OutputsJob>(connection, id, step, first, count, std::move(done))->start();
}

void read_hash(net::RedisConnection& connection, const std::string& key,
               Store::Done<std::map<std::string, std::string>> done) {
  std::make_shared<HashJob>(connection, std::move(done))->start(key);
}

}  // namespace agentainer::store

#include "store/redis_reads.h"

#include <algorithm>

#include "store/keys.h"
#include "store/redis_read_job.h"

namespace agentainer::store {
namespace {

using net::Command;
using net::Reply;

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

class RequestJob : public ReadJob<RequestJob, std::optional<RequestRecord>> {
 public:
  using ReadJob::ReadJob;
  void start(const std::string& key) {
    ask({"GET", keys::request(key)}, [this](Reply& reply) {
      if (reply.is_nil()) return finish(std::nullopt);
      const std::size_t space = reply.text.find(' ');
      const auto id = WorkflowId::parse(std::string_view(reply.text).substr(0, space));
      if (!id || space == std::string::npos)
        return finish(fail(ErrorCode::kInternal, "what is stored of a request is damaged"));
      finish(RequestRecord{*id, reply.text.substr(space + 1)});
    });
  }
};

class AuditJob : public ReadJob<AuditJob, std::vector<AuditEntry>> {
 public:
  using ReadJob::ReadJob;
  void start(const std::optional<std::string>& before, std::size_t limit) {
    Command command{"XREVRANGE", keys::kAudit, before ? "(" + *before : "+", "-", "COUNT"};
    ask(command.add(std::uint64_t{limit}), [this](Reply& reply) {
      std::vector<AuditEntry> entries;
      for (Reply& entry : reply.elements) {
        if (entry.elements.size() != 2 || entry.elements[1].elements.size() < 2) continue;
        entries.push_back(
            {std::move(entry.elements[0].text), std::move(entry.elements[1].elements[1].text)});
      }
      finish(std::move(entries));
    });
  }
};

}  // namespace

Result<Reply> checked_read(Result<Reply> reply) {
  if (!reply && reply.error().code == ErrorCode::kMaybeDone)
    reply.error().code = ErrorCode::kUnavailable;
  if (reply && reply->is_error()) return tl::make_unexpected(net::redis_error(reply->text));
  return reply;
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

void read_request(net::RedisConnection& connection, const std::string& key,
                  Store::Done<std::optional<RequestRecord>> done) {
  std::make_shared<RequestJob>(connection, std::move(done))->start(key);
}

void read_audit_log(net::RedisConnection& connection, const std::optional<std::string>& before,
                    std::size_t limit, Store::Done<std::vector<AuditEntry>> done) {
  std::make_shared<AuditJob>(connection, std::move(done))->start(before, limit);
}

}  // namespace agentainer::store

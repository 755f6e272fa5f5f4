#include "store/redis_store.h"

#include <utility>
#include <vector>

#include "base/log.h"
#include "store/audit_id.h"
#include "store/commit_batcher.h"
#include "store/keys.h"
#include "store/process_identity.h"
#include "store/redis_reads.h"
#include "store/redis_removal.h"

namespace agentainer::store {

using net::Command;
using net::Reply;

namespace {

/// An owner whose key is gone counts as dead; three renewals may fail before that.
constexpr std::chrono::seconds kLeaseTime = 10s;
constexpr milliseconds kRenewalPause = 3s;

Command renewal(const std::vector<Epoch>& epochs, const std::string& identity) {
  Command command{"FCALL", "agentainer_1_renew"};
  command.add(std::uint64_t{epochs.size()});
  for (const Epoch epoch : epochs) command.add(keys::owner(epoch));
  return std::move(command.add(static_cast<std::uint64_t>(kLeaseTime.count())).add(identity));
}

}  // namespace

Status commit_status(Result<Reply> reply) {
  if (!reply) return tl::make_unexpected(std::move(reply.error()));
  if (!reply->is_error()) return {};
  const std::string& text = reply->text;
  if (text.starts_with("FENCED")) return fail(ErrorCode::kFenced, "{}", text.substr(7));
  if (text.starts_with("NOTFOUND")) return fail(ErrorCode::kNotFound, "{}", text.substr(9));
  if (text.starts_with("CONFLICT")) return fail(ErrorCode::kConflict, "{}", text.substr(9));
  if (text.starts_with("EARLY"))
    return fail(ErrorCode::kUnavailable,
                "an earlier commit of this workflow has to be sent again first: {}",
                text.substr(6));
  return tl::make_unexpected(net::redis_error(text));
}

struct RedisStore::Impl : std::enable_shared_from_this<Impl> {
  net::EventLoop& loop;
  net::RedisConnection connection;
  const RedisStoreOptions options;
  const std::string identity = ProcessIdentity::of_this_process().text();
  RedisFacts facts;
  CommitBatcher commits;

  std::vector<Epoch> epochs;  ///< Taken by this store.
  bool renewing = false;
  std::optional<Executor::TimerId> renewal_timer;

  Impl(net::EventLoop& event_loop, net::RedisAddress address, RedisStoreOptions how)
      : loop(event_loop),
        connection(event_loop, std::move(address), how.connection),
        options(how),
        commits(event_loop, connection) {}

  ~Impl() { stop_renewing(); }

  void set_up(net::RedisConnection::Done done) {
    check_redis(connection, options.allow_data_loss,
                [this, done = std::move(done)](Result<RedisFacts> found) {
                  if (!found) return done(tl::make_unexpected(found.error()));
                  if (found->warnings != facts.warnings)
                    for (const std::string& warning : found->warnings) log::warning("{}", warning);
                  facts = std::move(*found);
                  // The lease may have run out meanwhile: renewed before anyone else can look.
                  if (epochs.empty()) return done(Status());
                  connection.send_first(renewal(epochs, identity), [done](Result<Reply> reply) {
                    done(commit_status(std::move(reply)));
                  });
                });
  }

  void take_epoch(Epoch epoch, Done<Epoch> done) {
    connection.send(renewal({epoch}, identity),
                    [this, epoch, done = std::move(done)](Result<Reply> reply) {
                      if (Status status = commit_status(std::move(reply)); !status)
                        return done(tl::make_unexpected(status.error()));
                      epochs.push_back(epoch);
                      schedule_renewal();
                      done(epoch);
                    });
  }

  void schedule_renewal() {
    if (renewal_timer) return;
    renewal_timer = loop.schedule(loop.now() + kRenewalPause, [this] {
      renewal_timer.reset();
      renew();
    });
  }

  void renew() {
    schedule_renewal();
    if (epochs.empty() || std::exchange(renewing, true)) return;
    connection.send(renewal(epochs, identity), [this](Result<Reply> reply) {
      renewing = false;
      if (Status status = commit_status(std::move(reply)); !status)
        log::warning("cannot show this process as alive: {}", status.error().message);
    });
  }

  void stop_renewing() {
    if (renewal_timer) loop.cancel(*std::exchange(renewal_timer, std::nullopt));
  }

  /// Someone removed the library (FUNCTION FLUSH, a replica without it): connecting anew loads it.
  bool lost_library(const Result<Reply>& reply) {
    if (!reply || !reply->is_error() || !reply->text.starts_with("ERR Function not found"))
      return false;
    connection.reconnect("the Function library is gone from Redis");
    return true;
  }

  /// For what must come after the commits given so far.
  net::RedisConnection& after_commits() {
    commits.flush();
    return connection;
  }

  net::RedisConnection::Answer to_status(DoneStatus done) {
    return [this, done = std::move(done)](Result<Reply> reply) {
      if (lost_library(reply))
        return done(fail(ErrorCode::kUnavailable, "the Function library is being loaded again"));
      done(commit_status(std::move(reply)));
    };
  }
};

RedisStore::RedisStore(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
RedisStore::~RedisStore() = default;

void RedisStore::open(net::EventLoop& loop, net::RedisAddress address, RedisStoreOptions options,
                      Opened opened) {
  auto impl = std::make_shared<Impl>(loop, std::move(address), options);
  impl->connection.set_setup(
      [raw = impl.get()](net::RedisConnection::Done done) { raw->set_up(std::move(done)); });
  // The handler holds the only reference until the store is handed over.
  auto& connection = impl->connection;
  connection.connect([impl = std::move(impl), opened = std::move(opened)](Status status) mutable {
    if (!status) return opened(tl::make_unexpected(status.error()));
    opened(std::unique_ptr<RedisStore>(new RedisStore(std::move(impl))));
  });
}

void RedisStore::close(DoneStatus done) {
  impl_->stop_renewing();
  const auto finish = [impl = impl_.get(), done = std::move(done)](Result<Reply> reply) {
    impl->connection.close();
    done(commit_status(std::move(reply)));
  };
  // Without a connection there is nobody to tell; the lease runs out by itself.
  if (!impl_->connection.is_ready())
    return impl_->loop.post(
        [finish] { finish(fail(ErrorCode::kUnavailable, "no connection to Redis")); });
  Command command{"DEL"};
  for (const Epoch epoch : std::exchange(impl_->epochs, {})) command.add(keys::owner(epoch));
  if (command.words() == 1) command = {"PING"};
  impl_->after_commits().send(command, finish);
}

const RedisFacts& RedisStore::facts() const { return impl_->facts; }
void RedisStore::retry_now() { impl_->connection.retry_now(); }

void RedisStore::next_epoch(Done<Epoch> done) {
  impl_->connection.send(
      {"FCALL", "agentainer_1_next_epoch", "1", keys::kEpoch},
      [impl = impl_.get(), done = std::move(done)](Result<Reply> reply) {
        if (impl->lost_library(reply))
          return done(fail(ErrorCode::kUnavailable, "the Function library is being loaded again"));
        if (reply && reply->type == Reply::Type::kInteger)
          return impl->take_epoch(Epoch{static_cast<std::uint64_t>(reply->integer)}, done);
        const Status status = commit_status(std::move(reply));
        done(status ? fail(ErrorCode::kInternal, "Redis gave no number as the next epoch")
                    : tl::make_unexpected(status.error()));
      });
}

void RedisStore::claim(const WorkflowId& id, Epoch epoch, DoneStatus done) {
  Command command{"FCALL", "agentainer_1_claim", "2", keys::workflow(id), keys::kOwners};
  impl_->after_commits().send(command.add(to_int(epoch)), impl_->to_status(std::move(done)));
}

void RedisStore::commit(Commit commit, DoneStatus done) {
  impl_->commits.add(commit, impl_->to_status(std::move(done)));
}

void RedisStore::load(const WorkflowId& id, Done<LoadedWorkflow> done) {
  read_workflow(impl_->after_commits(), id, std::move(done));
}

void RedisStore::list_unfinished(std::optional<WorkflowId> after, std::size_t limit,
                                 Done<std::vector<UnfinishedWorkflow>> done) {
  read_unfinished(impl_->after_commits(), after, limit, std::move(done));
}

void RedisStore::list_owners(Done<std::vector<Owner>> done) {
  read_owners(impl_->after_commits(), std::move(done));
}

void RedisStore::list(ListQuery query, Done<WorkflowPage> done) {
  read_list(impl_->after_commits(), std::move(query), std::move(done));
}

void RedisStore::find_request(const std::string& key, Done<std::optional<RequestRecord>> done) {
  read_request(impl_->after_commits(), key, std::move(done));
}

void RedisStore::remove(const WorkflowId& id, std::vector<StoredStep> steps, DoneStatus done) {
  remove_workflow(impl_->after_commits(), id, std::move(steps), impl_->to_status(std::move(done)));
}

void RedisStore::read_task_outputs(const WorkflowId& id, const std::string& step, TaskIndex first,
                                   std::uint32_t count, Done<std::vector<StoredTaskOutput>> done) {
  read_outputs(impl_->after_commits(), id, step, first, count, std::move(done));
}

void RedisStore::read_records(const WorkflowId& id, std::uint64_t after, std::size_t limit,
                              Done<std::vector<StoredRecord>> done) {
  read_events(impl_->after_commits(), id, after, limit, std::move(done));
}

void RedisStore::read_state(const WorkflowId& id, Done<std::map<std::string, std::string>> done) {
  read_hash(impl_->after_commits(), keys::state(id), std::move(done));
}

void RedisStore::put_token(const std::string& id, std::string text, DoneStatus done) {
  impl_->connection.send({"HSET", keys::kTokens, id, text}, impl_->to_status(std::move(done)));
}

void RedisStore::remove_token(const std::string& id, DoneStatus done) {
  impl_->connection.send({"HDEL", keys::kTokens, id},
                         [id, done = std::move(done)](Result<Reply> reply) {
                           if (reply && reply->type == Reply::Type::kInteger && reply->integer == 0)
                             return done(fail(ErrorCode::kNotFound, "there is no token {}", id));
                           done(commit_status(std::move(reply)));
                         });
}

void RedisStore::read_tokens(Done<std::vector<StoredToken>> done) {
  read_hash(impl_->connection, std::string(keys::kTokens),
            [done = std::move(done)](Result<std::map<std::string, std::string>> found) {
              if (!found) return done(tl::make_unexpected(found.error()));
              std::vector<StoredToken> tokens;
              for (auto& [id, text] : *found) tokens.push_back({id, std::move(text)});
              done(std::move(tokens));
            });
}

void RedisStore::append_audit(std::string text, DoneStatus done) {
  Command command{"XADD", keys::kAudit, "MAXLEN", "~"};
  command.add(std::uint64_t{kAuditEntries}).add("*").add("t").add(text);
  impl_->connection.send(command, impl_->to_status(std::move(done)));
}

void RedisStore::read_audit(std::optional<std::string> before, std::size_t limit,
                            Done<std::vector<AuditEntry>> done) {
  if (before && !parse_audit_id(*before))
    return impl_->loop.post([before, done = std::move(done)] { done(not_an_audit_id(*before)); });
  read_audit_log(impl_->connection, before, limit, std::move(done));
}

}  // namespace agentainer::store

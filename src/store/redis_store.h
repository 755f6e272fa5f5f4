#pragma once
// The Store on a Redis or Valkey server.

#include <functional>
#include <memory>

#include "net/event_loop.h"
#include "net/redis_address.h"
#include "net/redis_connection.h"
#include "store/redis_checks.h"
#include "store/store.h"

namespace agentainer::store {

struct RedisStoreOptions {
  net::RedisConnectionOptions connection;
  /// Accept a Redis whose settings can lose acknowledged work; said in RedisFacts::warnings.
  bool allow_data_loss = false;
};

/// Of a function's answers in functions.lua.
[[nodiscard]] Status commit_status(Result<net::Reply> reply);

class RedisStore final : public Store {
 public:
  using Opened = std::function<void(Result<std::unique_ptr<RedisStore>>)>;

  /// Connects, checks that this Redis can be trusted (redis_checks.h), loads the Function library.
  /// After that, the store survives anything that happens to the connection by itself.
  static void open(net::EventLoop& loop, net::RedisAddress address, RedisStoreOptions options,
                   Opened opened);

  /// Calls without an answer stay without one.
  ~RedisStore() override;

  /// Gives up the epochs taken, so that other processes see at once that their owner is gone.
  /// Answers when everything called before has been answered. The last call.
  void close(DoneStatus done);

  const RedisFacts& facts() const;
  /// Tries to connect at once if the connection is lost.
  void retry_now();

  void next_epoch(Done<Epoch> done) override;
  void claim(const WorkflowId& id, Epoch epoch, DoneStatus done) override;
  void commit(Commit commit, DoneStatus done) override;
  void load(const WorkflowId& id, Done<LoadedWorkflow> done) override;
  void list_unfinished(std::optional<WorkflowId> after, std::size_t limit,
                       Done<std::vector<UnfinishedWorkflow>> done) override;
  void list_owners(Done<std::vector<Owner>> done) override;
  void list(ListQuery query, Done<WorkflowPage> done) override;
  void find_request(const std::string& key, Done<std::optional<RequestRecord>> done) override;
  void remove(const WorkflowId& id, std::vector<StoredStep> steps, DoneStatus done) override;
  void read_task_outputs(const WorkflowId& id, const std::string& step, TaskIndex first,
                         std::uint32_t count, Done<std::vector<StoredTaskOutput>> done) override;
  void read_records(const WorkflowId& id, std::uint64_t after, std::size_t limit,
                    Done<std::vector<StoredRecord>> done) override;
  void read_state(const WorkflowId& id, Done<std::map<std::string, std::string>> done) override;
  void put_token(const std::string& id, std::string text, DoneStatus done) override;
  void remove_token(const std::string& id, DoneStatus done) override;
  void read_tokens(Done<std::vector<StoredToken>> done) override;
  void append_audit(std::string text, DoneStatus done) override;
  void read_audit(std::optional<std::string> before, std::size_t limit,
                  Done<std::vector<AuditEntry>> done) override;

 private:
  struct Impl;
  explicit RedisStore(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace agentainer::store

#pragma once
// For tests: a redis-server of the test's own, and an event loop that runs until something holds.

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/event_loop.h"
#include "net/redis_address.h"
#include "net/redis_connection.h"
#include "net/resp.h"
#include "store/redis_store.h"

namespace agentainer::tests {

/// Runs `loop` until `condition` holds. Fails the test after a minute, which no passing test needs.
void run_until(net::EventLoop& loop, const std::function<bool()>& condition);

/// Starts an asynchronous call and waits for its answer.
template <typename T>
Result<T> wait(net::EventLoop& loop,
               const std::function<void(std::function<void(Result<T>)>)>& start) {
  std::optional<Result<T>> answer;
  start([&](Result<T> result) { answer = std::move(result); });
  run_until(loop, [&] { return answer.has_value(); });
  if (!answer) return fail(ErrorCode::kInternal, "no answer");
  return std::move(*answer);
}

class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Listens on a unix socket in a directory of its own; logs its writes and syncs them, unless told
/// otherwise.
class RedisServer {
 public:
  explicit RedisServer(std::vector<std::string> arguments = {});
  ~RedisServer();
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  net::RedisAddress address() const;
  const std::filesystem::path& directory() const { return directory_.path(); }
  pid_t pid() const { return pid_; }

  /// Waits until it answers.
  void start();
  /// kill -9, and waits until it is gone.
  void kill();
  void send_signal(int signal) const;

  /// A command on a connection of its own.
  net::Reply call(const net::Command& command);

 private:
  TemporaryDirectory directory_;
  std::vector<std::string> arguments_;
  pid_t pid_ = 0;
};

/// Opens a store and fails the test if that fails.
std::unique_ptr<store::RedisStore> open_store(net::EventLoop& loop,
                                              const net::RedisAddress& address,
                                              store::RedisStoreOptions options = {});

/// Commits with `records` records each; the first one creates the workflow.
store::Commit make_commit(std::uint64_t workflow, Epoch epoch, std::uint64_t sequence,
                          std::size_t records = 1);

}  // namespace agentainer::tests

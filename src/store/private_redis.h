#pragma once
// A redis-server of our own, in the data directory, for as long as somebody uses it.
//
//   <data>/redis/            mode 0700
//     lock                   flock: held by the process that runs the child, and by the child
//     redis.sock             the only way in
//     redis.log  redis.log.1 bounded
//     appendonlydir/         the data: every write synced before it is acknowledged
//
// Of several processes on one data directory, the holder of the lock runs the child; the others use
// its socket. The kernel kills the child with its holder. The child inherits the lock, so that
// nobody can start another one before the last is gone, however it went. Whoever gets the lock next
// starts it again.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "net/event_loop.h"
#include "net/redis_address.h"

namespace agentainer::store {

struct PrivateRedisOptions {
  std::filesystem::path data_directory;
  std::string program;                ///< Empty: redis-server or valkey-server in PATH.
  std::uint64_t maxmemory_bytes = 0;  ///< 0: no limit.
};

class PrivateRedis {
 public:
  using Started = std::function<void(Result<net::RedisAddress>)>;

  PrivateRedis(net::EventLoop& loop, PrivateRedisOptions options);
  /// Kills the child if this process runs it. Nothing acknowledged is lost by that.
  ~PrivateRedis();
  PrivateRedis(const PrivateRedis&) = delete;
  PrivateRedis& operator=(const PrivateRedis&) = delete;

  /// Answers once a Redis answers in the data directory, whoever runs it; it may have much to load.
  /// From then on it is started again whenever it goes away. On the loop's thread, which has to
  /// live as long as the process. An error says what to do, and nothing runs then.
  void start(Started started);

  /// Called whenever a Redis answers again after it was away.
  void set_on_return(std::function<void()> on_return);

  /// Ends the child in good order if this process runs it, and answers when it is gone. The last
  /// call.
  void stop(std::function<void(Status)> stopped);

  /// Of the child, if this process runs it, else 0.
  pid_t child_pid() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// Why redis-server ended, from what it wrote to its log meanwhile, and what to do about it.
[[nodiscard]] std::string explain_redis_log(std::string_view log,
                                            const std::filesystem::path& directory);

}  // namespace agentainer::store

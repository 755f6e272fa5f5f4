#pragma once
// The store that a program uses: on the Redis it is given, or on a private one in its data
// directory.

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "net/event_loop.h"
#include "store/private_redis.h"
#include "store/redis_store.h"
#include "store/store.h"

namespace agentainer::store {

struct StoreOptions {
  /// redis://, rediss:// or unix:// (net/redis_address.h). Absent: a private Redis.
  std::optional<std::string> redis_url;
  std::filesystem::path data_directory;  ///< Of the private Redis.
  RedisStoreOptions redis;
};

class OpenStore {
 public:
  using Opened = std::function<void(Result<std::unique_ptr<OpenStore>>)>;

  /// An error's message says what to do.
  static void open(net::EventLoop& loop, StoreOptions options, Opened opened);
  /// Ends everything at once.
  ~OpenStore();

  Store& store() { return *store_; }
  const RedisFacts& facts() const { return store_->facts(); }
  /// Where agents can reach the same Redis.
  const net::RedisAddress& address() const { return address_; }

  /// Null when the store is on a Redis that was given.
  const PrivateRedis* private_redis() const { return private_redis_.get(); }

  /// Ends the store, then the private Redis, in good order. The last call before destruction.
  void close(Store::DoneStatus done);

 private:
  struct Opening;
  OpenStore();
  static void open_redis(net::EventLoop& loop, net::RedisAddress address,
                         const RedisStoreOptions& options, std::shared_ptr<Opening> opening);

  std::unique_ptr<PrivateRedis> private_redis_;
  std::unique_ptr<RedisStore> store_;
  net::RedisAddress address_;
};

}  // namespace agentainer::store

#include "store/open_store.h"

#include <utility>

#include "base/log.h"

namespace agentainer::store {

/// Holds what is being opened until it is handed over.
struct OpenStore::Opening {
  std::unique_ptr<OpenStore> result{new OpenStore()};
  Opened opened;

  void finish(Status status) {
    if (!status) {
      result.reset();
      return opened(tl::make_unexpected(status.error()));
    }
    opened(std::move(result));
  }
};

OpenStore::OpenStore() = default;
// The store first: its connection must not see the private Redis go.
OpenStore::~OpenStore() { store_.reset(); }

void OpenStore::open(net::EventLoop& loop, StoreOptions options, Opened opened) {
  auto opening = std::make_shared<Opening>();
  opening->opened = std::move(opened);
  if (options.redis_url) {
    auto address = net::parse_redis_url(*options.redis_url);
    if (!address)
      return loop.post(
          [opening, error = address.error()] { opening->finish(tl::make_unexpected(error)); });
    return open_redis(loop, std::move(*address), options.redis, std::move(opening));
  }
  auto& redis = opening->result->private_redis_;
  redis = std::make_unique<PrivateRedis>(loop, PrivateRedisOptions{options.data_directory, {}, 0});
  redis->start([&loop, options = options.redis, opening](Result<net::RedisAddress> address) {
    if (!address) return opening->finish(tl::make_unexpected(address.error()));
    open_redis(loop, std::move(*address), options, opening);
  });
}

void OpenStore::open_redis(net::EventLoop& loop, net::RedisAddress address,
                           const RedisStoreOptions& options, std::shared_ptr<Opening> opening) {
  opening->result->address_ = address;
  RedisStore::open(
      loop, std::move(address), options,
      [opening = std::move(opening)](Result<std::unique_ptr<RedisStore>> store) {
        if (!store) return opening->finish(tl::make_unexpected(store.error()));
        OpenStore& result = *opening->result;
        result.store_ = std::move(*store);
        if (result.private_redis_)
          result.private_redis_->set_on_return([raw = result.store_.get()] { raw->retry_now(); });
        opening->finish(Status());
      });
}

void OpenStore::close(Store::DoneStatus done) {
  store_->close([this, done = std::move(done)](const Status& status) {
    if (!status) log::debug("closing the store: {}", status.error().message);
    if (!private_redis_) return done(Status());
    private_redis_->set_on_return(nullptr);
    private_redis_->stop(done);
  });
}

}  // namespace agentainer::store

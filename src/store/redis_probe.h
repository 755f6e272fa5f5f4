#pragma once
// Is a Redis answering at this address, and when does it go away?

#include <functional>
#include <memory>

#include "net/event_loop.h"
#include "net/redis_address.h"

namespace agentainer::store {

class RedisProbe {
 public:
  struct Events {
    /// It answers a PING, if only to ask for a password, so its data is loaded.
    std::function<void()> ready;
    /// It cannot be connected to, or the connection has ended. The last event.
    std::function<void()> gone;
  };

  /// Connects. No event comes inside a call, or after the probe is destroyed.
  RedisProbe(net::EventLoop& loop, const net::RedisAddress& address, Events events);
  ~RedisProbe();
  RedisProbe(const RedisProbe&) = delete;
  RedisProbe& operator=(const RedisProbe&) = delete;

  /// Asks it to end, which it does at once; a signal is only looked at ten times a second.
  void send_shutdown();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace agentainer::store

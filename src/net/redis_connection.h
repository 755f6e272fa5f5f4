#pragma once
// One connection to a Redis: commands go out in the order given and many to a write; it comes back
// by itself when it breaks.

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/event_loop.h"
#include "net/redis_address.h"
#include "net/resp.h"

namespace agentainer::net {

struct RedisConnectionOptions {
  milliseconds connect_timeout = 5s;
  /// Redis has not sent a byte for this long although it owes an answer: it is taken for hung and
  /// the connection is dropped. A command also waits this long at most for a connection to be
  /// there.
  milliseconds request_timeout = 10s;
  /// Pause before the first and, doubling each time, at most before a later try to connect again.
  milliseconds first_backoff = 2ms;
  milliseconds max_backoff = 500ms;
  /// Commands without an answer yet, together; what does not fit is refused.
  std::size_t max_unanswered_bytes = std::size_t{256} << 20;
};

class RedisConnection {
 public:
  /// An error reply of Redis is a Reply too. Errors: kUnavailable (the command was never sent),
  /// kMaybeDone (the connection broke after it was, or might have been, sent).
  using Answer = std::function<void(Result<Reply>)>;
  using Done = std::function<void(Status)>;
  /// Prepares each new connection, after AUTH and SELECT and before any other command; it sends
  /// with send_first(). An error means this connection will not do; it is closed, and tried again
  /// later.
  using Setup = std::function<void(Done)>;

  RedisConnection(EventLoop& loop, RedisAddress address, RedisConnectionOptions options);
  /// Drops what is unanswered without an answer.
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  /// Before connect().
  void set_setup(Setup setup);

  /// Once. Connects, logs in, waits while Redis loads its data, runs the setup, and answers. If it
  /// fails, nothing more happens; once it has succeeded, the connection is kept up for good.
  void connect(Done done);

  /// Answers follow in the order of the commands. What is sent in one turn of the event loop goes
  /// out in one write. While there is no connection, commands wait for it.
  void send(const Command& command, Answer answer);
  /// Only while the setup runs.
  void send_first(const Command& command, Answer answer);

  /// Disconnects for good. What is unanswered stays so.
  void close();

  /// Gives this connection up for a new one, which is set up from the start. Soon, not in the call.
  void reconnect(std::string reason);

  /// Tries to connect at once if it is waiting to try again.
  void retry_now();

  bool is_ready() const;
  const RedisAddress& address() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace agentainer::net

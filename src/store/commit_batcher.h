#pragma once
// Group commit. Redis syncs its log once for what it finds in one read of a socket, 16 KiB, so
// commits sent one after the other share few syncs. What is ready at the same time goes as one
// transaction instead: one sync for all of it. While transactions are under way the next one grows.

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "net/event_loop.h"
#include "net/redis_connection.h"
#include "store/store.h"

namespace agentainer::store {

class CommitBatcher {
 public:
  using Answer = net::RedisConnection::Answer;

  CommitBatcher(net::EventLoop& loop, net::RedisConnection& connection);
  ~CommitBatcher();

  /// Answered with the reply of the commit's own function.
  void add(const Commit& commit, Answer answer);

  /// Sends what is waiting, so that what the caller sends next comes after it.
  void flush();

 private:
  struct Batch;
  struct Waiting {
    net::Command command;
    Answer answer;
  };

  void flush_if_idle();
  void send_next();
  void send_transaction(std::vector<Waiting> commits);
  void send_one_by_one(const std::shared_ptr<Batch>& batch);
  void take_result(const std::shared_ptr<Batch>& batch, Result<net::Reply> reply);

  net::EventLoop& loop_;
  net::RedisConnection& connection_;
  /// Guards what is posted to the loop against the end of this object.
  std::shared_ptr<CommitBatcher*> self_;
  std::vector<Waiting>
      creates_;  ///< Sent first, and alone: a full Redis refuses them, not the others.
  std::vector<Waiting> commits_;
  std::size_t under_way_ = 0;
  bool flush_posted_ = false;
};

}  // namespace agentainer::store

#include "store/redis_removal.h"

#include <cstdint>
#include <memory>
#include <utility>

#include "store/keys.h"

namespace agentainer::store {
namespace {

using net::Command;
using net::Reply;

class Removal : public std::enable_shared_from_this<Removal> {
 public:
  Removal(net::RedisConnection& connection, const WorkflowId& id, std::vector<StoredStep> steps,
          net::RedisConnection::Answer answer)
      : connection_(connection), id_(id), steps_(std::move(steps)), answer_(std::move(answer)) {}

  void start() { send({"FCALL", "agentainer_1_removable", "1", keys::workflow(id_)}); }

 private:
  void send(const Command& command) {
    connection_.send(command, [self = shared_from_this()](Result<Reply> reply) {
      if (!reply || reply->is_error() || self->is_last_) return self->answer_(std::move(reply));
      self->send_next();
    });
  }

  void send_next() {
    /// Small hashes: a slice is well below a millisecond of Redis.
    constexpr std::size_t kBucketsAtOnce = 250;
    Command command{"UNLINK"};
    for (std::size_t i = 0; i < kBucketsAtOnce && !steps_.empty();) {
      const StoredStep& step = steps_.back();
      if (std::uint64_t{bucket_} * keys::kTasksPerBucket >= step.tasks) {
        steps_.pop_back();
        bucket_ = 0;
        continue;
      }
      command.add(keys::results(id_, step.step, bucket_));
      command.add(keys::errors(id_, step.step, bucket_));
      ++bucket_;
      ++i;
    }
    if (command.words() > 1) return send(command);
    is_last_ = true;
    send({"FCALL", "agentainer_1_remove", "5", keys::workflow(id_), keys::events(id_),
          keys::state(id_), keys::outputs(id_), keys::kWorkflows});
  }

  net::RedisConnection& connection_;
  const WorkflowId id_;
  std::vector<StoredStep> steps_;  ///< Those whose outcomes are still there.
  std::uint32_t bucket_ = 0;       ///< The next one of the last of them.
  bool is_last_ = false;
  const net::RedisConnection::Answer answer_;
};

}  // namespace

void remove_workflow(net::RedisConnection& connection, const WorkflowId& id,
                     std::vector<StoredStep> steps, net::RedisConnection::Answer answer) {
  std::make_shared<Removal>(connection, id, std::move(steps), std::move(answer))->start();
}

}  // namespace agentainer::store

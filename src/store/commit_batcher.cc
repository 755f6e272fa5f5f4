#include "store/commit_batcher.h"

#include <algorithm>
#include <optional>

#include "store/commit_encoding.h"

namespace agentainer::store {

using net::Command;
using net::Reply;

namespace {

/// Enough to keep Redis busy: one at work, one to go on with.
constexpr std::size_t kMostUnderWay = 2;
/// Redis answers nobody else during a transaction: a few ms.
constexpr std::size_t kMostCommits = 256;
constexpr std::size_t kMostBytes = std::size_t{2} << 20;

}  // namespace

struct CommitBatcher::Batch {
  std::vector<Waiting> commits;
  std::optional<Reply>
      refusal;  ///< Why Redis did not take a command; then it carries none of them out.
};

CommitBatcher::CommitBatcher(net::EventLoop& loop, net::RedisConnection& connection)
    : loop_(loop), connection_(connection), self_(std::make_shared<CommitBatcher*>(this)) {}

CommitBatcher::~CommitBatcher() { *self_ = nullptr; }

void CommitBatcher::add(const Commit& commit, Answer answer) {
  // A workflow's creation is its first commit, so sending creations first keeps each one's order.
  Waiting& waiting = (commit.create ? creates_ : commits_).emplace_back();
  encode_commit(commit, waiting.command);
  waiting.answer = std::move(answer);
  if (std::exchange(flush_posted_, true)) return;
  loop_.post([self = self_] {
    if (*self == nullptr) return;
    (*self)->flush_posted_ = false;
    (*self)->flush_if_idle();
  });
}

void CommitBatcher::flush() {
  while (!creates_.empty() || !commits_.empty()) send_next();
}

void CommitBatcher::flush_if_idle() {
  while (under_way_ < kMostUnderWay && !(creates_.empty() && commits_.empty())) send_next();
}

void CommitBatcher::send_next() {
  for (Waiting& create : std::exchange(creates_, {}))
    connection_.send(create.command, std::move(create.answer));
  std::size_t count = 0;
  std::size_t bytes = 0;
  while (count < std::min(commits_.size(), kMostCommits) && bytes < kMostBytes)
    bytes += commits_[count++].command.size_bytes();
  if (count == 0) return;
  const auto end = commits_.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<Waiting> taken(std::make_move_iterator(commits_.begin()),
                             std::make_move_iterator(end));
  commits_.erase(commits_.begin(), end);
  send_transaction(std::move(taken));
}

void CommitBatcher::send_transaction(std::vector<Waiting> commits) {
  ++under_way_;
  auto batch = std::make_shared<Batch>();
  batch->commits = std::move(commits);
  if (batch->commits.size() == 1) return send_one_by_one(batch);
  const auto note_refusal = [batch](const Result<Reply>& reply) {
    if (reply && reply->is_error() && !batch->refusal) batch->refusal = *reply;
  };
  connection_.send({"MULTI"}, note_refusal);
  for (const Waiting& commit : batch->commits) connection_.send(commit.command, note_refusal);
  connection_.send({"EXEC"},
                   [this, batch](Result<Reply> reply) { take_result(batch, std::move(reply)); });
}

void CommitBatcher::send_one_by_one(const std::shared_ptr<Batch>& batch) {
  for (std::size_t i = 0; i < batch->commits.size(); ++i) {
    const bool is_last = i + 1 == batch->commits.size();
    const Command command = std::move(batch->commits[i].command);
    connection_.send(command, [this, batch, i, is_last](Result<Reply> reply) {
      if (is_last) --under_way_, flush_if_idle();
      batch->commits[i].answer(std::move(reply));
    });
  }
}

/// Without EXEC there is no effect, so what became of it holds for every commit.
void CommitBatcher::take_result(const std::shared_ptr<Batch>& batch, Result<Reply> reply) {
  // When its memory is full Redis takes no transactions, whatever is in them, but single commits.
  if (reply && batch->refusal && batch->refusal->text.starts_with("OOM"))
    return send_one_by_one(batch);
  --under_way_;
  flush_if_idle();
  const auto alive = self_;
  for (std::size_t i = 0; i < batch->commits.size() && *alive != nullptr; ++i) {
    const Answer answer = std::move(batch->commits[i].answer);
    if (reply && i < reply->elements.size())
      answer(std::move(reply->elements[i]));
    else if (reply && batch->refusal)
      answer(*batch->refusal);
    else
      answer(reply);
  }
}

}  // namespace agentainer::store

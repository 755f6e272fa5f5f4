#include "server/take_over.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "engine/status.h"
#include "server/runner.h"

namespace agentainer::server {
namespace {

constexpr std::size_t kPage = 500;
/// Loads at a time: each is a whole history on its way.
constexpr std::size_t kMostInHand = 64;

}  // namespace

TakeOver::~TakeOver() {
  if (timer_) server_.executor_.cancel(*timer_);
}

void TakeOver::run(Server::DoneStatus done) {
  if (is_stopped_)
    return server_.answer(std::move(done),
                          fail(ErrorCode::kUnavailable, "the server is shutting down"));
  waiting_.push_back(std::move(done));
  if (!is_passing_) begin_pass();
}

void TakeOver::stop() {
  is_stopped_ = true;
  if (timer_) server_.executor_.cancel(*std::exchange(timer_, std::nullopt));
}

void TakeOver::begin_pass() {
  if (timer_) server_.executor_.cancel(*std::exchange(timer_, std::nullopt));
  is_passing_ = true;
  done_ = std::exchange(waiting_, {});
  again_ = std::exchange(failed_, {});
  error_.reset();
  after_.reset();
  read_page();
}

/// Between whole passes. It costs the same however many workflows of our own there are.
void TakeOver::look_for_dead_owners() {
  server_.store_.list_owners(
      [this, alive = server_.alive_](const Result<std::vector<store::Owner>>& owners) {
        if (!*alive || is_stopped_ || is_passing_) return;
        const bool found =
            owners && std::any_of(owners->begin(), owners->end(),
                                  [](const store::Owner& owner) { return !owner.is_alive; });
        if (found || !failed_.empty()) return begin_pass();
        arm_timer();
      });
}

void TakeOver::read_page() {
  server_.store_.list_unfinished(
      after_, kPage,
      [this, alive = server_.alive_](const Result<std::vector<store::UnfinishedWorkflow>>& page) {
        if (!*alive) return;
        if (page) return take_page(*page);
        error_ = page.error();
        failed_.merge(again_);
        end_pass();
      });
}

void TakeOver::take_page(const std::vector<store::UnfinishedWorkflow>& page) {
  is_last_page_ = page.size() < kPage;
  if (!page.empty()) after_ = page.back().id;
  candidates_.clear();
  next_ = 0;
  Epoch latest{};
  for (const store::UnfinishedWorkflow& workflow : page) {
    if (!is_candidate(workflow)) continue;
    latest = std::max(latest, workflow.owner);
    candidates_.push_back(workflow);
  }
  server_.reach_epoch(latest, [this](const Result<Epoch>& epoch) {
    if (epoch) return go_on();
    error_ = epoch.error();
    failed_.merge(again_);
    end_pass();
  });
}

bool TakeOver::is_candidate(const store::UnfinishedWorkflow& workflow) {
  const bool failed_before = again_.erase(workflow.id) > 0;
  if (server_.runners_.contains(workflow.id) || damaged_.contains(workflow.id)) return false;
  return !workflow.owner_alive || (failed_before && server_.epochs_.contains(workflow.owner));
}

void TakeOver::go_on() {
  while (!is_stopped_ && in_hand_ < kMostInHand && next_ < candidates_.size())
    take(candidates_[next_++]);
  if (in_hand_ > 0) return;
  if (is_stopped_ || is_last_page_) return end_pass();
  read_page();
}

void TakeOver::take(const store::UnfinishedWorkflow& workflow) {
  ++in_hand_;
  const WorkflowId id = workflow.id;
  const auto taken = [this, alive = server_.alive_, id](const Status& status) {
    if (*alive) on_taken(id, status);
  };
  if (workflow.status == to_string(engine::WorkflowStatus::kPending))
    claim_pending(id, taken);
  else
    server_.resume(id, taken);
}

/// It goes on waiting, as one of ours.
void TakeOver::claim_pending(const WorkflowId& id, Server::DoneStatus done) {
  // Who has it in memory or in hand claims it too.
  if (server_.runners_.contains(id) || server_.opening_.contains(id))
    return server_.answer(std::move(done), {});
  server_.begin_opening(id, nullptr);
  server_.store_.claim(id, server_.epoch_, server_.end_opening(id, std::move(done)));
}

void TakeOver::on_taken(const WorkflowId& id, const Status& status) {
  --in_hand_;
  const ErrorCode code = status ? ErrorCode::kConflict : status.error().code;
  if (is_transient(code)) {
    error_ = status.error();
    failed_.insert(id);
  } else if (code != ErrorCode::kConflict && code != ErrorCode::kFenced &&
             code != ErrorCode::kNotFound) {
    // It is not the store and no other server: what is stored cannot be understood.
    log::error("workflow {} cannot be resumed and is left alone: {}", id.text(),
               status.error().message);
    damaged_.insert(id);
  }
  go_on();
}

void TakeOver::end_pass() {
  is_passing_ = false;
  Status status;
  if (is_stopped_)
    status = fail(ErrorCode::kUnavailable, "the server is shutting down");
  else if (error_)
    status = tl::make_unexpected(*error_);
  for (const Server::DoneStatus& done : std::exchange(done_, {})) done(status);
  if (is_passing_) return;  // one of them asked for another
  if (!waiting_.empty()) return begin_pass();
  arm_timer();
}

void TakeOver::arm_timer() {
  const milliseconds interval = server_.options_.take_over_interval;
  if (is_stopped_ || interval.count() == 0) return;
  timer_ = server_.executor_.schedule(server_.executor_.now() + interval, [this] {
    timer_.reset();
    look_for_dead_owners();
  });
}

}  // namespace agentainer::server

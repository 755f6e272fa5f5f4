#pragma once
// Finds the unfinished workflows of dead servers and resumes them. Internal to server/.
//
//     run() ────────────────> page of unfinished workflows ──> claim, resume, 64 at a time ─┐
//     every interval:            ▲            ▲                                             │
//     is an owner dead? ── yes ──┘            └──────── next page ──────────────────────────┤
//           no: that was all                                              end of the pass <─┘

#include <cstddef>
#include <optional>
#include <set>
#include <vector>

#include "server/server.h"

namespace agentainer::server {

class TakeOver {
 public:
  explicit TakeOver(Server& server) : server_(server) {}
  ~TakeOver();

  /// A whole pass; afterwards one every Options::take_over_interval for those of owners that died.
  void run(Server::DoneStatus done);
  /// Takes over nothing more.
  void stop();

 private:
  void begin_pass();
  void look_for_dead_owners();
  void read_page();
  void take_page(const std::vector<store::UnfinishedWorkflow>& page);
  bool is_candidate(const store::UnfinishedWorkflow& workflow);
  void go_on();
  void take(const store::UnfinishedWorkflow& workflow);
  void claim_pending(const WorkflowId& id, Server::DoneStatus done);
  void on_taken(const WorkflowId& id, const Status& status);
  void end_pass();
  void arm_timer();

  Server& server_;
  bool is_stopped_ = false;
  std::optional<Executor::TimerId> timer_;

  // Of the pass under way.
  bool is_passing_ = false;
  std::vector<Server::DoneStatus> done_;
  std::optional<WorkflowId> after_;  ///< The last one read.
  bool is_last_page_ = false;
  std::vector<store::UnfinishedWorkflow> candidates_;  ///< Of this page.
  std::size_t next_ = 0;                               ///< Of them, the next one to take.
  std::size_t in_hand_ = 0;
  std::optional<Error> error_;  ///< The store's; it may be another time.
  std::set<WorkflowId> again_;  ///< What failed in the pass before, for a passing reason.

  std::vector<Server::DoneStatus> waiting_;  ///< For a pass after this one.
  /// What failed for a passing reason. It may be ours by now, and so not of a dead owner.
  std::set<WorkflowId> failed_;
  std::set<WorkflowId> damaged_;
};

}  // namespace agentainer::server

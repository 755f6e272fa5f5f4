#pragma once
// What people ask of running workflows while everything else goes wrong, and what must have come of
// it in the end: every answer given holds, each once, whatever crashed behind it.

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/server.h"
#include "sim/random.h"

namespace agentainer::sim {

class Requests {
 public:
  explicit Requests(Random& random) : random_(random) {}

  /// Asks something of a workflow, which may have ended.
  void ask(server::Server& server, const WorkflowId& id);
  /// Ends what only a person can end: a pause, the wait for a signal. False when there is nothing.
  bool help(server::Server& server, const WorkflowId& id);
  /// The server is gone: what was not answered never will be.
  void on_crash() { unanswered_.clear(); }

  /// When all is over. Every violation found, one line each.
  std::vector<std::string> check_answers() const;
  std::vector<std::string> check(const store::LoadedWorkflow& loaded,
                                 const workflow::Definition& definition) const;

 private:
  struct Workflow {
    std::int64_t increments_asked = 0;
    std::int64_t increments_answered = 0;
    std::int64_t last_element = 0;
    std::set<std::int64_t> elements_answered;
    std::set<std::int64_t> members_answered;
    std::map<std::string, std::uint32_t> swaps;  ///< Answered as done, by the value expected.
    std::int64_t last_swap = 0;
    std::size_t pauses_answered = 0;
    std::size_t signals_answered = 0;
    std::map<std::string, std::set<std::string>> payloads;  ///< Sent, by name.
  };
  using Say = std::function<void(std::string)>;
  using Update = engine::StateUpdate;
  using OnChange = std::function<void(const engine::StateUpdateResult&)>;

  void update(server::Server& server, const WorkflowId& id, Update update, OnChange on_change);
  server::Server::DoneStatus take_status(std::string what, std::function<void()> on_done);
  void send_signal(server::Server& server, const WorkflowId& id, const std::string& name);
  static void check_state(const Workflow& workflow, const store::LoadedWorkflow& loaded,
                          const Say& say);
  static void check_signals(const Workflow& workflow, const store::LoadedWorkflow& loaded,
                            const workflow::Definition& definition, const Say& say);
  void swap(server::Server& server, const WorkflowId& id);
  std::uint64_t expect_answer();
  void take_answer(std::uint64_t request);

  Random& random_;
  std::map<WorkflowId, Workflow> workflows_;
  std::uint64_t last_request_ = 0;
  std::uint64_t last_payload_ = 0;
  std::set<std::uint64_t> unanswered_;
  std::vector<std::string> violations_;
};

}  // namespace agentainer::sim

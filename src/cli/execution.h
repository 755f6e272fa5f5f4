#pragma once
// Workflows running in this process, until they have ended or a signal says otherwise.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/command_loop.h"
#include "cli/exit_code.h"
#include "cli/progress/progress.h"
#include "cli/report.h"
#include "cli/run_session.h"

namespace agentainer::cli {

/// A workflow that has ended here.
struct Ending {
  WorkflowReport report;
  std::string state;  ///< JSON text of the final state.
};

/// Live on a terminal, lines elsewhere, troubles only when `quiet`.
std::unique_ptr<Progress> make_progress(RunSession& session, CommandLoop& loop, bool quiet);

class Execution final : public server::Observer {
 public:
  /// `arguments`: what commands to be typed need, with a space before (" --data X").
  Execution(CommandLoop& loop, RunSession& session, Progress& progress, std::string arguments);
  ~Execution() override;

  /// Submits and waits until it is durable.
  Result<WorkflowId> submit(server::Submission submission);
  Status resume(const WorkflowId& id);

  /// Until all of them have ended or been given up. A first Ctrl-C cancels them and goes on
  /// waiting, a second one leaves at once; SIGTERM and SIGHUP stop the agents and leave, and the
  /// workflows can be resumed.
  ExitCode run();

  /// Whether there is something to wait for, or something has ended already.
  bool is_running() const { return !running_.empty() || !endings_.empty() || abandoned_any_; }

  std::map<WorkflowId, Ending> take_endings() { return std::move(endings_); }
  /// Whether run() left at once, so that the session is to be abandoned and not closed.
  bool left_at_once() const { return left_at_once_; }

  void on_committed(const engine::WorkflowState& state,
                    std::span<const engine::Record> records) override;
  void on_ended(const engine::WorkflowState& state) override;
  void on_abandoned(const engine::WorkflowState& state, const Error& error) override;
  void on_store_trouble(const Error& error) override;

 private:
  struct Running {
    FailureList failures;
    std::uint64_t first_sequence = 0;  ///< Records committed before this process took it up.
    bool cancellation_committed = false;
  };
  void on_signal(int signal);
  void say_how_to_go_on();
  void add_earlier_failures();
  ExitCode exit_code() const;

  CommandLoop& loop_;
  RunSession& session_;
  Progress& progress_;
  std::string arguments_;
  std::map<WorkflowId, Running> running_;
  std::map<WorkflowId, Ending> endings_;
  std::map<WorkflowId, std::uint64_t> earlier_records_;
  bool abandoned_any_ = false;
  bool cancelling_ = false;
  bool left_at_once_ = false;
  std::optional<ExitCode> leave_;
};

/// `completed`, `failed` or `cancelled` as an exit code.
ExitCode exit_code_of(engine::WorkflowStatus status);

}  // namespace agentainer::cli

#include "cli/execution.h"

#include <unistd.h>

#include <csignal>
#include <utility>

#include "base/log.h"
#include "cli/command.h"
#include "cli/progress/plain_progress.h"
#include "cli/progress/terminal_progress.h"
#include "cli/text/format.h"
#include "cli/text/terminal.h"

namespace agentainer::cli {
namespace {

struct Nothing {};

Result<Nothing> as_result(const Status& status) {
  return status ? Result<Nothing>(Nothing{}) : tl::make_unexpected(status.error());
}

Status as_status(const Result<Nothing>& result) {
  return result ? Status() : tl::make_unexpected(result.error());
}

}  // namespace

std::unique_ptr<Progress> make_progress(RunSession& session, CommandLoop& loop, bool quiet) {
  const Terminal terminal = detect_terminal(STDERR_FILENO);
  if (quiet) return std::make_unique<QuietProgress>();
  if (!terminal.can_redraw) return std::make_unique<PlainProgress>();
  return std::make_unique<TerminalProgress>(
      loop.events(), [&session](const WorkflowId& id) { return session.server().find(id); },
      [] { return terminal_size(STDERR_FILENO); }, print_error, terminal.style);
}

ExitCode exit_code_of(engine::WorkflowStatus status) {
  switch (status) {
    case engine::WorkflowStatus::kCompleted:
      return ExitCode::kOk;
    case engine::WorkflowStatus::kCancelled:
      return ExitCode::kCancelled;
    case engine::WorkflowStatus::kFailed:
    case engine::WorkflowStatus::kPending:
    case engine::WorkflowStatus::kRunning:
      return ExitCode::kFailed;
  }
  return ExitCode::kFailed;
}

Execution::Execution(CommandLoop& loop, RunSession& session, Progress& progress,
                     std::string arguments)
    : loop_(loop), session_(session), progress_(progress), arguments_(std::move(arguments)) {
  session_.server().add_observer(this);
  session_.server().add_observer(&progress_);
  direct_log([this](std::string_view line) { progress_.say(line); });
  loop_.set_signal_handler([this](int signal) { on_signal(signal); });
}

Execution::~Execution() {
  loop_.set_signal_handler(nullptr);
  direct_log(nullptr);
  progress_.finish();
  session_.server().remove_observer(&progress_);
  session_.server().remove_observer(this);
}

Result<WorkflowId> Execution::submit(server::Submission submission) {
  const Result<server::Submitted> submitted = loop_.await<server::Submitted>(
      [&](auto done) { session_.server().submit(std::move(submission), std::move(done)); });
  return submitted.map([](const server::Submitted& made) { return made.id; });
}

Status Execution::resume(const WorkflowId& id) {
  if (cancelling_ || leave_) return fail(ErrorCode::kUnavailable, "interrupted");
  return as_status(loop_.await<Nothing>([&](auto done) {
    session_.server().resume(id, [done](const Status& status) { done(as_result(status)); });
  }));
}

ExitCode Execution::run() {
  loop_.run_until([&] { return leave_ || running_.empty(); });
  progress_.finish();
  if (leave_) {
    say_how_to_go_on();
    return *leave_;
  }
  add_earlier_failures();
  return exit_code();
}

void Execution::on_committed(const engine::WorkflowState& state,
                             std::span<const engine::Record> records) {
  const auto [found, is_new] = running_.try_emplace(state.id);
  Running& running = found->second;
  if (is_new) running.first_sequence = state.sequence - records.size();
  for (const engine::Record& record : records) {
    running.failures.add(
        record, [&](StepIndex step, TaskIndex task) { return item_of(state, step, task); });
    if (std::holds_alternative<engine::WorkflowStopping>(record.body))
      running.cancellation_committed = true;
  }
}

void Execution::on_ended(const engine::WorkflowState& state) {
  auto running = running_.extract(state.id);
  if (running.empty()) return;
  Ending ending{report_on(state), state.data.to_text()};
  ending.report.failures = std::move(running.mapped().failures);
  earlier_records_[state.id] = running.mapped().first_sequence;
  endings_.emplace(state.id, std::move(ending));
  if (running_.empty()) loop_.wake();
}

void Execution::on_abandoned(const engine::WorkflowState& state, const Error&) {
  running_.erase(state.id);
  abandoned_any_ = true;
  loop_.wake();
}

void Execution::on_store_trouble(const Error&) {}

void Execution::on_signal(int signal) {
  if (signal == SIGWINCH) return progress_.on_resized();
  if (signal == SIGCONT) return progress_.on_continued();
  if (signal == SIGINT && !cancelling_ && !leave_ && !running_.empty()) {
    cancelling_ = true;
    progress_.say("cancelling: waiting for the agents to stop; Ctrl-C again leaves at once");
    for (const auto& [id, running] : running_) {
      session_.server().cancel(id, "cancelled by Ctrl-C", [](const Status& cancelled) {
        if (!cancelled) log::debug("{}", cancelled.error().message);
      });
    }
    return;
  }
  left_at_once_ = signal == SIGINT || leave_.has_value();
  leave_ = signal == SIGINT    ? ExitCode::kCancelled
           : signal == SIGTERM ? ExitCode::kTerminated
                               : ExitCode::kHungUp;
  loop_.interrupt(signal);
}

void Execution::say_how_to_go_on() {
  for (const auto& [id, running] : running_)
    print_error(fmt::format(
        "left workflow {} unfinished: agentainer resume{} {} {}\n", id.text(), arguments_,
        id.text(), running.cancellation_committed ? "ends its cancellation" : "continues it"));
}

/// Of a workflow that was resumed: failures from before, which nobody here has seen.
void Execution::add_earlier_failures() {
  constexpr std::size_t kPage = 1000;
  for (const auto& [id, last] : earlier_records_) {
    WorkflowReport& report = endings_.at(id).report;
    FailureList earlier;
    for (std::uint64_t after = 0; after < last;) {
      const auto records = session_.stored().read_records(id, after, kPage);
      if (!records || records->empty()) {
        if (!records) log::warning("earlier failures are not listed: {}", records.error().message);
        break;
      }
      for (const store::StoredRecord& record : *records) {
        if (record.sequence > last || !record.text.starts_with(R"({"type":"attempt_failed")"))
          continue;
        if (const auto decoded = engine::decode(record.text, *report.definition))
          earlier.add(*decoded, nullptr);
      }
      after = records->back().sequence;
    }
    earlier.append(report.failures);
    report.failures = std::move(earlier);
  }
}

ExitCode Execution::exit_code() const {
  if (abandoned_any_) return ExitCode::kTrouble;
  ExitCode worst = ExitCode::kOk;
  for (const auto& [id, ending] : endings_) {
    const ExitCode code = exit_code_of(ending.report.status);
    if (static_cast<int>(code) > static_cast<int>(worst)) worst = code;
  }
  return worst;
}

}  // namespace agentainer::cli

#include <memory>

#include "cli/command.h"
#include "cli/execution.h"
#include "cli/run_options.h"

namespace agentainer::cli {
namespace {

struct Options {
  RunOptions run;
  std::string reference;
};

std::string run_elsewhere(const WorkflowId& id) {
  return fmt::format("workflow {} is being run by another process", id.text());
}

ExitCode resume_one(CommandLoop& loop, Execution& execution, StoreSession& stored,
                    const std::vector<store::UnfinishedWorkflow>& unfinished,
                    const WorkflowId& id) {
  for (const store::UnfinishedWorkflow& workflow : unfinished)
    if (workflow.id == id && workflow.owner_alive) {
      complain(run_elsewhere(id));
      return ExitCode::kTrouble;
    }
  const Status resumed = execution.resume(id);
  if (resumed) return ExitCode::kOk;
  if (resumed.error().code != ErrorCode::kConflict) return fail_command(loop, resumed.error());
  // It has ended: what there is to know is how.
  const auto loaded = stored.load(id);
  if (!loaded) return fail_command(loop, loaded.error());
  remark(fmt::format("workflow {} has ended before: {}", id.text(), loaded->status));
  return exit_code_of(
      engine::parse_workflow_status(loaded->status).value_or(engine::WorkflowStatus::kFailed));
}

/// Nothing when there is something to wait for.
std::optional<ExitCode> begin(CommandLoop& loop, RunSession& session, Execution& execution,
                              const Options& options) {
  StoreSession& stored = session.stored();
  const auto unfinished = stored.list_unfinished();
  if (!unfinished) return fail_command(loop, unfinished.error());
  if (!options.reference.empty()) {
    const Result<WorkflowId> id = stored.resolve(options.reference);
    if (!id) return fail_command(loop, id.error());
    const ExitCode code = resume_one(loop, execution, stored, *unfinished, *id);
    return execution.is_running() ? std::nullopt : std::optional(code);
  }
  if (unfinished->empty()) {
    remark("nothing to resume: every workflow has ended");
    return ExitCode::kOk;
  }
  ExitCode code = ExitCode::kOk;
  for (const store::UnfinishedWorkflow& workflow : *unfinished) {
    if (workflow.owner_alive) {
      remark("skipped: " + run_elsewhere(workflow.id));
      continue;
    }
    const Status resumed = execution.resume(workflow.id);
    if (resumed) continue;
    if (loop.interruption() != 0) return fail_command(loop, resumed.error());
    complain(fmt::format("workflow {}: {}", workflow.id.text(), resumed.error().message));
    code = ExitCode::kTrouble;
  }
  return execution.is_running() ? std::nullopt : std::optional(code);
}

ExitCode resume(const Options& options) {
  CommandLoop loop;
  auto session = RunSession::create(loop, options.run.choice);
  if (!session) {
    complain(session.error().message);
    return ExitCode::kTrouble;
  }
  return execute(loop, **session, options.run,
                 [&](Execution& execution) { return begin(loop, **session, execution, options); });
}

}  // namespace

void add_resume(CLI::App& root, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(root, "resume", "Continue workflows whose process went away",
                                  {"agentainer resume                 all that nobody runs",
                                   "agentainer resume latest", "agentainer resume 01jz8x"});
  command
      ->add_option("ID", options->reference,
                   "A workflow's id, the beginning of one, or `latest`; without it all "
                   "unfinished ones that no process runs")
      ->type_name("");
  add_run_options(*command, options->run);
  command->callback([options, &action] { action = [options] { return resume(*options); }; });
}

}  // namespace agentainer::cli

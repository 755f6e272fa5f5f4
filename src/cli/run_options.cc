#include "cli/run_options.h"

#include <map>

#include "cli/command.h"
#include "cli/execution.h"
#include "cli/result_output.h"

namespace agentainer::cli {

void add_run_options(CLI::App& command, RunOptions& options) {
  static const std::map<std::string, RuntimeKind> kKinds = {{"process", RuntimeKind::kProcess},
                                                            {"mock", RuntimeKind::kMock}};
  command
      .add_option("-o,--output", options.output,
                  "What to print of the final state: all of it, or one key (text as it is, other "
                  "values as JSON; a.b.0 reaches into it) [json]")
      ->type_name("json|yaml|KEY");
  command.add_flag("-q,--quiet", options.quiet,
                   "No progress; only trouble, failures and the result");
  add_store_options(command, options.choice.store);
  command
      .add_option_function<std::string>(
          "--runtime",
          [&options](const std::string& name) {
            const auto found = kKinds.find(name);
            if (found == kKinds.end())
              throw CLI::ValidationError("--runtime",
                                         fmt::format("'{}' is none of process, mock", name));
            options.choice.runtime = found->second;
          },
          "process runs agents as processes; mock starts nothing and every task succeeds at once "
          "with the result null, to try the shape of a workflow [process]")
      ->type_name("process|mock");
  command
      .add_option("--max-tasks", options.choice.max_tasks,
                  "Tasks running at the same time [4 a core, at least 16; mock: 1024]")
      ->type_name("N")
      ->check(CLI::Range(1u, 1'000'000u));
  command
      .add_option("--pass-env", options.choice.pass_env,
                  "Give agents this variable of the present environment too; may be given again")
      ->type_name("NAME")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

ExitCode execute(CommandLoop& loop, RunSession& session, const RunOptions& options,
                 const std::function<std::optional<ExitCode>(Execution&)>& begin) {
  if (const Status opened = session.open(); !opened) {
    // What was asked for may be fine; it is the place that does not do.
    const ExitCode code = fail_command(loop, opened.error());
    return code == ExitCode::kUsage ? ExitCode::kTrouble : code;
  }
  const std::unique_ptr<Progress> progress = make_progress(session, loop, options.quiet);
  ExitCode code = ExitCode::kOk;
  bool at_once = false;
  std::map<WorkflowId, Ending> endings;
  {
    Execution execution(loop, session, *progress, repeated_arguments(options.choice.store));
    if (const std::optional<ExitCode> early = begin(execution)) {
      code = *early;
    } else {
      code = execution.run();
    }
    at_once = execution.left_at_once();
    endings = execution.take_endings();
  }
  if (at_once) {
    session.abandon();
  } else {
    session.close();
  }
  return print_results(endings, options, code);
}

}  // namespace agentainer::cli

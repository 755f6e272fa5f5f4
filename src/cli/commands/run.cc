#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "cli/execution.h"
#include "cli/inputs.h"
#include "cli/run_options.h"
#include "cli/workflow_file.h"

namespace agentainer::cli {
namespace {

struct Options {
  RunOptions run;
  std::string file;
  std::vector<std::string> inputs;
  std::vector<std::string> state_files;
};

ExitCode refuse(const Error& error) {
  complain(error.message);
  return ExitCode::kUsage;
}

ExitCode run(const Options& options) {
  if (options.file == "-" && std::find(options.state_files.begin(), options.state_files.end(),
                                       "-") != options.state_files.end())
    return refuse(
        {ErrorCode::kInvalid, "standard input cannot be both the workflow file and --state"});
  Result<WorkflowFile> file = read_workflow_file(options.file);
  if (!file) return refuse(file.error());
  const workflow::ParseResult parsed = workflow::parse(file->text);
  print_error(diagnostics_text(*file, parsed, detect_terminal(STDERR_FILENO).style.color));
  if (!parsed.definition) return ExitCode::kUsage;
  Result<json::object> inputs = gather_inputs(options.state_files, options.inputs);
  if (!inputs) return refuse(inputs.error());

  CommandLoop loop;
  auto session = RunSession::create(loop, options.run.choice);
  if (!session) {
    complain(session.error().message);
    return ExitCode::kTrouble;
  }
  const Status checked =
      check_agents((*session)->runtime(), *parsed.definition, file->source_directory);
  if (!checked) return refuse(checked.error());
  return execute(
      loop, **session, options.run, [&](Execution& execution) -> std::optional<ExitCode> {
        const Result<WorkflowId> submitted =
            execution.submit({std::move(file->text), file->source_directory, std::move(*inputs)});
        if (submitted) return std::nullopt;
        return fail_command(loop, submitted.error());
      });
}

}  // namespace

void add_run(CLI::App& root, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, "run", "Run a workflow file and wait for its end",
      {"agentainer run workflow.yaml",
       "agentainer run workflow.yaml -i limit=10 -i 'urls=[\"https://example.org\"]'",
       "agentainer run workflow.yaml --state inputs.json --output summary > summary.txt",
       "agentainer run shape.yaml --runtime mock"},
      "Ctrl-C cancels the workflow and waits for its agents to stop; a second one leaves at once.\n"
      "After SIGTERM, a closed terminal or kill -9, `agentainer resume` continues it.\n"
      "Exit code: 0 completed, 3 failed, 2 invalid file or options, 130 cancelled, 1 other "
      "trouble.\n");
  command->add_option("FILE", options->file, "Workflow file, YAML or JSON; - for standard input")
      ->required()
      ->type_name("");
  command
      ->add_option("-i,--input", options->inputs,
                   "A key of the initial state; the value is JSON, or else text as it stands; may "
                   "be given again")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command
      ->add_option("--state,--inputs-file", options->state_files,
                   "JSON file with an object of keys for the initial state, - for standard input; "
                   "--input replaces its keys; may be given again")
      ->type_name("FILE")
      ->allow_extra_args(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  add_run_options(*command, options->run);
  command->callback([options, &action] { action = [options] { return run(*options); }; });
}

}  // namespace agentainer::cli

#include <memory>

#include "cli/client/workflow_requests.h"
#include "cli/command.h"

namespace agentainer::cli {
namespace {

using Run = std::function<ExitCode(const WorkflowRequestPtr&)>;

CLI::App* add_action(CLI::App& group, Action& action, const WorkflowRequestPtr& options,
                     const std::string& name, const std::string& description,
                     const std::string& example, Run run) {
  CLI::App* command =
      add_command(group, name, description, {"agentainer workflow " + name + example});
  add_server_options(*command, options->server);
  command->callback([options, &action, run = std::move(run)] {
    action = [options, run] { return run(options); };
  });
  return command;
}

void add_reference(CLI::App& command, WorkflowRequest& options) {
  command.add_option("ID", options.reference, "A workflow's id, or latest")
      ->required()
      ->type_name("");
}

void add_output(CLI::App& command, WorkflowRequest& options) {
  command.add_option("-o,--output", options.output, "Form of the output")
      ->type_name("table|json|yaml|jsonl|name")
      ->check(CLI::IsMember({"table", "json", "yaml", "jsonl", "name"}));
}

void add_wait(CLI::App& command, WorkflowRequest& options) {
  command.add_flag("-w,--wait", options.waits,
                   "Wait for the end, then print the state; exits as `agentainer run` does");
}

void add_making(CLI::App& group, Action& action, const WorkflowRequestPtr& options) {
  for (const bool start : {false, true}) {
    CLI::App* command = add_action(
        group, action, options, start ? "run" : "create",
        start ? "Give a workflow file to the server and start it"
              : "Give a workflow file to the server, to be started later",
        start ? " workflow.yaml --wait" : " workflow.yaml",
        [start](const WorkflowRequestPtr& given) { return create_workflow(given, start); });
    command->add_option("FILE", options->file, "Workflow file, YAML or JSON; - for standard input")
        ->required()
        ->type_name("");
    command
        ->add_option("--idempotency-key", options->idempotency_key,
                     "The same key again gives the workflow that was made with it")
        ->type_name("KEY");
    add_output(*command, *options);
    if (start) add_wait(*command, *options);
  }
}

void add_looking(CLI::App& group, Action& action, const WorkflowRequestPtr& options) {
  CLI::App* command = add_action(group, action, options, "list", "Workflows, newest first",
                                 " --status running", list_workflows);
  command->add_option("--status", options->status, "Only these")
      ->type_name("pending|running|completed|failed|cancelled");
  command->add_option("--name", options->name, "Only those of this name")->type_name("NAME");
  command->add_option("-n,--limit", options->limit, "At most so many [20]")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  add_output(*command, *options);

  command = add_action(group, action, options, "get", "One workflow with its steps",
                       " latest -o json", get_workflow);
  add_reference(*command, *options);
  add_output(*command, *options);

  command = add_action(group, action, options, "jobs", "A workflow's tasks", " latest --step count",
                       list_jobs);
  add_reference(*command, *options);
  command->add_option("--step", options->step, "Only this step's")->type_name("STEP");
  command->add_option("-n,--limit", options->limit, "At most so many [20]")
      ->type_name("N")
      ->check(CLI::Range(1, 1000));
  add_output(*command, *options);

  command = add_action(group, action, options, "watch",
                       "What happens, until the workflow has ended", " latest", watch_workflow);
  add_reference(*command, *options);

  command = add_action(group, action, options, "events", "The history, a JSON record a line",
                       " latest --follow", print_events);
  add_reference(*command, *options);
  command->add_flag("-f,--follow", options->follows, "Go on until the workflow has ended");

  command = add_action(group, action, options, "logs", "What the latest attempt of a task wrote",
                       " latest count --task 3", print_logs);
  add_reference(*command, *options);
  command->add_option("STEP", options->step, "The step's id")->required()->type_name("");
  command->add_option("--task", options->task, "Its number from 0 [0]")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber);

  command = add_action(group, action, options, "explain",
                       "Why steps wait, retry, were skipped or failed, and what would help",
                       " latest", explain_workflow);
  add_reference(*command, *options);
  command->add_option("STEP", options->step, "Only this step")->type_name("");
  add_output(*command, *options);
}

void add_changing(CLI::App& group, Action& action, const WorkflowRequestPtr& options) {
  struct Simple {
    const char* name;
    const char* description;
    const char* method;
    const char* path;
  };
  for (const Simple& one :
       {Simple{"start", "Start a workflow that was created", "POST", "/start"},
        Simple{"cancel", "Cancel: nothing new starts, what runs is stopped", "POST", "/cancel"},
        Simple{"pause", "Start no more tasks; those that run go on", "POST", "/pause"},
        Simple{"resume", "Let a paused workflow go on", "POST", "/resume"},
        Simple{"delete", "Delete a workflow that has ended", "DELETE", ""}}) {
    CLI::App* command = add_action(group, action, options, one.name, one.description, " latest",
                                   [one](const WorkflowRequestPtr& given) {
                                     return act_on_workflow(given, one.method, one.path);
                                   });
    add_reference(*command, *options);
    if (std::string_view(one.name) == "cancel")
      command->add_option("--reason", options->reason, "Kept in the history")->type_name("TEXT");
    if (std::string_view(one.name) == "start") add_wait(*command, *options);
  }
  CLI::App* command =
      add_action(group, action, options, "state", "The shared state, a key of it, or set a key",
                 " latest total --set 5", use_state);
  add_reference(*command, *options);
  command->add_option("KEY", options->key, "Only this key")->type_name("");
  command->add_option("--set", options->value, "JSON, or else text, that the key gets")
      ->type_name("VALUE");
  add_output(*command, *options);

  command =
      add_action(group, action, options, "signal", "Send a signal to a step that waits for it",
                 R"( latest approved '{"by": "ada"}')", send_signal);
  add_reference(*command, *options);
  command->add_option("NAME", options->key, "The signal")->required()->type_name("");
  command->add_option("PAYLOAD", options->value, "JSON, or else text")->type_name("");
}

}  // namespace

void add_workflow(CLI::App& root, Action& action) {
  CLI::App* group = add_group(root, "workflow", "Workflows on a server (agentainer serve)");
  const auto options = std::make_shared<WorkflowRequest>();
  add_making(*group, action, options);
  add_looking(*group, action, options);
  add_changing(*group, action, options);
}

}  // namespace agentainer::cli

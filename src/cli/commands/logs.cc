#include <unistd.h>

#include <memory>

#include "cli/command.h"
#include "cli/log_printer.h"
#include "cli/text/format.h"
#include "expr/suggest.h"

namespace agentainer::cli {
namespace {

struct Options {
  StoreChoice store;
  std::string reference = "latest";
  std::string step;
  std::optional<std::uint32_t> task;
  std::optional<std::uint32_t> attempt;
  bool only_stdout = false;
  bool only_stderr = false;
  bool follow = false;
};

constexpr milliseconds kFollowPause{200};

bool has_many_tasks(const workflow::Step& step) {
  return step.type == workflow::StepType::kMap || step.type == workflow::StepType::kParallel;
}

/// The steps whose logs are wanted: the one named, or all that run agents.
Result<std::vector<StepIndex>> choose_steps(const engine::WorkflowState& state,
                                            const Options& options) {
  const workflow::Definition& definition = *state.definition;
  std::vector<StepIndex> steps;
  if (options.step.empty()) {
    for (std::uint32_t i = 0; i < definition.steps.size(); ++i)
      if (definition.steps[i].runs_agents()) steps.push_back(StepIndex{i});
    return steps;
  }
  const std::optional<StepIndex> step = definition.find(options.step);
  if (!step) {
    std::vector<std::string_view> ids;
    for (const workflow::Step& known : definition.steps) ids.push_back(known.id);
    return fail(ErrorCode::kNotFound, "workflow {} has no step '{}'{}", state.id.text(),
                options.step, expr::did_you_mean(options.step, ids));
  }
  const std::uint32_t tasks = state.step(*step).tasks.size();
  if (options.task && *options.task >= tasks)
    return fail(ErrorCode::kNotFound, "step {} has {}{}", options.step, counted(tasks, "task"),
                tasks > 1 ? fmt::format(", 0 to {}", tasks - 1) : "");
  return std::vector<StepIndex>{*step};
}

LogSelection select(const StoreSession& session, const WorkflowId& id, const Options& options) {
  LogSelection selection;
  selection.data_directory = session.data_directory();
  selection.workflow = id;
  if (options.task) selection.task = TaskIndex{*options.task};
  if (options.attempt) selection.attempt = Attempt{*options.attempt};
  if (options.only_stdout) selection.stream = runtime::LogStream::kStdout;
  if (options.only_stderr) selection.stream = runtime::LogStream::kStderr;
  selection.all_attempts = options.follow;
  return selection;
}

/// Whether the workflow has ended by now, seen from the records after `after`.
Result<bool> has_ended_since(StoreSession& session, const WorkflowId& id, std::uint64_t& after) {
  while (true) {
    const auto page = session.read_records(id, after, 1000);
    if (!page) return tl::make_unexpected(page.error());
    if (page->empty()) return false;
    after = page->back().sequence;
    if (page->back().text.starts_with(R"({"type":"workflow_ended")")) return true;
  }
}

ExitCode print_logs(StoreSession& session, const OpenedWorkflow& opened,
                    const std::vector<StepIndex>& steps, const Options& options) {
  CommandLoop& loop = session.loop();
  const WorkflowId& id = opened.state.id;
  const workflow::Definition& definition = *opened.state.definition;
  const bool single =
      steps.size() == 1 && (options.task || !has_many_tasks(definition.step(steps.front())));
  std::optional<ExitCode> refused;
  const auto print = [&](std::string_view text) {
    refused = print_output(text);
    return !refused;
  };
  LogPrinter printer(select(session, id, options), print, !single, isatty(STDOUT_FILENO) == 1,
                     detect_terminal(STDOUT_FILENO).style);
  bool ended = engine::has_ended(opened.state.status);
  std::uint64_t after = opened.state.sequence;
  while (true) {
    const bool final = ended || !options.follow;
    const TimePoint begin = loop.events().now();
    for (const StepIndex step : steps) {
      const Status printed = printer.print_step(definition.step(step).id,
                                                has_many_tasks(definition.step(step)), final);
      if (!printed) return fail_command(loop, printed.error());
    }
    if (refused) return *refused;
    if (final) break;
    // Looking through very many logs takes a while; the looks take no more than a fifth of the
    // time.
    const milliseconds took = loop.events().now() - begin;
    if (!loop.sleep(std::max(kFollowPause, 4 * took))) return ExitCode::kCancelled;
    const Result<bool> now_ended = has_ended_since(session, id, after);
    if (!now_ended && now_ended.error().code != ErrorCode::kUnavailable)
      return fail_command(loop, now_ended.error());
    if (loop.interruption() != 0) return ExitCode::kCancelled;
    ended = now_ended && *now_ended;
  }
  if (!printer.printed_any()) remark("nothing was written");
  return ExitCode::kOk;
}

ExitCode logs(const Options& options) {
  return with_store(options.store, [&](StoreSession& session) {
    const auto failed = [&](const Error& error) { return fail_command(session.loop(), error); };
    const Result<WorkflowId> id = session.resolve(options.reference);
    if (!id) return failed(id.error());
    Result<store::LoadedWorkflow> loaded = session.load(*id);
    if (!loaded) return failed(loaded.error());
    const Result<OpenedWorkflow> opened = open_workflow(std::move(*loaded));
    if (!opened) return failed(opened.error());
    const auto steps = choose_steps(opened->state, options);
    if (!steps) return failed(steps.error());
    return print_logs(session, *opened, *steps, options);
  });
}

}  // namespace

void add_logs(CLI::App& root, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, "logs", "Print what agents wrote",
      {"agentainer logs latest                 every step, each line with its step and task",
       "agentainer logs latest fetch           one step",
       "agentainer logs 01jz8x count 17 --stderr", "agentainer logs latest --follow"});
  command
      ->add_option("ID", options->reference,
                   "A workflow's id, the beginning of one, or `latest` [latest]")
      ->type_name("");
  command->add_option("STEP", options->step, "Id of a step [all]")->type_name("");
  command
      ->add_option("TASK", options->task,
                   "Number of a task, from 0: the item of a map, the worker of a parallel step")
      ->type_name("");
  command
      ->add_option("--attempt", options->attempt,
                   "Number of an attempt, from 1 [the latest that wrote anything]")
      ->type_name("N");
  CLI::Option* only_stdout =
      command->add_flag("--stdout", options->only_stdout, "Standard output only");
  command->add_flag("--stderr", options->only_stderr, "Standard error only")->excludes(only_stdout);
  command->add_flag("-f,--follow", options->follow, "Go on until the workflow has ended");
  add_store_options(*command, options->store);
  command->callback([options, &action] { action = [options] { return logs(*options); }; });
}

}  // namespace agentainer::cli

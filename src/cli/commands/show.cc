#include <unistd.h>

#include <algorithm>
#include <memory>

#include "cli/command.h"
#include "cli/report.h"
#include "cli/text/documents.h"
#include "cli/text/format.h"
#include "cli/text/records.h"
#include "server/recovery.h"

namespace agentainer::cli {
namespace {

struct Options {
  StoreChoice store;
  std::string reference = "latest";
  ListFormat format = ListFormat::kTable;
};

/// Items of maps as they were when the step began, kept in the store.
std::string stored_item(const OpenedWorkflow& opened, StepIndex step, TaskIndex task) {
  const workflow::Step& defined = opened.state.definition->step(step);
  if (defined.type != workflow::StepType::kMap || defined.map.batch_size > 1) return {};
  const auto found = opened.loaded.step_outputs.find(server::step_text_key(defined.id, "items"));
  if (found == opened.loaded.step_outputs.end()) return {};
  const auto list = JsonList::scan(std::make_shared<const std::string>(found->second));
  return list && to_int(task) < list->size() ? std::string((*list)[to_int(task)]) : std::string();
}

WorkflowReport full_report(const OpenedWorkflow& opened) {
  WorkflowReport report = report_on(opened.state);
  report.source_directory = opened.loaded.origin.source_directory;
  for (const std::string& text : opened.loaded.records) {
    if (!text.starts_with(R"({"type":"attempt_failed")")) continue;
    if (const auto record = engine::decode(text, *report.definition))
      report.failures.add(
          *record, [&](StepIndex step, TaskIndex task) { return stored_item(opened, step, task); });
  }
  return report;
}

std::string heading(const WorkflowReport& report, const ReportOptions& options) {
  const Style& style = options.style;
  const Tone tone = tone_of(report.status);
  std::string out;
  const auto field = [&](std::string_view name, std::string_view value, Tone value_tone) {
    if (value.empty()) return;
    out += Line()
               .add(fmt::format("{:<10}", name), Tone::kFaint)
               .add(value, value_tone)
               .render(style, options.columns) +
           '\n';
  };
  field("workflow", report.definition->name, Tone::kStrong);
  field("id", report.id.text(), Tone::kPlain);
  std::string status(to_string(report.status));
  if (report.stopping) status += ", stopping";
  if (report.paused_at) status += ", paused since " + local_time(*report.paused_at);
  field("status", status, tone);
  field("reason", failure_line(report.reason), tone);
  field("about", report.definition->description, Tone::kPlain);
  field("started",
        fmt::format("{} ({})", local_time(report.created), ago(report.created, options.now)),
        Tone::kPlain);
  if (report.ended != TimePoint{})
    field("ended",
          fmt::format("{}, after {}", local_time(report.ended),
                      short_duration(report.ended - report.created)),
          Tone::kPlain);
  field("directory", report.source_directory, Tone::kPlain);
  return out;
}

/// The next thing to do, where there is one.
std::string next_step(const WorkflowReport& report, bool owner_alive,
                      const ReportOptions& options) {
  if (engine::has_ended(report.status)) return {};
  if (owner_alive) return "a process is running it\n";
  return fmt::format("no process is running it; agentainer resume{} {} continues it\n",
                     options.arguments, report.id.text());
}

Result<bool> is_owner_alive(StoreSession& session, const WorkflowId& id) {
  const auto unfinished = session.list_unfinished();
  if (!unfinished) return tl::make_unexpected(unfinished.error());
  return std::any_of(unfinished->begin(), unfinished->end(), [&](const auto& workflow) {
    return workflow.id == id && workflow.owner_alive;
  });
}

ExitCode show(const Options& options) {
  return with_store(options.store, [&](StoreSession& session) {
    const auto failed = [&](const Error& error) { return fail_command(session.loop(), error); };
    const Result<WorkflowId> id = session.resolve(options.reference);
    if (!id) return failed(id.error());
    Result<store::LoadedWorkflow> loaded = session.load(*id);
    if (!loaded) return failed(loaded.error());
    const Result<OpenedWorkflow> opened = open_workflow(std::move(*loaded));
    if (!opened) return failed(opened.error());
    const WorkflowReport report = full_report(*opened);
    const Result<bool> alive = is_owner_alive(session, *id);
    if (!alive) return failed(alive.error());

    const bool terminal = isatty(STDOUT_FILENO) == 1;
    if (options.format != ListFormat::kTable) {
      const DocumentFormat format =
          options.format == ListFormat::kYaml ? DocumentFormat::kYaml : DocumentFormat::kJson;
      return print_document(document(report_json(report), format, terminal))
          .value_or(ExitCode::kOk);
    }
    const ReportOptions report_options{detect_terminal(STDOUT_FILENO).style, output_columns(),
                                       session.loop().events().now(),
                                       repeated_arguments(options.store)};
    std::string text = heading(report, report_options) + '\n';
    text += report_table(report, report_options);
    const std::string failures = failures_text(report, report_options, FailureList::kMaxKept);
    if (!failures.empty()) text += '\n' + failures;
    const std::string next = next_step(report, *alive, report_options);
    if (!next.empty()) text += '\n' + next;
    return print_output(text).value_or(ExitCode::kOk);
  });
}

}  // namespace

void add_show(CLI::App& root, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, "show", "Show a workflow: its steps, how long they took, what failed and why",
      {"agentainer show", "agentainer show 01jz8x",
       "agentainer show latest -o json | jq '.steps[] | {id, status}'"});
  command
      ->add_option("ID", options->reference,
                   "A workflow's id, the beginning of one, or `latest` [latest]")
      ->type_name("");
  add_format_option(*command, options->format, {"table", "json", "yaml"});
  add_store_options(*command, options->store);
  command->callback([options, &action] { action = [options] { return show(*options); }; });
}

}  // namespace agentainer::cli

#include <unistd.h>

#include <memory>
#include <set>

#include "cli/command.h"
#include "cli/data_directory.h"
#include "cli/text/documents.h"
#include "cli/text/format.h"
#include "engine/status.h"

namespace agentainer::cli {
namespace {

struct Options {
  StoreChoice store;
  ListFormat format = ListFormat::kTable;
  std::size_t limit = 20;
  std::string status;
};

struct Listed {
  store::WorkflowSummary summary;
  bool is_orphan = false;  ///< It has not ended, and no process runs it.
};

json::object summary_json(const Listed& listed) {
  const store::WorkflowSummary& summary = listed.summary;
  return {{"id", summary.id.text()},
          {"name", summary.name},
          {"status", summary.status},
          {"interrupted", listed.is_orphan},
          {"created_at", utc_time(summary.created)},
          {"updated_at", utc_time(summary.updated)}};
}

engine::WorkflowStatus status_of(const store::WorkflowSummary& summary) {
  return engine::parse_workflow_status(summary.status).value_or(engine::WorkflowStatus::kPending);
}

std::string table_text(const std::vector<Listed>& workflows, TimePoint now) {
  const Style style = detect_terminal(STDOUT_FILENO).style;
  Table table({{"ID"}, {"NAME"}, {"STATUS"}, {"STARTED"}, {"TIME", true}});
  for (const Listed& listed : workflows) {
    const store::WorkflowSummary& summary = listed.summary;
    const engine::WorkflowStatus status = status_of(summary);
    const bool goes_on = !engine::has_ended(status) && !listed.is_orphan;
    table.add({{summary.id.text()},
               {summary.name, Tone::kStrong},
               {listed.is_orphan ? "interrupted" : summary.status,
                listed.is_orphan ? Tone::kWaiting : tone_of(status)},
               {ago(summary.created, now)},
               {short_duration((goes_on ? now : summary.updated) - summary.created)}});
  }
  return table.render(style, output_columns());
}

/// The newest ones, of the wanted status if any.
Result<std::vector<Listed>> gather(StoreSession& session, const Options& options) {
  const auto unfinished = session.list_unfinished();
  if (!unfinished) return tl::make_unexpected(unfinished.error());
  std::set<WorkflowId> orphans;
  for (const store::UnfinishedWorkflow& workflow : *unfinished)
    if (!workflow.owner_alive) orphans.insert(workflow.id);
  std::vector<Listed> gathered;
  store::ListQuery query;
  if (!options.status.empty()) query.status = options.status;
  do {
    query.limit = options.limit - gathered.size();
    auto page = session.list(query);
    if (!page) return tl::make_unexpected(page.error());
    query.before = page->next;
    for (store::WorkflowSummary& summary : page->workflows) {
      const bool is_orphan = orphans.contains(summary.id);
      gathered.push_back({std::move(summary), is_orphan});
    }
  } while (query.before && gathered.size() < options.limit);
  return gathered;
}

ExitCode print_list(const std::vector<Listed>& workflows, const Options& options, TimePoint now) {
  if (options.format == ListFormat::kTable) {
    if (!workflows.empty()) return print_output(table_text(workflows, now)).value_or(ExitCode::kOk);
    remark(options.status.empty() ? "no workflow has been run yet"
                                  : "no workflow is " + options.status);
    return ExitCode::kOk;
  }
  json::array documents;
  std::string lines;
  for (const Listed& listed : workflows) {
    documents.push_back(summary_json(listed));
    lines += to_text(documents.back()) + '\n';
  }
  const DocumentFormat format =
      options.format == ListFormat::kYaml ? DocumentFormat::kYaml : DocumentFormat::kJson;
  return print_document(options.format == ListFormat::kJsonLines
                            ? lines
                            : document(documents, format, isatty(STDOUT_FILENO) == 1))
      .value_or(ExitCode::kOk);
}

ExitCode list(const Options& options) {
  const Result<std::string> directory =
      choose_data_directory(options.store.data, data_environment());
  if (!directory) {
    complain(directory.error().message);
    return ExitCode::kTrouble;
  }
  if (options.store.redis.empty() && !data_directory_exists(*directory)) {
    return print_list({}, options, {});
  }
  return with_store(options.store, [&](StoreSession& session) {
    const auto workflows = gather(session, options);
    if (!workflows) return fail_command(session.loop(), workflows.error());
    return print_list(*workflows, options, session.loop().events().now());
  });
}

}  // namespace

void add_list(CLI::App& root, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, "list", "List workflows, the newest first",
      {"agentainer list", "agentainer list --status failed", "agentainer list -n 1000 -o jsonl"});
  command->add_option("-n,--limit", options->limit, "At most so many [20]")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}));
  command->add_option("--status", options->status, "Only those with this status")
      ->type_name("pending|running|completed|failed|cancelled")
      ->check([](const std::string& name) {
        return engine::parse_workflow_status(name)
                   ? std::string()
                   : fmt::format("'{}' is none of pending, running, completed, failed, cancelled",
                                 name);
      });
  add_format_option(*command, options->format, {"table", "json", "yaml", "jsonl"});
  add_store_options(*command, options->store);
  command->callback([options, &action] { action = [options] { return list(*options); }; });
}

}  // namespace agentainer::cli

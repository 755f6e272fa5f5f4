#include <unistd.h>

#include <memory>

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

json::object summary_json(const store::WorkflowSummary& summary) {
  return {{"id", summary.id.text()},
          {"name", summary.name},
          {"status", summary.status},
          {"created_at", utc_time(summary.created)},
          {"updated_at", utc_time(summary.updated)}};
}

engine::WorkflowStatus status_of(const store::WorkflowSummary& summary) {
  return engine::parse_workflow_status(summary.status).value_or(engine::WorkflowStatus::kPending);
}

std::string table_text(const std::vector<store::WorkflowSummary>& workflows, TimePoint now) {
  const Style style = detect_terminal(STDOUT_FILENO).style;
  Table table({{"ID"}, {"NAME"}, {"STATUS"}, {"STARTED"}, {"TIME", true}});
  for (const store::WorkflowSummary& summary : workflows) {
    const engine::WorkflowStatus status = status_of(summary);
    const TimePoint end = engine::has_ended(status) ? summary.updated : now;
    table.add({{summary.id.text()},
               {summary.name, Tone::kStrong},
               {summary.status, tone_of(status)},
               {ago(summary.created, now)},
               {short_duration(end - summary.created)}});
  }
  return table.render(style, output_columns());
}

/// The newest ones, of the wanted status if any.
Result<std::vector<store::WorkflowSummary>> gather(StoreSession& session, const Options& options) {
  constexpr std::size_t kPage = 200;
  std::vector<store::WorkflowSummary> gathered;
  std::optional<WorkflowId> before;
  while (gathered.size() < options.limit) {
    auto page = session.list(before, kPage);
    if (!page) return tl::make_unexpected(page.error());
    if (page->empty()) break;
    before = page->back().id;
    for (store::WorkflowSummary& summary : *page)
      if (gathered.size() < options.limit &&
          (options.status.empty() || summary.status == options.status))
        gathered.push_back(std::move(summary));
  }
  return gathered;
}

void print_list(const std::vector<store::WorkflowSummary>& workflows, const Options& options,
                TimePoint now) {
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  json::array documents;
  if (options.format != ListFormat::kTable)
    for (const store::WorkflowSummary& summary : workflows)
      documents.push_back(summary_json(summary));
  switch (options.format) {
    case ListFormat::kTable:
      if (workflows.empty()) {
        remark(options.status.empty() ? "no workflow has been run yet"
                                      : "no workflow is " + options.status);
      } else {
        print(table_text(workflows, now));
      }
      return;
    case ListFormat::kJson:
      print(document(documents, DocumentFormat::kJson, terminal));
      return;
    case ListFormat::kYaml:
      print(document(documents, DocumentFormat::kYaml, terminal));
      return;
    case ListFormat::kJsonLines:
      for (const Json& entry : documents) print(to_text(entry) + '\n');
      return;
  }
}

ExitCode list(const Options& options) {
  const Result<std::string> directory =
      choose_data_directory(options.store.data, data_environment());
  if (!directory) {
    complain(directory.error().message);
    return ExitCode::kTrouble;
  }
  if (options.store.redis.empty() && !data_directory_exists(*directory)) {
    print_list({}, options, {});
    return ExitCode::kOk;
  }
  return with_store(options.store, [&](StoreSession& session) {
    const auto workflows = gather(session, options);
    if (!workflows) return fail_command(session.loop(), workflows.error());
    print_list(*workflows, options, session.loop().events().now());
    return ExitCode::kOk;
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

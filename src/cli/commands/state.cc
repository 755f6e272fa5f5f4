#include <unistd.h>

#include <memory>

#include "cli/command.h"
#include "cli/result_output.h"
#include "cli/text/documents.h"

namespace agentainer::cli {
namespace {

struct Options {
  StoreChoice store;
  std::string reference = "latest";
  std::string key;
  ListFormat format = ListFormat::kJson;
};

Result<json::object> read_state(StoreSession& session, const WorkflowId& id) {
  using Entries = std::map<std::string, std::string>;
  // A workflow that does not exist has an empty state too; loading tells them apart.
  if (const auto loaded = session.load(id); !loaded) return tl::make_unexpected(loaded.error());
  const Result<Entries> entries = session.loop().await<Entries>(
      [&](auto done) { session.store().read_state(id, std::move(done)); });
  if (!entries) return tl::make_unexpected(entries.error());
  json::object state;
  for (const auto& [key, text] : *entries) {
    Result<Json> value = parse_json(text);
    if (!value)
      return fail(ErrorCode::kInvalid, "the state's key '{}' is no JSON: {}", key,
                  value.error().message);
    state[key] = std::move(*value);
  }
  return state;
}

ExitCode state(const Options& options) {
  return with_store(options.store, [&](StoreSession& session) {
    const Result<WorkflowId> id = session.resolve(options.reference);
    if (!id) return fail_command(session.loop(), id.error());
    const Result<json::object> entries = read_state(session, *id);
    if (!entries) return fail_command(session.loop(), entries.error());
    const bool terminal = isatty(STDOUT_FILENO) == 1;
    const DocumentFormat format =
        options.format == ListFormat::kYaml ? DocumentFormat::kYaml : DocumentFormat::kJson;
    if (options.key.empty()) {
      return print_document(document(*entries, format, terminal)).value_or(ExitCode::kOk);
    }
    const Json* value = find_in_state(*entries, options.key);
    if (value != nullptr && format == DocumentFormat::kYaml) {
      return print_document(to_yaml(*value)).value_or(ExitCode::kOk);
    }
    const Result<std::string> text = key_text(*entries, options.key, terminal);
    if (!text) return fail_command(session.loop(), text.error());
    return print_document(*text).value_or(ExitCode::kOk);
  });
}

}  // namespace

void add_state(CLI::App& root, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(root, "state", "Print a workflow's state, or one key of it",
                                  {"agentainer state latest", "agentainer state 01jz8x summary",
                                   "agentainer state latest report.pages.0 -o yaml"});
  command
      ->add_option("ID", options->reference,
                   "A workflow's id, the beginning of one, or `latest` [latest]")
      ->type_name("");
  command
      ->add_option("KEY", options->key,
                   "A key, or a path like a.b.0: text as it is, other values as JSON")
      ->type_name("");
  add_format_option(*command, options->format, {"json", "yaml"});
  add_store_options(*command, options->store);
  command->callback([options, &action] { action = [options] { return state(*options); }; });
}

}  // namespace agentainer::cli

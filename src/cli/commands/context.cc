#include <memory>

#include "cli/client/contexts.h"
#include "cli/command.h"
#include "cli/text/format.h"
#include "cli/text/terminal.h"
#include "net/http/client.h"

namespace agentainer::cli {
namespace {

struct Options {
  std::string name;
  ServerContext context;
};
using OptionsPtr = std::shared_ptr<Options>;

ExitCode refuse(const Error& error) {
  complain(error.message);
  return error.code == ErrorCode::kUnavailable ? ExitCode::kTrouble : ExitCode::kUsage;
}

/// Reads the contexts, lets `change` change them, writes them.
ExitCode change_contexts(const std::function<Status(Contexts&)>& change) {
  const std::string path = contexts_path();
  Result<Contexts> contexts = read_contexts(path);
  if (!contexts) return refuse(contexts.error());
  if (const Status changed = change(*contexts); !changed) return refuse(changed.error());
  if (const Status written = write_contexts(path, *contexts); !written)
    return refuse(written.error());
  return ExitCode::kOk;
}

ExitCode add(const OptionsPtr& options) {
  if (const auto address = net::parse_http_url(options->context.server); !address)
    return refuse(address.error());
  return change_contexts([&](Contexts& contexts) -> Status {
    contexts.by_name[options->name] = options->context;
    if (contexts.current.empty()) contexts.current = options->name;
    return {};
  });
}

Status check_known(const Contexts& contexts, const std::string& name) {
  if (contexts.by_name.contains(name)) return {};
  return fail(ErrorCode::kNotFound,
              "there is no context '{}'; `agentainer context list` shows those there are", name);
}

ExitCode use(const OptionsPtr& options) {
  return change_contexts([&](Contexts& contexts) -> Status {
    if (const Status known = check_known(contexts, options->name); !known) return known;
    contexts.current = options->name;
    return {};
  });
}

ExitCode remove(const OptionsPtr& options) {
  return change_contexts([&](Contexts& contexts) -> Status {
    if (const Status known = check_known(contexts, options->name); !known) return known;
    contexts.by_name.erase(options->name);
    if (contexts.current == options->name) contexts.current.clear();
    return {};
  });
}

ExitCode list() {
  const Result<Contexts> contexts = read_contexts(contexts_path());
  if (!contexts) return refuse(contexts.error());
  if (contexts->by_name.empty()) {
    remark("no context yet; `agentainer context add NAME --server URL --token TOKEN` makes one");
    return ExitCode::kOk;
  }
  Table table({{""}, {"NAME"}, {"SERVER"}});
  for (const auto& [name, context] : contexts->by_name)
    table.add({{name == contexts->current ? "*" : ""}, {name, Tone::kStrong}, {context.server}});
  return print_output(table.render(detect_terminal(STDOUT_FILENO).style, output_columns()))
      .value_or(ExitCode::kOk);
}

CLI::App* add_action(CLI::App& group, Action& action, const OptionsPtr& options,
                     const std::string& name, const std::string& description,
                     const std::string& example, ExitCode (*run)(const OptionsPtr&)) {
  CLI::App* command =
      add_command(group, name, description, {"agentainer context " + name + example});
  command->add_option("NAME", options->name, "The context's name")->required()->type_name("");
  command->callback([options, &action, run] { action = [options, run] { return run(options); }; });
  return command;
}

}  // namespace

void add_context(CLI::App& root, Action& action) {
  CLI::App* group = add_group(root, "context", "Servers by name, for `agentainer workflow`");
  const auto options = std::make_shared<Options>();
  CLI::App* command = add_action(*group, action, options, "add", "Add or replace a server",
                                 " prod --server https://flow.example:8081 --token agt_…", add);
  command->add_option("--server", options->context.server, "Its address")
      ->required()
      ->type_name("URL");
  command->add_option("--token", options->context.token, "Who we are there")
      ->required()
      ->type_name("TOKEN");
  command->add_option("--cacert", options->context.ca_file, "PEM file of whom to trust for https")
      ->type_name("FILE");
  add_action(*group, action, options, "use", "Use a server from now on", " prod", use);
  add_action(*group, action, options, "remove", "Forget a server", " prod", remove);
  CLI::App* listing = add_command(*group, "list", "List the servers", {"agentainer context list"});
  listing->callback([&action] { action = [] { return list(); }; });
}

}  // namespace agentainer::cli

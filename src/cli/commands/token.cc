#include <unistd.h>

#include <memory>

#include "cli/client/server_client.h"
#include "cli/command.h"
#include "cli/text/format.h"
#include "cli/text/terminal.h"
#include "net/http/message.h"
#include "workflow/parse.h"

namespace agentainer::cli {
namespace {

struct Options {
  ServerChoice server;
  std::string id;
  std::string scope = "read";
  std::string name;
  std::string workflow;
  std::string expires;
};
using OptionsPtr = std::shared_ptr<Options>;

ExitCode with_answer(const OptionsPtr& options, const Request& request,
                     const std::function<ExitCode(const Json&)>& use) {
  CommandLoop loop;
  Result<ServerClient> client = ServerClient::connect(loop, options->server);
  if (!client) return fail_command(loop, client.error());
  const Result<Json> data = client->call(request);
  return data ? use(*data) : fail_command(loop, data.error());
}

std::string text_of(const Json& object, std::string_view key) {
  const Json* value = object.is_object() ? object.get_object().if_contains(key) : nullptr;
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

ExitCode create(const OptionsPtr& options) {
  json::object body{{"scope", options->scope}, {"name", options->name}};
  if (!options->workflow.empty()) body["workflow"] = options->workflow;
  if (!options->expires.empty()) {
    const Result<milliseconds> duration = workflow::parse_duration(options->expires);
    if (!duration) {
      complain("--expires: " + duration.error().message);
      return ExitCode::kUsage;
    }
    body["expires_in_seconds"] = std::max<std::int64_t>(1, duration->count() / 1000);
  }
  return with_answer(options, {.method = "POST", .target = "/tokens", .body = to_text(body)},
                     [](const Json& made) {
                       remark("keep it: it cannot be shown again");
                       return print_output(text_of(made, "text") + '\n').value_or(ExitCode::kOk);
                     });
}

ExitCode list(const OptionsPtr& options) {
  return with_answer(options, {.target = "/tokens"}, [](const Json& tokens) {
    Table table({{"ID"}, {"NAME"}, {"SCOPE"}, {"WORKFLOW"}, {"CREATED"}, {"EXPIRES"}});
    if (tokens.is_array())
      for (const Json& token : tokens.get_array())
        table.add({{text_of(token, "id")},
                   {text_of(token, "name"), Tone::kStrong},
                   {text_of(token, "scope")},
                   {text_of(token, "workflow")},
                   {text_of(token, "created_at")},
                   {text_of(token, "expires_at")}});
    return print_output(table.render(detect_terminal(STDOUT_FILENO).style, output_columns()))
        .value_or(ExitCode::kOk);
  });
}

ExitCode revoke(const OptionsPtr& options) {
  return with_answer(options,
                     {.method = "DELETE", .target = "/tokens/" + net::percent_encode(options->id)},
                     [](const Json&) { return ExitCode::kOk; });
}

CLI::App* add_action(CLI::App& group, Action& action, const OptionsPtr& options,
                     const std::string& name, const std::string& description,
                     const std::string& example, ExitCode (*run)(const OptionsPtr&)) {
  CLI::App* command = add_command(group, name, description, {"agentainer token " + name + example});
  add_server_options(*command, options->server);
  command->callback([options, &action, run] { action = [options, run] { return run(options); }; });
  return command;
}

}  // namespace

void add_token(CLI::App& root, Action& action) {
  CLI::App* group = add_group(root, "token", "Who may use a server");
  const auto options = std::make_shared<Options>();
  CLI::App* command = add_action(*group, action, options, "create", "Make a token and print it",
                                 " --scope run --name ci --expires 720h", create);
  command->add_option("--scope", options->scope, "What it allows; each includes those before")
      ->type_name("read|run|admin")
      ->check(CLI::IsMember({"read", "run", "admin"}));
  command->add_option("--name", options->name, "For people")->type_name("TEXT");
  command->add_option("--workflow", options->workflow, "Only this workflow")->type_name("ID");
  command->add_option("--expires", options->expires, "How long it is good for")
      ->type_name("DURATION");
  add_action(*group, action, options, "list", "List the tokens, without their secrets", "", list);
  command = add_action(*group, action, options, "revoke", "Revoke a token at once", " 1f2e3d4c5b6a",
                       revoke);
  command->add_option("ID", options->id, "The token's id")->required()->type_name("");
}

}  // namespace agentainer::cli

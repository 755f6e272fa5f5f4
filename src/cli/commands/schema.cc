#include "cli/command.h"
#include "workflow/parse.h"

namespace agentainer::cli {

void add_schema(CLI::App& root, Action& action) {
  CLI::App* command = add_command(
      root, "schema", "Print the JSON Schema of workflow files, for editors",
      {"agentainer schema > agentainer.schema.json"},
      "An editor with the YAML language server completes and checks a file that begins with\n"
      "  # yaml-language-server: $schema=agentainer.schema.json\n");
  command->callback([&action] {
    action = [] {
      std::string schema = workflow::json_schema();
      if (!schema.ends_with('\n')) schema += '\n';
      return print_output(schema).value_or(ExitCode::kOk);
    };
  });
}

}  // namespace agentainer::cli

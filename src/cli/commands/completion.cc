#include "cli/completion.h"

#include <memory>

#include "cli/command.h"

namespace agentainer::cli {

void add_completion(CLI::App& root, Action& action) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = add_command(
      root, "completion", "Print a completion script for a shell",
      {"agentainer completion bash > ~/.local/share/bash-completion/completions/agentainer",
       "agentainer completion zsh > ~/.zfunc/_agentainer",
       "agentainer completion fish > ~/.config/fish/completions/agentainer.fish"});
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->type_name("");
  command->callback([shell, &root, &action] {
    action = [shell, &root] {
      const std::optional<std::string> script = completion_script(*shell, root);
      if (!script) {
        complain(fmt::format("no completion for '{}': there is bash, zsh and fish", *shell));
        return ExitCode::kUsage;
      }
      return print_output(*script).value_or(ExitCode::kOk);
    };
  });
}

}  // namespace agentainer::cli

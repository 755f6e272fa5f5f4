#include "cli/completion.h"

#include <fmt/format.h>

#include <functional>
#include <vector>

namespace agentainer::cli {
namespace {

struct Flag {
  std::vector<std::string> names;  ///< "-o", "--output"
  std::string description;
  bool takes_value = false;
  bool is_file = false;
  bool is_directory = false;
  std::vector<std::string> choices;
};
struct Command {
  std::string name;
  std::string description;
  std::vector<Flag> flags;
  bool takes_files = false;
  bool takes_id = false;
};

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

Flag describe_option(const CLI::Option& option) {
  Flag flag;
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  flag.description = option.get_description();
  flag.takes_value = option.get_items_expected_max() > 0;
  const std::string type = option.get_type_name();
  flag.is_file = type == "FILE";
  flag.is_directory = type == "DIR";
  if (flag.takes_value && type.find('|') != std::string::npos)
    for (std::string& choice : split(type, '|'))
      if (choice.find_first_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string::npos)
        flag.choices.push_back(std::move(choice));
  return flag;
}

std::vector<Command> describe_commands(const CLI::App& root) {
  std::vector<Command> commands;
  for (const CLI::App* app : root.get_subcommands(nullptr)) {
    Command command{app->get_name(), app->get_description(), {}, false, false};
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_positional()) {
        command.takes_files |= option->get_name() == "FILE";
        command.takes_id |= option->get_name() == "ID";
      } else {
        command.flags.push_back(describe_option(*option));
      }
    }
    commands.push_back(std::move(command));
  }
  return commands;
}

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : separator).append(word);
  return out;
}

std::string all_flags(const Command& command) {
  std::vector<std::string> names;
  for (const Flag& flag : command.flags)
    names.insert(names.end(), flag.names.begin(), flag.names.end());
  return joined(names, " ");
}

/// In single quotes, for bash, zsh and fish alike.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

std::string bash_script(const std::vector<Command>& commands) {
  std::vector<std::string> names;
  for (const Command& command : commands) names.push_back(command.name);
  std::string out = fmt::format(
      "# agentainer completion for bash: source it, or put it in\n"
      "# ~/.local/share/bash-completion/completions/agentainer\n"
      "_agentainer() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}}\n"
      "  local command=${{COMP_WORDS[1]}} words=\n"
      "  COMPREPLY=()\n"
      "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
      "    COMPREPLY=($(compgen -W \"{} --help --version\" -- \"$current\"))\n"
      "    return\n"
      "  fi\n"
      "  case \"$command $previous\" in\n",
      joined(names, " "));
  for (const Command& command : commands)
    for (const Flag& flag : command.flags) {
      if (!flag.takes_value) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : flag.names)
        patterns.push_back(fmt::format("\"{} {}\"", command.name, name));
      std::string reply = "return";
      if (flag.is_file) reply = "COMPREPLY=($(compgen -f -- \"$current\")); return";
      if (flag.is_directory) reply = "COMPREPLY=($(compgen -d -- \"$current\")); return";
      if (!flag.choices.empty())
        reply = fmt::format("COMPREPLY=($(compgen -W \"{}\" -- \"$current\")); return",
                            joined(flag.choices, " "));
      out += fmt::format("    {}) {} ;;\n", joined(patterns, "|"), reply);
    }
  out += "  esac\n  case \"$command\" in\n";
  for (const Command& command : commands)
    out += fmt::format("    {}) words=\"{}{}\" ;;\n", command.name, all_flags(command),
                       command.takes_id ? " latest" : "");
  out +=
      "  esac\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n"
      "  case \"$command\" in\n";
  for (const Command& command : commands)
    if (command.takes_files)
      out += fmt::format("    {}) COMPREPLY+=($(compgen -f -- \"$current\")) ;;\n", command.name);
  out +=
      "  esac\n"
      "}\n"
      "complete -o filenames -F _agentainer agentainer\n";
  return out;
}

/// For zsh's _arguments: brackets and colons have a meaning there.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_script(const std::vector<Command>& commands) {
  std::string out =
      "#compdef agentainer\n"
      "# agentainer completion for zsh: put it as _agentainer in a directory of $fpath\n"
      "_agentainer() {\n"
      "  local -a commands=(\n";
  for (const Command& command : commands)
    out += fmt::format("    {}\n",
                       shell_quoted(zsh_text(command.name) + ":" + zsh_text(command.description)));
  out +=
      "  )\n"
      "  if (( CURRENT == 2 )); then\n"
      "    _describe command commands\n"
      "    return\n"
      "  fi\n"
      "  local command=$words[2]\n"
      "  shift words\n"
      "  (( CURRENT-- ))\n"
      "  case $command in\n";
  for (const Command& command : commands) {
    out += fmt::format("    {})\n      _arguments -s", command.name);
    for (const Flag& flag : command.flags)
      for (const std::string& name : flag.names) {
        std::string spec = name + "[" + zsh_text(flag.description) + "]";
        if (flag.takes_value) {
          spec += ":value:";
          if (flag.is_file) spec += "_files";
          if (flag.is_directory) spec += "_files -/";
          if (!flag.choices.empty()) spec += "(" + joined(flag.choices, " ") + ")";
        }
        out += " \\\n        " + shell_quoted("*" + spec);
      }
    if (command.takes_files) out += " \\\n        '*:file:_files'";
    if (command.takes_id) out += " \\\n        '1:id:(latest)'";
    out += "\n      ;;\n";
  }
  out +=
      "  esac\n"
      "}\n"
      "_agentainer \"$@\"\n";
  return out;
}

std::string fish_script(const std::vector<Command>& commands) {
  std::string out =
      "# agentainer completion for fish: put it in ~/.config/fish/completions/agentainer.fish\n"
      "complete -c agentainer -f\n"
      "complete -c agentainer -n __fish_use_subcommand -l help -d 'Help'\n"
      "complete -c agentainer -n __fish_use_subcommand -l version -d 'Version'\n";
  for (const Command& command : commands) {
    out += fmt::format("complete -c agentainer -n __fish_use_subcommand -a {} -d {}\n",
                       command.name, shell_quoted(command.description));
    const std::string here =
        fmt::format("complete -c agentainer -n '__fish_seen_subcommand_from {}'", command.name);
    for (const Flag& flag : command.flags) {
      std::string line = here;
      for (const std::string& name : flag.names)
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (flag.takes_value) line += flag.is_file || flag.is_directory ? " -rF" : " -x";
      if (!flag.choices.empty()) line += " -a " + shell_quoted(joined(flag.choices, " "));
      out += line + " -d " + shell_quoted(flag.description) + "\n";
    }
    if (command.takes_files) out += here + " -F\n";
    if (command.takes_id) out += here + " -a latest\n";
  }
  return out;
}

}  // namespace

std::optional<std::string> completion_script(std::string_view shell, const CLI::App& root) {
  const std::vector<Command> commands = describe_commands(root);
  if (shell == "bash") return bash_script(commands);
  if (shell == "zsh") return zsh_script(commands);
  if (shell == "fish") return fish_script(commands);
  return std::nullopt;
}

}  // namespace agentainer::cli

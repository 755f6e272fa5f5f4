#include "cli/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/text/width.h"

namespace agentainer::cli {
namespace {

constexpr std::size_t kIndent = 2;
constexpr std::size_t kDescriptionColumn = 28;

/// Words of `text` on lines from `column` on.
std::string wrapped(std::string_view text, std::size_t column, std::size_t columns) {
  std::string out;
  std::size_t width = column;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (width > column && width + 1 + display_width(word) > columns) {
      out += fmt::format("\n{:{}}", "", column);
      width = column;
    } else if (width > column) {
      out += ' ';
      ++width;
    }
    out += word;
    width += display_width(word);
  }
  return out;
}

/// What a value is called; CLI11 adds the checks behind a colon.
std::string value_name(const CLI::Option& option) {
  if (option.get_items_expected_max() == 0) return {};
  const std::string type = option.get_type_name();
  return fmt::format(" {}", type.substr(0, type.find(':')));
}

std::string entry(const std::string& name, const std::string& description, std::size_t columns) {
  std::string out = fmt::format("{:{}}{}", "", kIndent, name);
  if (display_width(out) + 2 > kDescriptionColumn) {
    out += fmt::format("\n{:{}}", "", kDescriptionColumn);
  } else {
    out += std::string(kDescriptionColumn - display_width(out), ' ');
  }
  return out + wrapped(description, kDescriptionColumn, columns) + '\n';
}

std::string option_names(const CLI::Option& option) {
  std::string out;
  for (const std::string& name : option.get_snames()) out += (out.empty() ? "-" : ", -") + name;
  if (out.empty()) out = "    ";
  for (const std::string& name : option.get_lnames()) out += (out == "    " ? "--" : ", --") + name;
  return out + value_name(option);
}

std::string group_help(const CLI::App& group) {
  std::string out = fmt::format("{}.\n\nUsage: {} COMMAND [OPTIONS]\n\nCommands:\n",
                                group.get_description(), full_name(group));
  for (const CLI::App* command : group.get_subcommands(nullptr))
    out += fmt::format("  {:<12}{}\n", command->get_name(), command->get_description());
  return out + fmt::format("\n`{} COMMAND --help` tells more about each.\n", full_name(group));
}

}  // namespace

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? "agentainer" : full_name(*parent) + " " + command.get_name();
}

std::string program_help(const CLI::App& root) {
  std::string out =
      "Run workflows of agents: several steps, in parallel, resumable after any crash.\n\n"
      "Usage: agentainer COMMAND [OPTIONS]\n\nCommands:\n";
  for (const CLI::App* command : root.get_subcommands(nullptr))
    out += fmt::format("  {:<12}{}\n", command->get_name(), command->get_description());
  return out +
         "\nExamples:\n"
         "  agentainer run workflow.yaml\n"
         "  agentainer show latest\n"
         "  agentainer resume\n"
         "\n`agentainer COMMAND --help` tells more about each.\n";
}

std::string command_help(const CLI::App& command, std::size_t columns) {
  if (!command.get_subcommands(nullptr).empty()) return group_help(command);
  std::string usage = "Usage: " + full_name(command);
  std::string arguments;
  std::string options;
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) {
      options += entry(option_names(*option), option->get_description(), columns);
      continue;
    }
    const std::string name =
        option->get_name() + (option->get_items_expected_max() > 1 ? "..." : "");
    usage += option->get_required() ? fmt::format(" {}", name) : fmt::format(" [{}]", name);
    arguments += entry(option->get_name(), option->get_description(), columns);
  }
  std::string out = fmt::format("{}.\n\n{} [OPTIONS]\n", command.get_description(), usage);
  if (!arguments.empty()) out += "\nArguments:\n" + arguments;
  return out + fmt::format("\nOptions:\n{}\n{}", options, command.get_footer());
}

}  // namespace agentainer::cli

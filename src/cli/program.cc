#include "cli/program.h"

#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "cli/command.h"
#include "cli/help.h"
#include "expr/suggest.h"

namespace agentainer::cli {
namespace {

/// The first word that is no option: the command, or what somebody meant to be one.
std::string_view first_word(int argc, const char* const* argv) {
  for (int i = 1; i < argc; ++i)
    if (argv[i][0] != '-') return argv[i];
  return {};
}

const CLI::App* find_command(const CLI::App& root, std::string_view word) {
  for (const CLI::App* command : root.get_subcommands(nullptr))
    if (command->get_name() == word) return command;
  return nullptr;
}

int finished(std::optional<ExitCode> printed) {
  return static_cast<int>(printed.value_or(ExitCode::kOk));
}

int refuse_command(const CLI::App& root, std::string_view word) {
  std::vector<std::string> names;
  for (const CLI::App* command : root.get_subcommands(nullptr))
    names.push_back(command->get_name());
  const std::vector<std::string_view> views(names.begin(), names.end());
  complain(fmt::format("unknown command '{}'{}", word, expr::did_you_mean(word, views)));
  remark("`agentainer --help` lists the commands");
  return static_cast<int>(ExitCode::kUsage);
}

/// `words`: of a command, or of a group and a command in it.
int print_help(const CLI::App& root, const std::vector<std::string_view>& words) {
  constexpr std::size_t kMaxColumns = 100;
  const CLI::App* command = &root;
  for (const std::string_view word : words) {
    const CLI::App* found = find_command(*command, word);
    if (found == nullptr && command == &root) return refuse_command(root, word);
    if (found == nullptr) break;
    command = found;
  }
  if (command == &root) return finished(print_output(program_help(root)));
  return finished(print_output(command_help(*command, std::min(output_columns(), kMaxColumns))));
}

/// The words that are no options, up to the second.
std::vector<std::string_view> first_words(int argc, const char* const* argv) {
  std::vector<std::string_view> words;
  for (int i = 1; i < argc && words.size() < 2; ++i)
    if (argv[i][0] != '-') words.emplace_back(argv[i]);
  return words;
}

/// Where a standard stream is closed, the next file opened would take its place and get what is
/// meant for it.
void open_standard_streams() {
  int fd = 0;
  do fd = open("/dev/null", O_RDWR | O_CLOEXEC);
  while (fd >= 0 && fd <= STDERR_FILENO);
  if (fd >= 0) close(fd);
}

/// "--inptu" against the options of the command that was given.
std::string suggestion(const CLI::App& command, const std::string& option) {
  std::vector<std::string> names;
  for (const CLI::Option* known : command.get_options())
    for (const std::string& name : known->get_lnames()) names.push_back("--" + name);
  for (const CLI::App* known : command.get_subcommands(nullptr)) names.push_back(known->get_name());
  const std::vector<std::string_view> views(names.begin(), names.end());
  return expr::did_you_mean(option.substr(0, option.find('=')), views);
}

int refuse_usage(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App* deepest = &root;
  while (!deepest->get_subcommands().empty()) deepest = deepest->get_subcommands().front();
  const CLI::App& command = *deepest;
  const std::vector<std::string> extra = command.remaining(true);
  if (extra.empty()) {
    complain(error.what());
  } else {
    complain(fmt::format("unexpected '{}'{}", extra.front(), suggestion(command, extra.front())));
  }
  remark(fmt::format("`{} --help` shows how it is used", full_name(command)));
  return static_cast<int>(ExitCode::kUsage);
}

void set_up(CLI::App& root, Action& action) {
  root.set_help_flag("-h,--help", "Print this help");
  root.set_version_flag("--version", "agentainer " AGENTAINER_VERSION);
  root.require_subcommand(1);
  add_run(root, action);
  add_serve(root, action);
  add_config(root, action);
  add_workflow(root, action);
  add_context(root, action);
  add_token(root, action);
  add_resume(root, action);
  add_list(root, action);
  add_show(root, action);
  add_logs(root, action);
  add_state(root, action);
  add_events(root, action);
  add_validate(root, action);
  add_schema(root, action);
  add_completion(root, action);
}

}  // namespace

int run_program(int argc, const char* const* argv) {
  open_standard_streams();
  direct_log(nullptr);
  CLI::App root("", "agentainer");
  Action action;
  set_up(root, action);
  if (argc <= 1) {
    print_error(program_help(root));
    return static_cast<int>(ExitCode::kUsage);
  }
  const std::string_view word = first_word(argc, argv);
  if (word == "help") return print_help(root, first_words(argc - 1, argv + 1));
  if (!word.empty() && find_command(root, word) == nullptr) return refuse_command(root, word);
  try {
    root.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    return print_help(root, first_words(argc, argv));
  } catch (const CLI::CallForVersion& version) {
    return finished(print_output(std::string(version.what()) + '\n'));
  } catch (const CLI::ParseError& error) {
    return refuse_usage(root, error);
  }
  return static_cast<int>(action());
}

}  // namespace agentainer::cli

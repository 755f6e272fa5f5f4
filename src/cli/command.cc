#include "cli/command.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <memory>

#include "base/log.h"
#include "cli/text/format.h"
#include "cli/text/width.h"
#include "runtime/text.h"

namespace agentainer::cli {
namespace {

/// Quoted for a shell where it needs to be.
std::string shell_word(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@%+,";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
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

/// The same control over what a message may hold everywhere: harmless text, line ends kept.
std::string harmless(std::string_view message) {
  std::string out;
  while (true) {
    const std::size_t end = message.find('\n');
    out += one_line(message.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    message.remove_prefix(end + 1);
  }
}

std::string log_line(log::Level level, std::string_view message, const Style& style) {
  const std::string text = harmless(message);
  switch (level) {
    case log::Level::kWarning:
      return style.paint(Tone::kWaiting, "warning: ") + text;
    case log::Level::kError:
      return style.paint(Tone::kBad, "error: ") + text;
    case log::Level::kDebug:
    case log::Level::kInfo:
    case log::Level::kOff:
      break;
  }
  const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
  return style.paint(Tone::kFaint, fmt::format("{} {}", local_clock(now), text));
}

}  // namespace

CLI::App* add_command(CLI::App& root, const std::string& name, const std::string& description,
                      const std::vector<std::string>& examples, const std::string& notes) {
  CLI::App* command = root.add_subcommand(name, description);
  std::string footer = "Examples:\n";
  for (const std::string& example : examples) footer += "  " + example + "\n";
  command->footer(notes.empty() ? footer : footer + "\n" + notes);
  command->add_flag_callback(
      "-v,--verbose", [] { log::set_level(log::Level::kDebug); },
      "Say what goes on inside, on standard error");
  return command;
}

CLI::App* add_group(CLI::App& root, const std::string& name, const std::string& description) {
  CLI::App* group = root.add_subcommand(name, description);
  group->require_subcommand(1);
  return group;
}

void add_store_options(CLI::App& command, StoreChoice& choice) {
  command
      .add_option("--data", choice.data,
                  "Directory of workflows and logs [$AGENTAINER_DATA, else "
                  "$XDG_DATA_HOME/agentainer, else ~/.local/share/agentainer]")
      ->type_name("DIR");
  command
      .add_option("--redis", choice.redis,
                  "Redis to keep workflows in: redis://[user:password@]host:port/db, rediss://…, "
                  "unix:///path [a private one in the data directory]")
      ->type_name("URL");
  command.add_flag("--allow-data-loss", choice.allow_data_loss,
                   "Accept a Redis whose settings can lose acknowledged work");
}

void add_format_option(CLI::App& command, ListFormat& format,
                       const std::vector<std::string>& names) {
  static const std::map<std::string, ListFormat> kAll = {{"table", ListFormat::kTable},
                                                         {"json", ListFormat::kJson},
                                                         {"yaml", ListFormat::kYaml},
                                                         {"jsonl", ListFormat::kJsonLines}};
  std::string listed;
  for (const std::string& name : names) listed += (listed.empty() ? "" : "|") + name;
  command
      .add_option_function<std::string>(
          "-o,--output",
          [&format, names, listed](const std::string& name) {
            if (std::find(names.begin(), names.end(), name) == names.end())
              throw CLI::ValidationError("--output",
                                         fmt::format("'{}' is none of {}", name, listed));
            format = kAll.at(name);
          },
          "Form of the output")
      ->type_name(listed);
}

std::string repeated_arguments(const StoreChoice& choice) {
  std::string out;
  if (!choice.data.empty()) out += " --data " + shell_word(choice.data);
  // A password in the URL is not for the screen: whoever gave one knows it.
  if (!choice.redis.empty())
    out += " --redis " +
           (choice.redis.find('@') == std::string::npos ? shell_word(choice.redis) : "URL");
  return out;
}

std::optional<ExitCode> print_output(std::string_view text) {
  const int error = write_text(STDOUT_FILENO, text);
  if (error == 0) return std::nullopt;
  if (error == EPIPE) return ExitCode::kOk;
  complain("cannot write to standard output: " + runtime::format_errno(error));
  return ExitCode::kTrouble;
}

std::optional<ExitCode> print_document(std::string_view text) {
  return isatty(STDOUT_FILENO) == 1 ? print_output(runtime::inert_text(text)) : print_output(text);
}

void complain(std::string_view message) {
  const Style style = detect_terminal(STDERR_FILENO).style;
  print_error(fmt::format("{} {}\n", style.paint(Tone::kBad, "error:"), harmless(message)));
}

void remark(std::string_view message) { print_error(harmless(message) + '\n'); }

void direct_log(std::function<void(std::string_view line)> print_line) {
  if (!print_line)
    print_line = [](std::string_view line) { print_error(std::string(line) + '\n'); };
  log::redirect([style = detect_terminal(STDERR_FILENO).style, print_line = std::move(print_line)](
                    log::Level level, std::string_view message) {
    print_line(log_line(level, message, style));
  });
}

ExitCode fail_command(const CommandLoop& loop, const Error& error) {
  if (loop.interruption() != 0) {
    remark("interrupted");
    return ExitCode::kCancelled;
  }
  complain(error.message);
  switch (error.code) {
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
      return ExitCode::kUsage;
    case ErrorCode::kConflict:
    case ErrorCode::kFenced:
    case ErrorCode::kUnavailable:
    case ErrorCode::kMaybeDone:
    case ErrorCode::kResource:
    case ErrorCode::kUnsupported:
    case ErrorCode::kInternal:
      return ExitCode::kTrouble;
  }
  return ExitCode::kTrouble;
}

std::size_t output_columns() {
  return isatty(STDOUT_FILENO) == 1 ? terminal_size(STDOUT_FILENO).columns : std::string::npos;
}

ExitCode with_store(const StoreChoice& choice, const std::function<ExitCode(StoreSession&)>& use) {
  CommandLoop loop;
  auto session = StoreSession::open(loop, choice, false);
  if (!session) {
    // What is wrong is the place, not the command, except where nothing has been run yet.
    const ExitCode code = fail_command(loop, session.error());
    return code == ExitCode::kUsage && session.error().code != ErrorCode::kNotFound
               ? ExitCode::kTrouble
               : code;
  }
  const ExitCode code = use(**session);
  (*session)->close();
  return code;
}

}  // namespace agentainer::cli

#pragma once
// What commands have in common. Each command is one file in commands/, with one function that adds
// it to the command line.

#include <CLI/App.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/exit_code.h"
#include "cli/store_session.h"
#include "cli/text/terminal.h"

namespace agentainer::cli {

/// What the command line asks for; set by the command that it names.
using Action = std::function<ExitCode()>;

/// Adds a command whose help ends with `examples`, a line each, and `notes`, lines with their ends.
CLI::App* add_command(CLI::App& root, const std::string& name, const std::string& description,
                      const std::vector<std::string>& examples, const std::string& notes = {});

/// A command that only holds others.
CLI::App* add_group(CLI::App& root, const std::string& name, const std::string& description);

/// --data, --redis, --allow-data-loss
void add_store_options(CLI::App& command, StoreChoice& choice);

/// Name and meaning of the values of -o, --output.
enum class ListFormat { kTable, kJson, kYaml, kJsonLines };
void add_format_option(CLI::App& command, ListFormat& format,
                       const std::vector<std::string>& names);

/// " --data X" where the user gave that, for commands to be typed.
std::string repeated_arguments(const StoreChoice& choice);

/// Prints what a command is asked for. Nothing when that went well, else how the command ends: kOk
/// when the reader has left, kTrouble (and it is said) when output is lost.
std::optional<ExitCode> print_output(std::string_view text);
/// The same for text that others made: harmless on a terminal, byte for byte elsewhere.
std::optional<ExitCode> print_document(std::string_view text);

/// "error: message" on standard error.
void complain(std::string_view message);
/// Something to know that is no error, on standard error.
void remark(std::string_view message);

/// The program's log goes to `print_line`, a line of text without its end at a time, and to
/// standard error again with null. A line begins with "warning:" or "error:", with a time where it
/// is for
/// --verbose.
void direct_log(std::function<void(std::string_view line)> print_line);

/// Of a failed operation: says it, or that it was interrupted, and how the command ends.
ExitCode fail_command(const CommandLoop& loop, const Error& error);

/// Width for tables on standard output: the terminal's, or no limit.
std::size_t output_columns();

/// A store session for reading: `use` runs in it, then it is closed.
ExitCode with_store(const StoreChoice& choice, const std::function<ExitCode(StoreSession&)>& use);

void add_run(CLI::App& root, Action& action);
void add_serve(CLI::App& root, Action& action);
void add_config(CLI::App& root, Action& action);
void add_workflow(CLI::App& root, Action& action);
void add_context(CLI::App& root, Action& action);
void add_token(CLI::App& root, Action& action);
void add_resume(CLI::App& root, Action& action);
void add_list(CLI::App& root, Action& action);
void add_show(CLI::App& root, Action& action);
void add_logs(CLI::App& root, Action& action);
void add_state(CLI::App& root, Action& action);
void add_events(CLI::App& root, Action& action);
void add_validate(CLI::App& root, Action& action);
void add_schema(CLI::App& root, Action& action);
void add_completion(CLI::App& root, Action& action);

}  // namespace agentainer::cli

#pragma once
// The text of --help.

#include <CLI/App.hpp>
#include <cstddef>
#include <string>

namespace agentainer::cli {

/// Lines are at most `columns` wide, examples aside.
std::string program_help(const CLI::App& root);
/// Of a command, or of a group: what is in it.
std::string command_help(const CLI::App& command, std::size_t columns);

/// "agentainer workflow list"
std::string full_name(const CLI::App& command);

}  // namespace agentainer::cli

#pragma once
// The text of --help.

#include <CLI/App.hpp>
#include <cstddef>
#include <string>

namespace agentainer::cli {

/// Lines are at most `columns` wide, examples aside.
std::string program_help(const CLI::App& root);
std::string command_help(const CLI::App& command, std::size_t columns);

}  // namespace agentainer::cli

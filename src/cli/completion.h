#pragma once
// Completion for shells, made from the command line's own description.

#include <CLI/App.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace agentainer::cli {

/// A script for bash, zsh or fish; nothing for another name.
std::optional<std::string> completion_script(std::string_view shell, const CLI::App& root);

}  // namespace agentainer::cli

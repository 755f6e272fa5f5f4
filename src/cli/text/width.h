#pragma once
// How many columns text takes on a terminal.

#include <cstddef>
#include <string>
#include <string_view>

namespace agentainer::cli {

/// Columns of text without control characters: 2 for East Asian wide and emoji characters, 0 for
/// combining marks and joiners (Unicode UAX #11), 1 for all others.
std::size_t display_width(std::string_view text);

/// The longest beginning of `text` that takes at most `columns`, without cutting a character.
std::string_view fitting_prefix(std::string_view text, std::size_t columns);

/// `text` on one line for a terminal: control characters, escapes and direction overrides made
/// harmless, line ends and tabs become spaces.
std::string one_line(std::string_view text);

}  // namespace agentainer::cli

#pragma once
// What is at the other end of standard output and standard error.

#include <cstddef>
#include <optional>
#include <string_view>

#include "cli/text/style.h"

namespace agentainer::cli {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

struct Terminal {
  bool is_terminal = false;
  bool can_redraw = false;  ///< Lines can be drawn over: a terminal whose TERM is not `dumb`.
  Style style;
};

/// The environment that decides how to draw. `no_color` (no-color.org) counts when not empty.
struct TerminalEnvironment {
  std::optional<std::string_view> term;
  std::optional<std::string_view> no_color;
  std::optional<std::string_view> locale;  ///< The first that is set of LC_ALL, LC_CTYPE, LANG.
};
TerminalEnvironment terminal_environment();

Terminal describe_terminal(bool is_terminal, const TerminalEnvironment& environment);

/// Of this process's `fd`, 1 or 2.
Terminal detect_terminal(int fd);
/// As it is now; 80 by 24 when it has none.
TerminalSize terminal_size(int fd);

/// 0 when all of the text is written, else errno: EPIPE when the reader has left.
int write_text(int fd, std::string_view text);

/// Text for standard error; dropped when that takes none.
void print_error(std::string_view text);

}  // namespace agentainer::cli

#include "cli/text/terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace agentainer::cli {
namespace {

std::optional<std::string_view> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string_view>(value);
}

bool is_utf8(std::string_view locale) {
  for (const std::string_view name : {"UTF-8", "utf8", "UTF8", "utf-8"})
    if (locale.find(name) != std::string_view::npos) return true;
  return false;
}

}  // namespace

TerminalEnvironment terminal_environment() {
  TerminalEnvironment environment{variable("TERM"), variable("NO_COLOR"), std::nullopt};
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    environment.locale = variable(name);
    if (environment.locale && !environment.locale->empty()) break;
  }
  return environment;
}

Terminal describe_terminal(bool is_terminal, const TerminalEnvironment& environment) {
  Terminal terminal;
  const std::string_view term = environment.term.value_or("");
  terminal.is_terminal = is_terminal;
  terminal.can_redraw = is_terminal && !term.empty() && term != "dumb";
  terminal.style.color = terminal.can_redraw && environment.no_color.value_or("").empty();
  terminal.style.unicode = is_utf8(environment.locale.value_or(""));
  return terminal;
}

Terminal detect_terminal(int fd) {
  return describe_terminal(isatty(fd) == 1, terminal_environment());
}

TerminalSize terminal_size(int fd) {
  winsize size{};
  TerminalSize result;
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return result;
  if (size.ws_col > 0) result.columns = size.ws_col;
  if (size.ws_row > 0) result.rows = size.ws_row;
  return result;
}

int write_text(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Somebody who shares the terminal made it non-blocking.
      pollfd ready{fd, POLLOUT, 0};
      if (poll(&ready, 1, -1) < 0 && errno != EINTR) return errno;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

void print_error(std::string_view text) { (void)write_text(STDERR_FILENO, text); }

}  // namespace agentainer::cli

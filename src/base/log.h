#pragma once
// The program's own log (not the agents'), on stderr.

#include <fmt/format.h>

#include <functional>
#include <string_view>

namespace agentainer::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };

/// Messages below `level` are dropped. The default is kWarning.
void set_level(Level level);
void write(Level level, std::string_view message);
bool enabled(Level level);

/// Messages go to `target` and no longer to stderr; null: to stderr again. The target is called by
/// any thread, one at a time, and must not log.
void redirect(std::function<void(Level level, std::string_view message)> target);

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kDebug))
    write(Level::kDebug, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kInfo)) write(Level::kInfo, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kWarning))
    write(Level::kWarning, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::kError))
    write(Level::kError, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace agentainer::log

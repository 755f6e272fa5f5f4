#include "base/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace agentainer::log {
namespace {

spdlog::logger& logger() {
  // Made on first use and never destroyed, so that destructors may still log at exit.
  static spdlog::logger* const instance = [] {
    auto* made =
        new spdlog::logger("agentainer", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
    made->set_level(spdlog::level::warn);
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum translate(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
    case Level::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::off;
}

}  // namespace

void set_level(Level level) { logger().set_level(translate(level)); }
bool enabled(Level level) { return logger().should_log(translate(level)); }
void write(Level level, std::string_view message) { logger().log(translate(level), message); }

}  // namespace agentainer::log

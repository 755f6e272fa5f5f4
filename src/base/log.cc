#include "base/log.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <mutex>
#include <utility>

namespace agentainer::log {
namespace {

using Target = std::function<void(Level, std::string_view)>;

Level translate_back(spdlog::level::level_enum level) {
  if (level >= spdlog::level::err) return Level::kError;
  if (level == spdlog::level::warn) return Level::kWarning;
  return level == spdlog::level::info ? Level::kInfo : Level::kDebug;
}

/// stderr, or what redirect() put in its place.
class Sink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void redirect(Target target) {
    const std::lock_guard lock(mutex_);
    target_ = std::move(target);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (target_) {
      target_(translate_back(message.level), {message.payload.data(), message.payload.size()});
    } else {
      stderr_.log(message);
    }
  }
  void flush_() override {}
  void set_formatter_(std::unique_ptr<spdlog::formatter> formatter) override {
    stderr_.set_formatter(std::move(formatter));
  }

  spdlog::sinks::stderr_color_sink_mt stderr_;
  Target target_;
};

Sink& sink() {
  // Made on first use and never destroyed, so that destructors may still log at exit.
  static Sink* const instance = new Sink;
  return *instance;
}

spdlog::logger& logger() {
  static spdlog::logger* const instance = [] {
    auto* made = new spdlog::logger(
        "agentainer",
        spdlog::sink_ptr(&sink(), [](spdlog::sinks::sink*) { /* never destroyed */ }));
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
void redirect(std::function<void(Level level, std::string_view message)> target) {
  sink().redirect(std::move(target));
}
void write(Level level, std::string_view message) { logger().log(translate(level), message); }

}  // namespace agentainer::log

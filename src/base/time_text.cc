#include "base/time_text.h"

#include <fmt/format.h>

#include <ctime>

namespace agentainer {

std::string utc_time(TimePoint time) {
  if (time == TimePoint{}) return {};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t value = seconds.time_since_epoch().count();
  std::tm parts{};
  gmtime_r(&value, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     (time - seconds).count());
}

}  // namespace agentainer

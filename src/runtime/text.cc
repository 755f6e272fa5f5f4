#include "runtime/text.h"

#include <fmt/format.h>

#include <cstring>

#include "base/json.h"

namespace agentainer::runtime {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

// Invisible code points that change how the text around them is shown (Unicode TR #36): the C1
// controls U+0080-009F, and the direction overrides U+200E-200F, U+202A-202E, U+2066-2069. 0: none
// of them.
std::size_t hostile_length(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : 0;
  };
  if (at(0) == 0xC2 && at(1) >= 0x80 && at(1) <= 0x9F) return 2;
  if (at(0) != 0xE2) return 0;
  const auto last = at(2);
  if (at(1) == 0x80 && ((last >= 0x8E && last <= 0x8F) || (last >= 0xAA && last <= 0xAE))) return 3;
  if (at(1) == 0x81 && last >= 0xA6 && last <= 0xA9) return 3;
  return 0;
}

}  // namespace

std::string inert_text(std::string_view bytes) {
  const std::string valid = to_valid_utf8(bytes);
  std::string out;
  out.reserve(valid.size());
  for (std::size_t i = 0; i < valid.size();) {
    const char c = valid[i];
    if (const std::size_t length = hostile_length(std::string_view(valid).substr(i)); length != 0) {
      out.append(kReplacement);
      i += length;
      continue;
    }
    ++i;
    if (c == '\r') {
      if (i >= valid.size() || valid[i] != '\n') out.push_back('\n');
    } else if ((static_cast<std::uint8_t>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F) {
      out.append(kReplacement);
    } else {
      out.push_back(c);
    }
  }
  return out;
}

std::string last_lines(std::string_view bytes, std::size_t max_lines) {
  if (max_lines == 0) return {};
  std::string text = inert_text(bytes);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ' || text.back() == '\t'))
    text.pop_back();
  std::size_t begin = text.size();
  for (std::size_t line = 0; line < max_lines && begin != 0; ++line) {
    const std::size_t end_of_previous = text.rfind('\n', begin - 1);
    if (end_of_previous == std::string::npos) return text;
    begin = end_of_previous;
  }
  return begin < text.size() ? text.substr(begin + 1) : text;
}

std::string format_duration(milliseconds duration) {
  const std::int64_t ms = duration.count();
  if (ms < 1000) return fmt::format("{}ms", ms);
  if (ms < 60'000)
    return ms % 1000 == 0 ? fmt::format("{}s", ms / 1000) : fmt::format("{:g}s", ms / 1000.0);
  const std::int64_t s = ms / 1000;
  std::string out;
  if (s >= 3600) out += fmt::format("{}h", s / 3600);
  if (s / 60 % 60 != 0) out += fmt::format("{}m", s / 60 % 60);
  if (s % 60 != 0) out += fmt::format("{}s", s % 60);
  return out;
}

std::string format_bytes(std::int64_t bytes) {
  static constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  const auto whole = static_cast<std::int64_t>(value);
  return static_cast<double>(whole) == value ? fmt::format("{} {}", whole, kUnits[unit])
                                             : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string format_signal(int signal) {
  const char* const name = sigabbrev_np(signal);
  if (name == nullptr) return fmt::format("signal {}", signal);
  return fmt::format("SIG{} ({})", name, sigdescr_np(signal));
}

std::string format_errno(int error) {
  const char* const text = strerrordesc_np(error);
  return text != nullptr ? text : fmt::format("error {}", error);
}

}  // namespace agentainer::runtime

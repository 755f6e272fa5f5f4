#include "cli/progress/live_area.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/text/width.h"

namespace agentainer::cli {

std::size_t visible_width(std::string_view line) {
  std::size_t width = 0;
  while (!line.empty()) {
    const std::size_t escape = line.find('\x1b');
    width += display_width(line.substr(0, escape));
    if (escape == std::string_view::npos) break;
    const std::size_t end = line.find('m', escape);
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  return width;
}

void LiveArea::draw(std::vector<std::string> lines, std::size_t columns) {
  const std::lock_guard lock(mutex_);
  std::string out = erase(columns);
  lines_ = std::move(lines);
  out += drawing();
  if (!out.empty()) write_(out);
}

void LiveArea::print_above(std::string_view text, std::size_t columns) {
  const std::lock_guard lock(mutex_);
  std::string out = erase(columns);
  out += text;
  if (!text.ends_with('\n')) out += '\n';
  out += drawing();
  write_(out);
}

void LiveArea::leave() {
  const std::lock_guard lock(mutex_);
  lines_.clear();
}

/// Cursor to the area's first line, and everything from there on cleared (ECMA-48: CUU, ED).
std::string LiveArea::erase(std::size_t columns) const {
  if (lines_.empty()) return {};
  std::size_t rows = 0;
  for (const std::string& line : lines_) {
    const std::size_t width = visible_width(line);
    rows += columns == 0 ? 1 : std::max<std::size_t>(1, (width + columns - 1) / columns);
  }
  return fmt::format("\r\x1b[{}A\x1b[J", rows);
}

std::string LiveArea::drawing() const {
  std::string out;
  for (const std::string& line : lines_) out += line + '\n';
  return out;
}

}  // namespace agentainer::cli

#include "cli/text/format.h"

#include <algorithm>
#include <ctime>

#include "base/check.h"
#include "cli/text/width.h"

namespace agentainer::cli {
namespace {

std::tm broken_down(TimePoint time, bool local) {
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  if (local) {
    localtime_r(&seconds, &parts);
  } else {
    gmtime_r(&seconds, &parts);
  }
  return parts;
}

int milliseconds_of(TimePoint time) {
  return static_cast<int>((time - std::chrono::floor<std::chrono::seconds>(time)).count());
}

std::string date_text(const std::tm& parts, char between) {
  return fmt::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, between, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string distance(std::chrono::seconds distance) {
  const std::int64_t s = distance.count();
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min", s / 60);
  if (s < 48 * 3600) return fmt::format("{} h", s / 3600);
  return fmt::format("{} days", s / 86400);
}

}  // namespace

std::string short_duration(milliseconds duration) {
  const std::int64_t ms = std::max<std::int64_t>(0, duration.count());
  const std::int64_t s = ms / 1000;
  if (s < 1) return fmt::format("{}ms", ms);
  if (s < 10) return fmt::format("{}.{}s", s, ms % 1000 / 100);
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86400, s / 3600 % 24);
}

std::string ago(TimePoint then, TimePoint now) {
  const auto passed = std::chrono::floor<std::chrono::seconds>(now - then);
  if (passed.count() < -1) return "in " + distance(-passed);
  if (passed.count() < 2) return "just now";
  return distance(passed) + " ago";
}

std::string local_time(TimePoint time) {
  if (time == TimePoint{}) return {};
  return date_text(broken_down(time, true), ' ');
}

std::string local_clock(TimePoint time) {
  const std::tm parts = broken_down(time, true);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", parts.tm_hour, parts.tm_min, parts.tm_sec,
                     milliseconds_of(time));
}

std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3;) {
    i -= 3;
    text.insert(i, ",");
  }
  return text;
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

std::string Table::render(const Style& style, std::size_t columns) const {
  std::vector<std::size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const std::vector<Cell>& row : rows_) {
    AGENTAINER_CHECK(row.size() == columns_.size(), "a table's row has a cell for each column");
    for (std::size_t i = 0; i < row.size(); ++i)
      widths[i] = std::max(widths[i], display_width(one_line(row[i].text)));
  }
  std::string out;
  const auto append = [&](const auto& cell_of) {
    Line line;
    std::size_t start = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      const Cell cell = cell_of(i);
      const std::size_t width = display_width(one_line(cell.text));
      if (!cell.text.empty()) {
        line.pad_to(start + (columns_[i].right ? widths[i] - width : 0));
        line.add(cell.text, cell.tone);
      }
      start += widths[i] + 2;
    }
    out += line.render(style, columns) + '\n';
  };
  append([&](std::size_t i) { return Cell{columns_[i].title, Tone::kFaint}; });
  for (const std::vector<Cell>& row : rows_) append([&](std::size_t i) { return row[i]; });
  return out;
}

}  // namespace agentainer::cli

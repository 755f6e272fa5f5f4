#pragma once
// Numbers, times and tables for people.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/time_text.h"
#include "cli/text/style.h"

namespace agentainer::cli {

/// "350ms", "3.2s", "42s", "2m05s", "1h12m", "3d04h". Below zero counts as zero.
std::string short_duration(milliseconds duration);

/// "just now", "42 s ago", "2 min ago", "3 h ago", "5 days ago", "in 3 min".
std::string ago(TimePoint then, TimePoint now);

/// "2025-03-01 13:00:05" in the local time zone ($TZ), and the empty string for no time.
std::string local_time(TimePoint time);
/// "13:00:05.250", local.
std::string local_clock(TimePoint time);

/// "1,234,567"
std::string grouped(std::uint64_t number);

/// "1 item", "2 items", "1,000 items"
std::string counted(std::uint64_t number, std::string_view noun);

/// Columns as wide as their widest cell. Right-aligned ones hold numbers.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;
  };
  struct Cell {
    std::string text;
    Tone tone = Tone::kPlain;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// As many cells as columns.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.empty(); }

  /// With a line of titles; each line cut to `columns` and ended.
  std::string render(const Style& style, std::size_t columns = std::string::npos) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace agentainer::cli

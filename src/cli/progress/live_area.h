#pragma once
// The last lines of a terminal, drawn again and again in place. The cursor is never hidden and ends
// below the area, so a process that is killed leaves the terminal as it should be.

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace agentainer::cli {

/// Columns of a line with SGR sequences in it.
std::size_t visible_width(std::string_view line);

/// Any thread.
class LiveArea {
 public:
  using Write = std::function<void(std::string_view)>;
  explicit LiveArea(Write write) : write_(std::move(write)) {}

  /// Replaces what is drawn. `columns`: the terminal's width now; lines drawn when it was wider
  /// have been wrapped by it since.
  void draw(std::vector<std::string> lines, std::size_t columns);

  /// Text that stays, above the area.
  void print_above(std::string_view text, std::size_t columns);

  /// What is drawn stays; the next drawing goes below it.
  void leave();

 private:
  std::string erase(std::size_t columns) const;
  std::string drawing() const;

  std::mutex mutex_;
  Write write_;
  std::vector<std::string> lines_;
};

}  // namespace agentainer::cli

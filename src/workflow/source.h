#pragma once
// The text of a workflow file, and where its bytes are for a person: lines and columns.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentainer::workflow {

/// Bytes [begin, end) of a Source's text.
struct Span {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// Borrows the text, which must outlive it. At most kMaxSourceBytes.
class Source {
 public:
  /// A byte order mark is left out of text() and counts in no position.
  explicit Source(std::string_view text);

  std::string_view text() const { return text_; }

  struct Position {
    std::size_t line = 1;    ///< From 1.
    std::size_t column = 1;  ///< From 1, in code points.
  };
  /// `offset` may be the end of the text.
  Position position(std::size_t offset) const;
  std::size_t line_at(std::size_t offset) const;
  std::size_t line_count() const { return line_starts_.size(); }
  /// Line `number` (from 1) without its line end; empty when there is none such.
  std::string_view line(std::size_t number) const;

 private:
  std::string_view text_;
  std::vector<std::uint32_t> line_starts_;
};

/// Why a text cannot be a workflow file at all.
struct TextFault {
  Span at;
  std::string message;
};

/// Size, UTF-8, and control characters other than tab and line end.
std::optional<TextFault> check_text(std::string_view text);

}  // namespace agentainer::workflow

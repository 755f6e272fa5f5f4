#pragma once
// Colours and symbols, and text that is cut to a width with them.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/status.h"

namespace agentainer::cli {

/// What a piece of text means; the terminal's own palette decides how that looks.
enum class Tone { kPlain, kStrong, kFaint, kGood, kBad, kBusy, kWaiting };

struct Style {
  bool color = false;
  bool unicode = false;

  std::string paint(Tone tone, std::string_view text) const;
  std::string_view ellipsis() const { return unicode ? "…" : "..."; }
  std::string_view dot() const { return unicode ? " · " : ", "; }
};

struct Symbol {
  std::string_view text;  ///< One column.
  Tone tone = Tone::kPlain;
};
Symbol symbol_of(engine::StepStatus status, const Style& style);
Symbol symbol_of(engine::WorkflowStatus status, const Style& style);
Tone tone_of(engine::WorkflowStatus status);

/// One line of text in several tones. What is added is made harmless for a terminal.
class Line {
 public:
  Line& add(std::string_view text, Tone tone = Tone::kPlain);
  /// Spaces up to a column; nothing when the line is there already.
  Line& pad_to(std::size_t column);

  std::size_t width() const { return width_; }
  /// At most `columns` wide, cut with an ellipsis; npos: not cut.
  std::string render(const Style& style, std::size_t columns = std::string::npos) const;

 private:
  struct Piece {
    std::string text;
    Tone tone;
  };
  std::vector<Piece> pieces_;
  std::size_t width_ = 0;
};

/// A bar of `columns` columns, `done` of `total` filled in.
std::string bar(std::uint64_t done, std::uint64_t total, std::size_t columns, const Style& style);

}  // namespace agentainer::cli

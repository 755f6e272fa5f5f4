#include "cli/text/style.h"

#include <algorithm>

#include "cli/text/width.h"

namespace agentainer::cli {
namespace {

// Select Graphic Rendition parameters (ECMA-48, 8.3.117).
std::string_view sgr(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kStrong:
      return "1";
    case Tone::kFaint:
      return "2";
    case Tone::kGood:
      return "32";
    case Tone::kBad:
      return "31";
    case Tone::kBusy:
      return "36";
    case Tone::kWaiting:
      return "33";
  }
  return "";
}

}  // namespace

std::string Style::paint(Tone tone, std::string_view text) const {
  if (!color || tone == Tone::kPlain || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", sgr(tone), text);
}

Symbol symbol_of(engine::StepStatus status, const Style& style) {
  switch (status) {
    case engine::StepStatus::kPending:
      return {style.unicode ? "○" : ".", Tone::kFaint};
    case engine::StepStatus::kRunning:
      return {style.unicode ? "●" : ">", Tone::kBusy};
    case engine::StepStatus::kCompleted:
      return {style.unicode ? "✓" : "+", Tone::kGood};
    case engine::StepStatus::kFailed:
      return {style.unicode ? "✗" : "x", Tone::kBad};
    case engine::StepStatus::kSkipped:
      return {style.unicode ? "–" : "-", Tone::kFaint};
    case engine::StepStatus::kCancelled:
      return {style.unicode ? "■" : "!", Tone::kWaiting};
  }
  return {"?"};
}

Symbol symbol_of(engine::WorkflowStatus status, const Style& style) {
  switch (status) {
    case engine::WorkflowStatus::kPending:
      return symbol_of(engine::StepStatus::kPending, style);
    case engine::WorkflowStatus::kRunning:
      return symbol_of(engine::StepStatus::kRunning, style);
    case engine::WorkflowStatus::kCompleted:
      return symbol_of(engine::StepStatus::kCompleted, style);
    case engine::WorkflowStatus::kFailed:
      return symbol_of(engine::StepStatus::kFailed, style);
    case engine::WorkflowStatus::kCancelled:
      return symbol_of(engine::StepStatus::kCancelled, style);
  }
  return {"?"};
}

Tone tone_of(engine::WorkflowStatus status) { return symbol_of(status, Style{}).tone; }

Line& Line::add(std::string_view text, Tone tone) {
  Piece piece{one_line(text), tone};
  // one_line() drops spaces at the end, which separate pieces here.
  while (text.ends_with(' ')) {
    piece.text.push_back(' ');
    text.remove_suffix(1);
  }
  width_ += display_width(piece.text);
  pieces_.push_back(std::move(piece));
  return *this;
}

Line& Line::pad_to(std::size_t column) {
  if (column <= width_) return *this;
  return add(std::string(column - width_, ' '));
}

std::string Line::render(const Style& style, std::size_t columns) const {
  const bool cut = width_ > columns;
  const std::size_t ellipsis = cut ? display_width(style.ellipsis()) : 0;
  std::size_t left = cut ? columns - std::min(columns, ellipsis) : columns;
  std::string out;
  for (const Piece& piece : pieces_) {
    const std::string_view text = fitting_prefix(piece.text, left);
    out += style.paint(piece.tone, text);
    left -= display_width(text);
    if (text.size() < piece.text.size()) break;
  }
  if (cut) out += fitting_prefix(style.ellipsis(), columns);
  return out;
}

std::string bar(std::uint64_t done, std::uint64_t total, std::size_t columns, const Style& style) {
  const std::size_t filled =
      total == 0 ? columns
                 : static_cast<std::size_t>(std::min(done, total) * static_cast<double>(columns) /
                                            static_cast<double>(total));
  std::string out;
  for (std::size_t i = 0; i < columns; ++i)
    out += i < filled ? (style.unicode ? "█" : "#") : (style.unicode ? "░" : "-");
  return out;
}

}  // namespace agentainer::cli

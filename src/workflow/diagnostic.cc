#include "workflow/diagnostic.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

#include "expr/utf8.h"
#include "workflow/source.h"

namespace agentainer::workflow {
namespace {

constexpr std::size_t kTabWidth = 4;
/// Of a long line only a part around the fault is shown.
constexpr std::size_t kMostColumns = 110;
constexpr std::size_t kColumnsBefore = 60;

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

bool in(const auto& ranges, std::uint32_t code_point) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    return code_point >= range.first && code_point <= range.last;
  });
}

/// Takes two columns of a terminal: the blocks of Unicode's East Asian Width W and F, and emoji.
bool is_wide(std::uint32_t code_point) {
  static constexpr std::array<Range, 12> kWide{{{0x1100, 0x115F},
                                                {0x2E80, 0x303E},
                                                {0x3041, 0xA4CF},
                                                {0xA960, 0xA97C},
                                                {0xAC00, 0xD7A3},
                                                {0xF900, 0xFAFF},
                                                {0xFE30, 0xFE6F},
                                                {0xFF00, 0xFF60},
                                                {0xFFE0, 0xFFE6},
                                                {0x1F300, 0x1F64F},
                                                {0x1F680, 0x1FAFF},
                                                {0x20000, 0x3FFFD}}};
  return in(kWide, code_point);
}

/// Combining marks and variation selectors: no column of their own.
bool is_combining(std::uint32_t code_point) {
  static constexpr std::array<Range, 6> kCombining{{{0x0300, 0x036F},
                                                    {0x1AB0, 0x1AFF},
                                                    {0x1DC0, 0x1DFF},
                                                    {0x20D0, 0x20FF},
                                                    {0xFE00, 0xFE0F},
                                                    {0xFE20, 0xFE2F}}};
  return in(kCombining, code_point);
}

/// What would steer the terminal, or hide or reorder text: C0 and C1 controls, line and paragraph
/// separators, bidirectional and invisible format characters.
bool is_unsafe(std::uint32_t code_point) {
  static constexpr std::array<Range, 8> kUnsafe{{{0x00, 0x1F},
                                                 {0x7F, 0x9F},
                                                 {0xAD, 0xAD},
                                                 {0x200B, 0x200F},
                                                 {0x2028, 0x202E},
                                                 {0x2060, 0x206F},
                                                 {0xFEFF, 0xFEFF},
                                                 {0xE0000, 0xE0FFF}}};
  return in(kUnsafe, code_point);
}

struct Shown {
  std::string text;
  std::size_t columns = 0;
  std::size_t bytes = 0;  // of the source
};

/// How the code point at `text[offset]` is shown from column `at` on.
Shown show(std::string_view text, std::size_t offset, std::size_t at) {
  const expr::utf8::CodePoint point = expr::utf8::decode(text, offset);
  Shown shown;
  shown.bytes = point.bytes;
  if (!point.valid) {
    shown.text = fmt::format("\\x{:02x}", static_cast<std::uint8_t>(text[offset]));
  } else if (point.value == '\t') {
    shown.text = std::string(kTabWidth - at % kTabWidth, ' ');
  } else if (is_unsafe(point.value)) {
    shown.text = point.value < 0x80 ? fmt::format("\\x{:02x}", point.value)
                                    : fmt::format("\\u{{{:x}}}", point.value);
  } else {
    shown.text = text.substr(offset, point.bytes);
    shown.columns = is_combining(point.value) ? 0 : is_wide(point.value) ? 2 : 1;
    return shown;
  }
  shown.columns = shown.text.size();
  return shown;
}

std::string visible(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const Shown shown = show(text, i, 0);
    out += shown.text;
    i += shown.bytes;
  }
  return out;
}

/// Byte offset of a line's code point `index`.
std::size_t offset_of(std::string_view line, std::size_t index) {
  for (std::size_t i = 0; i < line.size(); ++i)
    if ((line[i] & 0xC0) != 0x80 && index-- == 0) return i;
  return line.size();
}

struct Excerpt {
  std::string text;
  std::string underline;
};

Excerpt excerpt(std::string_view line, std::size_t column, std::size_t length) {
  Excerpt result;
  const std::size_t before = column - 1;
  std::size_t index = before > kMostColumns - kColumnsBefore / 2 ? before - kColumnsBefore : 0;
  std::size_t offset = offset_of(line, index);
  std::size_t at = 0;
  if (index > 0) {
    result.text = "…";
    at = 1;
  }
  std::size_t begin = std::string::npos;
  std::size_t end = 0;
  for (; offset < line.size(); ++index) {
    if (at >= kMostColumns) {
      result.text += "…";
      break;
    }
    const Shown shown = show(line, offset, at);
    result.text += shown.text;
    if (index >= before && index < before + length) {
      begin = std::min(begin, at);
      end = at + shown.columns;
    }
    at += shown.columns;
    offset += shown.bytes;
  }
  // Past the end of the line: where something is missing.
  if (begin == std::string::npos) begin = at;
  result.underline = std::string(begin, ' ') + '^';
  if (end > begin + 1) result.underline += std::string(end - begin - 1, '~');
  return result;
}

}  // namespace

std::string render(const std::vector<Diagnostic>& diagnostics, std::string_view file,
                   std::string_view source, bool color) {
  const Source lines(source);
  const auto paint = [&](std::string_view code, std::string_view text) {
    return color ? fmt::format("\x1b[{}m{}\x1b[0m", code, text) : std::string(text);
  };
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    const bool error = diagnostic.severity == Diagnostic::Severity::kError;
    out += paint("1", fmt::format("{}:{}:{}:", visible(file), diagnostic.line, diagnostic.column));
    out += ' ';
    out += paint(error ? "1;31" : "1;33", error ? "error:" : "warning:");
    out += ' ';
    out += paint("1", visible(diagnostic.message));
    out += '\n';
    if (source.empty() || diagnostic.line > lines.line_count()) continue;
    const Excerpt shown =
        excerpt(lines.line(diagnostic.line), diagnostic.column, diagnostic.length);
    out += fmt::format("{:>5} | {}\n", diagnostic.line, shown.text);
    out += fmt::format("{:>5} | {}\n", "", paint(error ? "1;31" : "1;33", shown.underline));
  }
  return out;
}

}  // namespace agentainer::workflow

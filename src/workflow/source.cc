#include "workflow/source.h"

#include <fmt/format.h>

#include <algorithm>

#include "expr/utf8.h"
#include "workflow/definition.h"

namespace agentainer::workflow {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::string_view without_byte_order_mark(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  return text;
}

Span one_byte(std::size_t offset) {
  return {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(offset + 1)};
}

}  // namespace

Source::Source(std::string_view text) : text_(without_byte_order_mark(text)) {
  line_starts_.push_back(0);
  for (std::size_t i = text_.find('\n'); i != std::string_view::npos; i = text_.find('\n', i + 1))
    line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
}

std::size_t Source::line_at(std::size_t offset) const {
  const auto next = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  return static_cast<std::size_t>(next - line_starts_.begin());
}

Source::Position Source::position(std::size_t offset) const {
  offset = std::min(offset, text_.size());
  const std::size_t line = line_at(offset);
  const std::string_view before =
      text_.substr(line_starts_[line - 1], offset - line_starts_[line - 1]);
  // Of each code point, every byte but the first is 10xxxxxx.
  const auto code_points =
      std::count_if(before.begin(), before.end(), [](char c) { return (c & 0xC0) != 0x80; });
  return {line, static_cast<std::size_t>(code_points) + 1};
}

std::string_view Source::line(std::size_t number) const {
  if (number == 0 || number > line_starts_.size()) return {};
  const std::size_t start = line_starts_[number - 1];
  std::string_view line = text_.substr(start, text_.find('\n', start) - start);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::optional<TextFault> check_text(std::string_view text) {
  if (text.size() > kMaxSourceBytes)
    return TextFault{{},
                     fmt::format("the file has {} bytes; at most {} MiB are accepted", text.size(),
                                 kMaxSourceBytes / (1024 * 1024))};
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF"))
    return TextFault{one_byte(0), "the file is UTF-16; save it as UTF-8"};
  text = without_byte_order_mark(text);
  const std::size_t invalid = expr::utf8::find_invalid(text);
  for (std::size_t i = 0; i < std::min(invalid, text.size()); ++i) {
    const auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    if (byte == '\r')
      return TextFault{one_byte(i),
                       "a carriage return without a line feed; use LF or CRLF line ends"};
    if ((byte < 0x20 && byte != '\t' && byte != '\n') || byte == 0x7F)
      return TextFault{one_byte(i),
                       fmt::format("the control character U+{:04X} is not allowed here; "
                                   "write it as an escape in double quotes",
                                   byte)};
  }
  if (invalid != std::string_view::npos)
    return TextFault{one_byte(invalid), fmt::format("byte 0x{:02X} is not valid UTF-8",
                                                    static_cast<std::uint8_t>(text[invalid]))};
  return std::nullopt;
}

}  // namespace agentainer::workflow

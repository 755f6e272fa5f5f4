#include "expr/utf8.h"

namespace agentainer::expr::utf8 {

CodePoint decode(std::string_view text, std::size_t offset) {
  const auto byte = [&](std::size_t k) { return static_cast<std::uint8_t>(text[offset + k]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || length > text.size() - offset) return {};
  std::uint32_t value = lead & (0x7Fu >> length);
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte(k) & 0xC0) != 0x80) return {};
    value = (value << 6) | (byte(k) & 0x3Fu);
  }
  // Overlong forms of three and four bytes; those of two are ruled out by the lead byte.
  if ((length == 3 && value < 0x800) || (length == 4 && value < 0x10000) || !is_scalar(value))
    return {};
  return {value, length, true};
}

void append(std::string& out, std::uint32_t code_point) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xC0 | (code_point >> 6));
    put(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    put(0xE0 | (code_point >> 12));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  } else {
    put(0xF0 | (code_point >> 18));
    put(0x80 | ((code_point >> 12) & 0x3F));
    put(0x80 | ((code_point >> 6) & 0x3F));
    put(0x80 | (code_point & 0x3F));
  }
}

bool is_scalar(std::uint32_t code_point) {
  return code_point <= 0x10FFFF && (code_point < 0xD800 || code_point > 0xDFFF);
}

std::size_t find_invalid(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint point = decode(text, i);
    if (!point.valid) return i;
    i += point.bytes;
  }
  return std::string_view::npos;
}

std::size_t count(std::string_view text) {
  std::size_t points = 0;
  for (std::size_t i = 0; i < text.size(); i += decode(text, i).bytes) ++points;
  return points;
}

std::size_t byte_offset(std::string_view text, std::uint64_t index) {
  std::size_t i = 0;
  for (; index > 0; --index) {
    if (i == text.size()) return std::string_view::npos;
    i += decode(text, i).bytes;
  }
  return i;
}

bool is_space(std::uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

}  // namespace agentainer::expr::utf8

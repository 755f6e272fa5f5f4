#pragma once
// UTF-8 by code point. A byte that is part of no valid sequence counts as one code point (U+FFFD),
// so that every function here is total.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace agentainer::expr::utf8 {

inline constexpr std::uint32_t kReplacement = 0xFFFD;

struct CodePoint {
  std::uint32_t value = kReplacement;
  std::size_t bytes = 1;
  bool valid = false;
};

/// The code point that starts at `text[offset]`; `offset < text.size()`.
CodePoint decode(std::string_view text, std::size_t offset);

/// Appends the encoding of a code point for which is_scalar() holds.
void append(std::string& out, std::uint32_t code_point);

/// Not a surrogate and not above U+10FFFF.
bool is_scalar(std::uint32_t code_point);

/// Offset of the first byte that is not valid UTF-8, or npos.
std::size_t find_invalid(std::string_view text);

std::size_t count(std::string_view text);

/// Byte offset of code point number `index`, `text.size()` when index equals count(text), and npos
/// when it is larger.
std::size_t byte_offset(std::string_view text, std::uint64_t index);

/// Of Unicode's White_Space property.
bool is_space(std::uint32_t code_point);

}  // namespace agentainer::expr::utf8

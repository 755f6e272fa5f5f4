#include "expr/numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace agentainer::expr {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool equals_ignoring_case(std::string_view a, std::string_view lower) {
  return a.size() == lower.size() &&
         std::equal(a.begin(), a.end(), lower.begin(),
                    [](char x, char y) { return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y; });
}

/// DIGITS [. DIGITS] [e [sign] DIGITS] or . DIGITS …
bool is_decimal(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i - begin;
  };
  std::size_t mantissa = digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    mantissa += digits();
  }
  if (mantissa == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (digits() == 0) return false;
  }
  return i == text.size();
}

/// For decimal text outside the range of double: whether it lies above it, not below.
bool is_large(std::string_view decimal) {
  const std::size_t exponent_at = decimal.find_first_of("eE");
  const std::string_view mantissa = decimal.substr(0, exponent_at);
  if (exponent_at != std::string_view::npos) {
    const std::string_view exponent = decimal.substr(exponent_at + 1);
    // An exponent decides unless the digits outweigh it, which takes a mantissa of its length.
    std::int64_t value = 0;
    const char* begin = exponent.data() + (exponent.front() == '+' ? 1 : 0);
    const auto read = std::from_chars(begin, exponent.data() + exponent.size(), value);
    if (read.ec == std::errc::result_out_of_range) return exponent.front() != '-';
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    const std::size_t first = std::min(mantissa.find_first_of("123456789"), mantissa.size());
    return static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first) + value > 0;
  }
  return mantissa.find_first_of("123456789") < std::min(mantissa.find('.'), mantissa.size());
}

template <typename T>
tl::expected<T, NumberFault> parse_integer(std::string_view text, int base) {
  T value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (read.ec == std::errc::invalid_argument || read.ptr != text.data() + text.size())
    return tl::make_unexpected(NumberFault::kSyntax);
  if (read.ec == std::errc::result_out_of_range) return tl::make_unexpected(NumberFault::kRange);
  return value;
}

}  // namespace

tl::expected<std::int64_t, NumberFault> parse_int(std::string_view text, int base) {
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return tl::make_unexpected(NumberFault::kSyntax);
  }
  return parse_integer<std::int64_t>(text, base);
}

tl::expected<std::uint64_t, NumberFault> parse_uint(std::string_view text, int base) {
  return parse_integer<std::uint64_t>(text, base);
}

tl::expected<double, NumberFault> parse_double(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  if (equals_ignoring_case(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
  if (equals_ignoring_case(text, "inf") || equals_ignoring_case(text, "infinity")) {
    value = std::numeric_limits<double>::infinity();
  } else {
    if (!is_decimal(text)) return tl::make_unexpected(NumberFault::kSyntax);
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    if (read.ec == std::errc::result_out_of_range) {
      if (is_large(text)) return tl::make_unexpected(NumberFault::kRange);
      value = 0;
    }
  }
  return negative ? -value : value;
}

std::string format_double(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return fmt::format("{}", value);
}

bool to_exact_int(double value, std::int64_t& to) {
  // 2^63 itself is a double and one too many; -2^63 is both a double and an int.
  if (!(value >= -0x1p63 && value < 0x1p63) || value != std::trunc(value)) return false;
  to = static_cast<std::int64_t>(value);
  return true;
}

bool to_exact_uint(double value, std::uint64_t& to) {
  if (!(value >= 0 && value < 0x1p64) || value != std::trunc(value)) return false;
  to = static_cast<std::uint64_t>(value);
  return true;
}

}  // namespace agentainer::expr

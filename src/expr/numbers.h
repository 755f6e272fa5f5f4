#pragma once
// Numbers as text, independent of the locale.

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace agentainer::expr {

enum class NumberFault {
  kSyntax,  ///< Not a number of this kind.
  kRange,   ///< A number, but not one that the type can hold.
};

/// Digits with an optional sign; `base` is 10 or 16 (without its prefix).
tl::expected<std::int64_t, NumberFault> parse_int(std::string_view text, int base = 10);
/// Digits without a sign.
tl::expected<std::uint64_t, NumberFault> parse_uint(std::string_view text, int base = 10);

/// A decimal number with an optional sign, fraction and exponent, or (in any case) NaN, Inf and
/// Infinity. One too small to represent is zero, one too large a kRange.
tl::expected<double, NumberFault> parse_double(std::string_view text);

/// The shortest text that reads back as `value`; NaN, Infinity and -Infinity by these names.
std::string format_double(double value);

/// Whether `value` is an integer that `to` holds; so 1.0 is, 1.5 and 1e300 are not.
bool to_exact_int(double value, std::int64_t& to);
bool to_exact_uint(double value, std::uint64_t& to);

}  // namespace agentainer::expr

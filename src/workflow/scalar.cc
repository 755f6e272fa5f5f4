#include "workflow/scalar.h"

#include <algorithm>

#include "expr/numbers.h"

namespace agentainer::workflow {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_octal(char c) { return c >= '0' && c <= '7'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

template <typename Predicate>
bool all(std::string_view text, Predicate predicate) {
  return !text.empty() && std::all_of(text.begin(), text.end(), predicate);
}

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

/// [0-9]* with the digits removed from `text`.
std::size_t take_digits(std::string_view& text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  text.remove_prefix(count);
  return count;
}

/// (\.[0-9]+ | [0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool is_float(std::string_view text) {
  std::size_t digits = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits += take_digits(text);
  }
  if (digits == 0) return false;
  if (text.empty()) return true;
  if (text[0] != 'e' && text[0] != 'E') return false;
  text = without_sign(text.substr(1));
  return take_digits(text) > 0 && text.empty();
}

}  // namespace

Kind classify_plain(std::string_view text) {
  if (text.empty() || one_of(text, {"~", "null", "Null", "NULL"})) return Kind::kNull;
  if (one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) return Kind::kBool;
  const std::string_view number = without_sign(text);
  if (number.empty()) return Kind::kString;
  if (all(number, is_digit)) return Kind::kInteger;
  if (text.starts_with("0o") && all(text.substr(2), is_octal)) return Kind::kInteger;
  if (text.starts_with("0x") && all(text.substr(2), is_hex)) return Kind::kInteger;
  if (one_of(number, {".inf", ".Inf", ".INF"})) return Kind::kFloat;
  if (one_of(text, {".nan", ".NaN", ".NAN"})) return Kind::kFloat;
  return is_float(number) ? Kind::kFloat : Kind::kString;
}

Result<Json> to_number(std::string_view text) {
  std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
  if (digits.starts_with("0x") || digits.starts_with("0o")) {
    const unsigned shift = digits[1] == 'x' ? 4 : 3;
    std::uint64_t value = 0;
    for (const char c : digits.substr(2)) {
      if (value >> (64 - shift) != 0) return fail(ErrorCode::kInvalid, "the number is too large");
      const int digit = is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10;
      value = (value << shift) | static_cast<std::uint64_t>(digit);
    }
    if (value <= INT64_MAX) return Json(static_cast<std::int64_t>(value));
    return Json(value);
  }
  if (all(without_sign(text), is_digit)) {
    if (const auto value = expr::parse_int(digits)) return Json(*value);
    if (!digits.starts_with('-'))
      if (const auto value = expr::parse_uint(digits)) return Json(*value);
  }
  if (without_sign(text).starts_with(".i") || without_sign(text).starts_with(".I") ||
      text.starts_with(".n") || text.starts_with(".N"))
    return fail(ErrorCode::kInvalid, "infinity and NaN cannot be used: they have no JSON form");
  const auto value = expr::parse_double(digits);
  if (!value) return fail(ErrorCode::kInvalid, "the number is too large");
  return Json(*value);
}

}  // namespace agentainer::workflow

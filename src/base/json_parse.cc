#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"

namespace agentainer {
namespace {

using ParseError = json::error_code;

/// The double nearest to a number's text; nothing when it is too large for one (1e400), for no JSON
/// text can say infinity. The parser's own `approximation` is off by one unit in the last place for
/// one number of ten with 17 digits.
std::optional<double> exact_double(std::string_view text, double approximation) {
  double exact = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), exact);
  // Out of range and yet finite: too small for a double, so nearly nothing.
  if (status != std::errc()) exact = approximation;
  return std::isfinite(exact) ? std::optional(exact) : std::nullopt;
}

/// Takes no note of what it is told; the parser itself refuses what is not JSON.
struct CheckHandler {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  std::string number;  // what came of it, of a number that comes in parts

  bool on_document_begin(ParseError&) { return true; }
  bool on_document_end(ParseError&) { return true; }
  bool on_object_begin(ParseError&) { return true; }
  bool on_object_end(std::size_t, ParseError&) { return true; }
  bool on_array_begin(ParseError&) { return true; }
  bool on_array_end(std::size_t, ParseError&) { return true; }
  bool on_key_part(json::string_view, std::size_t, ParseError&) { return true; }
  bool on_key(json::string_view, std::size_t, ParseError&) { return true; }
  bool on_string_part(json::string_view, std::size_t, ParseError&) { return true; }
  bool on_string(json::string_view, std::size_t, ParseError&) { return true; }
  bool on_number_part(json::string_view s, ParseError&) { return number.append(s), true; }
  bool on_int64(std::int64_t, json::string_view, ParseError&) { return number.clear(), true; }
  bool on_uint64(std::uint64_t, json::string_view, ParseError&) { return number.clear(), true; }
  bool on_double(double approximation, json::string_view rest, ParseError& error) {
    return take_double(approximation, rest, error).has_value();
  }
  bool on_bool(bool, ParseError&) { return true; }
  bool on_null(ParseError&) { return true; }
  bool on_comment_part(json::string_view, ParseError&) { return true; }
  bool on_comment(json::string_view, ParseError&) { return true; }

  std::optional<double> take_double(double approximation, std::string_view rest,
                                    ParseError& error) {
    number.append(rest);
    const std::optional<double> exact = exact_double(number, approximation);
    number.clear();
    if (!exact) error = json::error::exponent_overflow;
    return exact;
  }
};

/// Builds the value. The parser's own doubles are off by one unit in the last place for one number
/// of ten with 17 digits, so they are read again from their text.
struct BuildHandler : CheckHandler {
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  json::value_stack values;

  bool on_object_end(std::size_t n, ParseError&) { return values.push_object(n), true; }
  bool on_array_end(std::size_t n, ParseError&) { return values.push_array(n), true; }
  bool on_key_part(json::string_view s, std::size_t, ParseError&) {
    return values.push_chars(s), true;
  }
  bool on_key(json::string_view s, std::size_t, ParseError&) { return values.push_key(s), true; }
  bool on_string_part(json::string_view s, std::size_t, ParseError&) {
    return values.push_chars(s), true;
  }
  bool on_string(json::string_view s, std::size_t, ParseError&) {
    return values.push_string(s), true;
  }
  bool on_int64(std::int64_t value, json::string_view, ParseError&) {
    number.clear();
    return values.push_int64(value), true;
  }
  bool on_uint64(std::uint64_t value, json::string_view, ParseError&) {
    number.clear();
    return values.push_uint64(value), true;
  }
  bool on_double(double approximation, json::string_view rest, ParseError& error) {
    const std::optional<double> exact = take_double(approximation, rest, error);
    if (exact) values.push_double(*exact);
    return exact.has_value();
  }
  bool on_bool(bool value, ParseError&) { return values.push_bool(value), true; }
  bool on_null(ParseError&) { return values.push_null(), true; }
};

/// Runs `parser` over the text; says where it went wrong.
template <typename Parser>
Status parse_with(Parser& parser, std::string_view text) {
  ParseError error;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), error);
  if (error)
    return fail(ErrorCode::kInvalid, "not valid JSON at byte {}: {}", consumed, error.message());
  for (std::size_t i = consumed; i < text.size(); ++i)
    if (text[i] != ' ' && text[i] != '\n' && text[i] != '\r' && text[i] != '\t')
      return fail(ErrorCode::kInvalid, "not valid JSON at byte {}: text after the value", i);
  return {};
}

json::parse_options parse_options() {
  json::parse_options options;
  options.max_depth = kMaxJsonDepth;
  return options;
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  json::basic_parser<BuildHandler> parser(parse_options());
  parser.handler().values.reset();
  if (const Status parsed = parse_with(parser, text); !parsed)
    return tl::make_unexpected(parsed.error());
  return parser.handler().values.release();
}

Status check_json(std::string_view text) {
  json::basic_parser<CheckHandler> parser(parse_options());
  return parse_with(parser, text);
}

}  // namespace agentainer

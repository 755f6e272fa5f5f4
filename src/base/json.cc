#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <cstdint>
#include <iterator>

namespace agentainer {
namespace {

/// Length of the valid UTF-8 sequence at `text[i]`, 0 if there is none (RFC 3629: no overlong
/// forms, no surrogates, nothing above U+10FFFF).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<std::uint8_t>(text[k]); };
  const std::uint8_t lead = byte(i);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k)
    if ((byte(i + k) & 0xC0) != 0x80) return 0;
  const std::uint8_t second = byte(i + 1);
  if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) ||
      (lead == 0xF0 && second < 0x90) || (lead == 0xF4 && second > 0x8F))
    return 0;
  return length;
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// Feeds `text` to a parser that has write_some(); says where it went wrong.
template <typename Parse>
Status parse_whole(std::string_view text, Parse&& parse) {
  json::error_code error;
  const std::size_t consumed = parse(error);
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

/// Takes no note of anything it is told; the parser itself refuses what is not JSON.
struct NullHandler {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);

  using Error = json::error_code;
  bool on_document_begin(Error&) { return true; }
  bool on_document_end(Error&) { return true; }
  bool on_object_begin(Error&) { return true; }
  bool on_object_end(std::size_t, Error&) { return true; }
  bool on_array_begin(Error&) { return true; }
  bool on_array_end(std::size_t, Error&) { return true; }
  bool on_key_part(json::string_view, std::size_t, Error&) { return true; }
  bool on_key(json::string_view, std::size_t, Error&) { return true; }
  bool on_string_part(json::string_view, std::size_t, Error&) { return true; }
  bool on_string(json::string_view, std::size_t, Error&) { return true; }
  bool on_number_part(json::string_view, Error&) { return true; }
  bool on_int64(std::int64_t, json::string_view, Error&) { return true; }
  bool on_uint64(std::uint64_t, json::string_view, Error&) { return true; }
  bool on_double(double, json::string_view, Error&) { return true; }
  bool on_bool(bool, Error&) { return true; }
  bool on_null(Error&) { return true; }
  bool on_comment_part(json::string_view, Error&) { return true; }
  bool on_comment(json::string_view, Error&) { return true; }
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
  json::stream_parser parser({}, parse_options());
  const Status parsed = parse_whole(text, [&](json::error_code& error) {
    const std::size_t consumed = parser.write_some(text.data(), text.size(), error);
    if (!error) parser.finish(error);
    return consumed;
  });
  if (!parsed) return tl::make_unexpected(parsed.error());
  return parser.release();
}

Status check_json(std::string_view text) {
  json::basic_parser<NullHandler> parser(parse_options());
  return parse_whole(text, [&](json::error_code& error) {
    return parser.write_some(false, text.data(), text.size(), error);
  });
}

namespace {

/// Shortest digits that read back as the same double, always recognisable as one: 0.9, 1.0, 1e+100.
void append_double(std::string& out, double value) {
  const std::size_t begin = out.size();
  fmt::format_to(std::back_inserter(out), "{}", value);
  if (out.find_first_of(".e", begin) == std::string::npos) out += ".0";
}

void append_value(std::string& out, const Json& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      fmt::format_to(std::back_inserter(out), "{}", value.get_int64());
      return;
    case json::kind::uint64:
      fmt::format_to(std::back_inserter(out), "{}", value.get_uint64());
      return;
    case json::kind::double_:
      append_double(out, value.get_double());
      return;
    case json::kind::string:
      append_json_string(out, value.get_string());
      return;
    case json::kind::array: {
      char separator = '[';
      for (const Json& element : value.get_array()) {
        out.push_back(separator);
        append_value(out, element);
        separator = ',';
      }
      out += value.get_array().empty() ? "[]" : "]";
      return;
    }
    case json::kind::object: {
      char separator = '{';
      for (const auto& [key, member] : value.get_object()) {
        out.push_back(separator);
        append_json_string(out, key);
        out.push_back(':');
        append_value(out, member);
        separator = ',';
      }
      out += value.get_object().empty() ? "{}" : "}";
      return;
    }
  }
}

}  // namespace

std::string to_text(const Json& value) {
  std::string out;
  append_value(out, value);
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.reserve(out.size() + text.size() + 2);
  out.push_back('"');
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<std::uint8_t>(text[i]);
    if (c >= 0x80) {
      const std::size_t length = utf8_length(text, i);
      out.append(length == 0 ? kReplacement : text.substr(i, length));
      i += length == 0 ? 1 : length;
      continue;
    }
    ++i;
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(static_cast<char>(c));
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '\t') {
      out.append("\\t");
    } else if (c < 0x20) {
      out.append("\\u00");
      out.push_back(kHex[c >> 4]);
      out.push_back(kHex[c & 15]);
    } else {
      out.push_back(static_cast<char>(c));
    }
  }
  out.push_back('"');
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    out.append(length == 0 ? kReplacement : text.substr(i, length));
    i += length == 0 ? 1 : length;
  }
  return out;
}

}  // namespace agentainer

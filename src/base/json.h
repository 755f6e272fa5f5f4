#pragma once
// JSON values and text. Objects keep the order of their keys.

#include <boost/json.hpp>
#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace agentainer {

namespace json = boost::json;
using Json = boost::json::value;

/// Deepest nesting of JSON accepted anywhere.
inline constexpr std::size_t kMaxJsonDepth = 128;

/// Parses one JSON value (RFC 8259, UTF-8 checked). Doubles are exactly those nearest to their
/// text; numbers too large for one are refused. kInvalid names the byte offset of the fault.
[[nodiscard]] Result<Json> parse_json(std::string_view text);

/// Whether `text` is one JSON value, without building it: no memory but for nesting.
[[nodiscard]] Status check_json(std::string_view text);

/// Compact text, keys in their order; doubles round-trip.
[[nodiscard]] std::string to_text(const Json& value);

/// Appends `text` to `out` as a JSON string literal with its quotes; invalid UTF-8 becomes U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// `text` with every byte that is not part of valid UTF-8 replaced by U+FFFD.
[[nodiscard]] std::string to_valid_utf8(std::string_view text);

}  // namespace agentainer

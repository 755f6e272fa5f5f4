#pragma once
// Values out of an evaluation: as JSON, and as text.

#include <string>

#include "expr/context.h"
#include "expr/value.h"

namespace agentainer::expr {

/// How a null reads in text.
enum class NullText {
  kNull,   ///< `null`
  kEmpty,  ///< The empty string.
};

/// The JSON form: bytes as base64 text, a map's keys as text. kUnsupported for NaN, an infinity or
/// a type; kResource when all that the evaluation gives is larger than its limit, or nested deeper
/// than kMaxJsonDepth, where `depth` levels of JSON will be around it.
[[nodiscard]] Result<Json> to_json(Context& context, const Value& value, std::size_t depth = 0);

/// As to_json(), for a value that is the only result: a bound value then is the caller's
/// own, copied once, and as large as it may be.
[[nodiscard]] Result<Json> to_result(Context& context, const Value& value);

/// Appends a string as it stands, and any other value as compact JSON; errors as to_json().
[[nodiscard]] Status append_text(const Context& context, const Value& value, NullText null,
                                 std::string& out);

}  // namespace agentainer::expr

#pragma once
// The types of unquoted text: YAML 1.2's core schema (section 10.3.2), and JSON's numbers.

#include <cstdint>
#include <string_view>

#include "base/json.h"

namespace agentainer::workflow {

enum class Kind : std::uint8_t { kNull, kBool, kInteger, kFloat, kString, kList, kMap };

/// `yes`, `on` and the like are text: YAML 1.1's booleans are not YAML 1.2's.
Kind classify_plain(std::string_view text);

/// The number of a text that classify_plain() calls a kInteger or kFloat: int64, else uint64, else
/// double. kInvalid for infinities, NaN and what is too large for a double.
[[nodiscard]] Result<Json> to_number(std::string_view text);

}  // namespace agentainer::workflow

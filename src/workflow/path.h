#pragma once
// Paths into the state: a key, `a.b`, `$.a.b`, `$.a[0].b`.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace agentainer::workflow {

/// The path's parts: keys, and positions in lists as digits. kInvalid where it is malformed.
[[nodiscard]] Result<std::vector<std::string>> parse_path(std::string_view text);

/// What `path` leads to inside `value`, or null. A part that is a number leads into a list.
const Json* follow(const Json& value, std::span<const std::string> path);

}  // namespace agentainer::workflow

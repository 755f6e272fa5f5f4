#pragma once
// Wording shared by the messages.

#include <string>
#include <string_view>
#include <vector>

#include "workflow/document.h"

namespace agentainer::workflow {

/// 'text', cut where it is long.
std::string quote(std::string_view text);

/// What a value is, for "expected …, not …": `a list`, `the text 'x'`, `true`.
std::string describe(const Value& value);

/// 'a', 'b' or 'c'.
std::string alternatives(const std::vector<std::string_view>& names);

}  // namespace agentainer::workflow

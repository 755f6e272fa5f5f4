#pragma once
// The Redis Function library, functions.lua, as part of the program.

#include <string_view>

namespace agentainer::store {
std::string_view function_library();
}  // namespace agentainer::store

#pragma once
// Broken invariants end the process with a message: going on would corrupt what is stored.

namespace agentainer {
[[noreturn]] void check_failed(const char* condition, const char* file, int line,
                               const char* message);
}  // namespace agentainer

/// Always on, in release builds too. `message` is a string literal that states the invariant.
#define AGENTAINER_CHECK(condition, message)                               \
  do {                                                                     \
    if (!(condition)) [[unlikely]]                                         \
      ::agentainer::check_failed(#condition, __FILE__, __LINE__, message); \
  } while (false)

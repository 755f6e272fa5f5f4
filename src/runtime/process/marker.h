#pragma once
// The mark by which a running process is recognised as part of an attempt: an environment variable.

#include <fmt/format.h>

#include <string>

namespace agentainer::runtime {

inline constexpr const char* kMarkerVariable = "AGENTAINER_ATTEMPT";

/// The marker's value: "<life>.<slot>.<serial>". It begins with the life (see RunDirectory), so
/// that a later life can tell, and no two attempts of a life have the same.
inline std::string attempt_marker(const std::string& life, unsigned slot, std::uint64_t serial) {
  return fmt::format("{}.{}.{}", life, slot, serial);
}

}  // namespace agentainer::runtime

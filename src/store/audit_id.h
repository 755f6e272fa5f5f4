#pragma once
// Ids of the audit log, `<Unix ms>-<number>`: those of a Redis stream.

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace agentainer::store {

/// In the order of the log; nothing for what is no id.
inline std::optional<std::pair<std::uint64_t, std::uint64_t>> parse_audit_id(
    std::string_view text) {
  std::pair<std::uint64_t, std::uint64_t> id;
  const char* const end = text.data() + text.size();
  const auto ms = std::from_chars(text.data(), end, id.first);
  if (ms.ec != std::errc() || ms.ptr == end || *ms.ptr != '-') return std::nullopt;
  const auto number = std::from_chars(ms.ptr + 1, end, id.second);
  if (number.ec != std::errc() || number.ptr != end) return std::nullopt;
  return id;
}

inline auto not_an_audit_id(std::string_view text) {
  return fail(ErrorCode::kInvalid, "'{}' is no id of an entry of the audit log", text);
}

}  // namespace agentainer::store

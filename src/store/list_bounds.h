#pragma once
// Workflow ids begin with their creation time, so a range of times is a range of ids.

#include <algorithm>
#include <cstdint>
#include <optional>

#include "store/store.h"

namespace agentainer::store {

struct ListBounds {
  std::optional<WorkflowId> before;  ///< Ids below this one, …
  std::optional<WorkflowId> first;   ///< … from this one on.
};

inline ListBounds bounds_of(const ListQuery& query) {
  static constexpr std::int64_t kLastMs = (std::int64_t{1} << 48) - 1;  // an id has 48 bits for it
  const auto first_id_at = [](std::int64_t unix_ms) {
    return WorkflowId::from_parts(
        static_cast<std::uint64_t>(std::clamp<std::int64_t>(unix_ms, 0, kLastMs)), 0, 0);
  };
  ListBounds bounds{query.before, {}};
  if (query.created_before && query.created_before->time_since_epoch().count() <= kLastMs) {
    const WorkflowId end = first_id_at(query.created_before->time_since_epoch().count());
    bounds.before = bounds.before ? std::min(*bounds.before, end) : end;
  }
  if (query.created_after)
    bounds.first = first_id_at(query.created_after->time_since_epoch().count());
  return bounds;
}

}  // namespace agentainer::store

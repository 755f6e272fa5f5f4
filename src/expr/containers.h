#pragma once
// Lists and maps, wherever they lie: in bound JSON, behind Members, or made by the expression.

#include <cstddef>
#include <optional>
#include <span>

#include "expr/context.h"
#include "expr/value.h"

namespace agentainer::expr {

/// Nesting of values that an evaluation will walk.
inline constexpr std::size_t kMaxValueDepth = 512;

/// Whether two values are equal, as a bool, or a fault when that takes more than a limit.
Value equal(Context& context, const Value& a, const Value& b, std::size_t depth = 0);

/// The value of `key`, a value of any kind, in a map.
std::optional<Value> find(const Value& map, const Value& key);

std::size_t map_size(const Value& map);

/// A map's keys in order, as a list; or a fault.
Value map_keys(Context& context, const Value& map);

/// The map of `entries`, which it keeps; a fault when a key is there twice. `node` is for the
/// fault.
Value make_map(Context& context, NodeId node, std::span<const MapEntry> entries);

/// Whether an item of `list` equals `item`, as a bool; or a fault.
Value list_contains(Context& context, const Value& list, const Value& item);

/// `list[index]`, where an index is any number that is an integer; or a fault.
Value list_item(Context& context, NodeId node, const Value& list, const Value& index);

}  // namespace agentainer::expr

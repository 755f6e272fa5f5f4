#pragma once
// Changes of the shared state that somebody outside asks for. Each is atomic: it sees the state as
// all before it have left it, and nothing comes between its look and its change.

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "engine/state_data.h"

namespace agentainer::engine {

struct StateUpdate {
  enum class Kind {
    kSet,
    kDelete,
    kIncrement,       ///< A key that is not there counts as 0; integers stay integers (int64).
    kAppend,          ///< To a list; a key that is not there counts as an empty one.
    kAddToSet,        ///< Append, unless the list has an equal element.
    kCompareAndSwap,  ///< Set, if the value is `expected`.
  };
  Kind kind = Kind::kSet;
  std::string key;   ///< UTF-8, 1 to kMaxStateKeyBytes.
  std::string text;  ///< JSON: the value, the amount (a number; empty: 1), or the element.
  /// Of compare and swap, as JSON; absent: the key must not be there.
  std::optional<std::string> expected;
};

struct StateUpdateResult {
  /// False: the key to delete was not there, the element was in the set, or the value was not the
  /// expected one.
  bool changed = false;
  std::string text;  ///< The value after it, as JSON; "null" when the key is not there.
};

struct StateAnswer {
  std::uint64_t ticket = 0;  ///< Of the request.
  Result<StateUpdateResult> result;
};

inline constexpr std::size_t kMaxStateKeyBytes = 512;
/// Of one value that grows by appending. The store would take eight times as much.
inline constexpr std::size_t kMaxStateValueBytes = std::size_t{64} * 1024 * 1024;

struct StateChange {
  bool changed = false;
  Text text;  ///< The value after it; null when the key is not there.
};

/// What the update makes of its key. kInvalid when the update, or the value it finds, is not as its
/// kind needs it.
Result<StateChange> evaluate(const StateUpdate& update, const StateData& data);

/// Whether two JSON values are the same: numbers by their value (1 and 1.0 are equal), objects
/// whatever the order of their members.
bool is_same_json(const Json& a, const Json& b);

}  // namespace agentainer::engine

#include "expr/containers.h"

#include <algorithm>

#include "expr/numbers.h"

namespace agentainer::expr {
namespace {

/// Below this a scan is as fast as an index.
constexpr std::size_t kMinIndexedEntries = 8;

Value equal_lists(Context& context, const Value& a, const Value& b, std::size_t depth) {
  if (a.list_size() != b.list_size()) return Value::boolean(false);
  for (std::size_t i = 0; i < a.list_size(); ++i) {
    const Value same = equal(context, a.item(i), b.item(i), depth + 1);
    if (!same.is_true()) return same;
  }
  return Value::boolean(true);
}

Value equal_maps(Context& context, const Value& a, const Value& b, std::size_t depth) {
  if (map_size(a) != map_size(b)) return Value::boolean(false);
  const Value keys = map_keys(context, a);
  if (keys.is_fault()) return keys;
  for (std::size_t i = 0; i < keys.list_size(); ++i) {
    const Value key = keys.item(i);
    const std::optional<Value> left = find(a, key);
    const std::optional<Value> right = find(b, key);
    if (!left || !right) return Value::boolean(false);
    const Value same = equal(context, *left, *right, depth + 1);
    if (!same.is_true()) return same;
  }
  return Value::boolean(true);
}

/// Adds entry number `number` to the index, unless its key is there already.
bool add_to_index(std::span<const MapEntry> entries, std::uint32_t number, std::uint32_t* index,
                  std::uint32_t mask) {
  const Value& key = entries[number].key;
  auto slot = static_cast<std::uint32_t>(hash_key(key)) & mask;
  for (; index[slot] != 0; slot = (slot + 1) & mask)
    if (equal_scalars(entries[index[slot] - 1].key, key)) return false;
  index[slot] = number + 1;
  return true;
}

}  // namespace

Value equal(Context& context, const Value& a, const Value& b, std::size_t depth) {
  if (!context.charge(1)) return Value::fault();
  if (depth > kMaxValueDepth) return context.fail(FaultKind::kDepth, kNoNode);
  if (a.is(Kind::kList) && b.is(Kind::kList)) return equal_lists(context, a, b, depth);
  if (a.is(Kind::kMap) && b.is(Kind::kMap)) return equal_maps(context, a, b, depth);
  const bool texts = a.kind() == b.kind() && (a.is(Kind::kString) || a.is(Kind::kBytes));
  if (texts && !context.charge_bytes(a.text().size())) return Value::fault();
  return Value::boolean(equal_scalars(a, b));
}

std::optional<Value> find(const Value& map, const Value& key) {
  if (const MapData* data = map.map_data()) {
    Value exact = key;
    if (key.is(Kind::kDouble)) {
      std::int64_t as_int = 0;
      std::uint64_t as_uint = 0;
      if (to_exact_int(key.as_double(), as_int)) {
        exact = Value::integer(as_int);
      } else if (to_exact_uint(key.as_double(), as_uint)) {
        exact = Value::uinteger(as_uint);
      }
    }
    if (!is_key_kind(exact.kind())) return std::nullopt;
    const MapEntry* entry = data->find(exact);
    if (entry == nullptr) return std::nullopt;
    return entry->value;
  }
  if (!key.is(Kind::kString)) return std::nullopt;
  const Json* found = map.json_object() != nullptr ? map.json_object()->if_contains(key.text())
                                                   : map.members()->find(key.text());
  if (found == nullptr) return std::nullopt;
  return Value::of(*found);
}

std::size_t map_size(const Value& map) {
  if (const MapData* data = map.map_data()) return data->size;
  if (const json::object* object = map.json_object()) return object->size();
  return map.members()->keys().size();
}

Value map_keys(Context& context, const Value& map) {
  const auto list = [&](std::size_t size, auto&& key) {
    Value* items = context.charge(size) ? context.list_space(size) : nullptr;
    if (items == nullptr) return Value::fault();
    for (std::size_t i = 0; i < size; ++i) items[i] = key(i);
    return Value::list(items, size);
  };
  if (const MapData* data = map.map_data())
    return list(data->size, [&](std::size_t i) { return data->entries[i].key; });
  if (const json::object* object = map.json_object())
    return list(object->size(), [&](std::size_t i) {
      const json::string_view key = (object->begin() + static_cast<std::ptrdiff_t>(i))->key();
      return Value::string({key.data(), key.size()});
    });
  const std::vector<std::string_view> keys = map.members()->keys();
  return list(keys.size(), [&](std::size_t i) { return Value::string(keys[i]); });
}

Value make_map(Context& context, NodeId node, std::span<const MapEntry> entries) {
  MapData* data = context.map_data_space();
  if (data == nullptr) return Value::fault();
  *data = MapData{entries.data(), static_cast<std::uint32_t>(entries.size())};
  if (entries.size() < kMinIndexedEntries) {
    for (std::uint32_t i = 0; i < data->size; ++i)
      if (data->find(entries[i].key) != &entries[i])
        return context.fail(FaultKind::kDuplicateKey, node, entries[i].key);
    return Value::map(data);
  }
  const auto slots = static_cast<std::uint32_t>(std::bit_ceil(entries.size() * 2));
  std::uint32_t* index = context.charge(slots) ? context.index_space(slots) : nullptr;
  if (index == nullptr) return Value::fault();
  std::fill_n(index, slots, 0u);
  for (std::uint32_t i = 0; i < data->size; ++i)
    if (!add_to_index(entries, i, index, slots - 1))
      return context.fail(FaultKind::kDuplicateKey, node, entries[i].key);
  data->index = index;
  data->index_size = slots;
  return Value::map(data);
}

Value list_contains(Context& context, const Value& list, const Value& item) {
  for (std::size_t i = 0; i < list.list_size(); ++i) {
    const Value same = equal(context, item, list.item(i));
    if (!same.is_false()) return same;
  }
  return Value::boolean(false);
}

Value list_item(Context& context, NodeId node, const Value& list, const Value& index) {
  std::int64_t at = 0;
  if (index.is(Kind::kInt)) {
    at = index.as_int();
  } else if (index.is(Kind::kUint)) {
    // One that is no int is beyond any list; -1 says the same.
    at = index.as_uint() >> 63 == 0 ? index.as_int() : -1;
  } else if (!index.is(Kind::kDouble) || !to_exact_int(index.as_double(), at)) {
    return context.fail_overload(node, std::array{list, index});
  }
  if (at < 0 || static_cast<std::uint64_t>(at) >= list.list_size())
    return context.fail(FaultKind::kIndexOutOfRange, node, index, list);
  return list.item(static_cast<std::size_t>(at));
}

}  // namespace agentainer::expr

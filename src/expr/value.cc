#include "expr/value.h"

#include <functional>
#include <limits>

#include "base/check.h"
#include "expr/numbers.h"

namespace agentainer::expr {
namespace {

Order order(auto a, auto b) {
  if (a < b) return Order::kLess;
  if (a > b) return Order::kGreater;
  return a == b ? Order::kEqual : Order::kUnordered;
}

/// An int against a double compares as doubles, as the conformance vectors have it: 2^63 - 1 is not
/// less than 9223372036854775808.0.
double to_double(const Value& number) {
  if (number.is(Kind::kInt)) return static_cast<double>(number.as_int());
  if (number.is(Kind::kUint)) return static_cast<double>(number.as_uint());
  return number.as_double();
}

bool is_number(Kind kind) {
  return kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kDouble;
}

Order compare_numbers(const Value& a, const Value& b) {
  if (a.is(Kind::kDouble) || b.is(Kind::kDouble)) return order(to_double(a), to_double(b));
  if (a.is(Kind::kInt) && b.is(Kind::kInt)) return order(a.as_int(), b.as_int());
  if (a.is(Kind::kInt) && a.as_int() < 0) return Order::kLess;
  if (b.is(Kind::kInt) && b.as_int() < 0) return Order::kGreater;
  return order(a.as_uint(), b.as_uint());
}

}  // namespace

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "null_type";
    case Kind::kBool:
      return "bool";
    case Kind::kInt:
      return "int";
    case Kind::kUint:
      return "uint";
    case Kind::kDouble:
      return "double";
    case Kind::kString:
      return "string";
    case Kind::kBytes:
      return "bytes";
    case Kind::kList:
      return "list";
    case Kind::kMap:
      return "map";
    case Kind::kType:
      return "type";
    case Kind::kFault:
      return "error";
  }
  return "?";
}

Value::Value(Kind kind, std::string_view text)
    : Value(kind, Store::kMade, text.data(), text.size()) {}

Value::Value(Kind kind, Store store, const void* data, std::size_t size)
    : word_(reinterpret_cast<std::uintptr_t>(data)),
      size_(static_cast<std::uint32_t>(size)),
      kind_(kind),
      store_(store) {
  AGENTAINER_CHECK(size <= std::numeric_limits<std::uint32_t>::max(),
                   "a value's size fits 32 bits");
}

Value Value::list(const Value* items, std::size_t size) {
  return Value(Kind::kList, Store::kMade, items, size);
}
Value Value::map(const MapData* data) { return Value(Kind::kMap, Store::kMade, data, 0); }
Value Value::of(const Members* members) { return Value(Kind::kMap, Store::kMembers, members, 0); }

Value Value::of(const Json& json) {
  switch (json.kind()) {
    case json::kind::null:
      return null();
    case json::kind::bool_:
      return boolean(json.get_bool());
    case json::kind::int64:
      return integer(json.get_int64());
    case json::kind::uint64: {
      const std::uint64_t number = json.get_uint64();
      return number >> 63 == 0 ? integer(static_cast<std::int64_t>(number)) : uinteger(number);
    }
    case json::kind::double_:
      return real(json.get_double());
    case json::kind::string:
      return string({json.get_string().data(), json.get_string().size()});
    case json::kind::array:
      return Value(Kind::kList, Store::kJson, &json.get_array(), json.get_array().size());
    case json::kind::object:
      return Value(Kind::kMap, Store::kJson, &json.get_object(), 0);
  }
  return null();
}

Value Value::item(std::size_t index) const {
  if (store_ == Store::kJson) return of((*pointer<json::array>())[index]);
  return pointer<Value>()[index];
}

bool is_key_kind(Kind kind) {
  return kind == Kind::kBool || kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kString;
}

std::uint64_t hash_key(const Value& key) {
  if (key.is(Kind::kString)) return std::hash<std::string_view>()(key.text());
  // Equal ints and uints have the same 64 bits; a bool differs from 0 and 1 in its kind.
  const std::uint64_t salt = key.is(Kind::kBool) ? 0x5851F42D4C957F2Dull : 0;
  const std::uint64_t mixed = (key.as_uint() + salt) * 0x9E3779B97F4A7C15ull;
  return mixed ^ (mixed >> 32);
}

const MapEntry* MapData::find(const Value& key) const {
  if (index == nullptr) {
    for (std::uint32_t i = 0; i < size; ++i)
      if (equal_scalars(entries[i].key, key)) return &entries[i];
    return nullptr;
  }
  const std::uint32_t mask = index_size - 1;
  for (auto slot = static_cast<std::uint32_t>(hash_key(key)) & mask; index[slot] != 0;
       slot = (slot + 1) & mask) {
    const MapEntry& entry = entries[index[slot] - 1];
    if (equal_scalars(entry.key, key)) return &entry;
  }
  return nullptr;
}

bool equal_scalars(const Value& a, const Value& b) {
  if (is_number(a.kind()) && is_number(b.kind())) return compare_numbers(a, b) == Order::kEqual;
  if (a.kind() != b.kind()) return false;
  if (a.is(Kind::kString) || a.is(Kind::kBytes)) return a.text() == b.text();
  if (a.is(Kind::kList) || a.is(Kind::kMap)) return false;
  return a.as_uint() == b.as_uint();
}

Order compare(const Value& a, const Value& b) {
  if (is_number(a.kind()) && is_number(b.kind())) return compare_numbers(a, b);
  if (a.kind() != b.kind()) return Order::kNone;
  if (a.is(Kind::kString) || a.is(Kind::kBytes)) return order(a.text().compare(b.text()), 0);
  if (a.is(Kind::kBool)) return order(a.as_uint(), b.as_uint());
  return Order::kNone;
}

}  // namespace agentainer::expr

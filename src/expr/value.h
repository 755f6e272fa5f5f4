#pragma once
// The values of an evaluation: sixteen bytes, copied freely, owning nothing. Text, lists and maps
// lie in the bound JSON, in the program, or in the evaluation's arena; all outlive the evaluation.

#include <bit>
#include <cstdint>
#include <string_view>

#include "base/json.h"
#include "expr/expr.h"

namespace agentainer::expr {

enum class Kind : std::uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kList,
  kMap,
  kType,
  kFault,  ///< No value: the evaluation failed and the Context has the fault.
};

/// As CEL spells the type: `int`, `null_type`, `list`…
std::string_view to_string(Kind kind);

/// A set of kinds.
using Kinds = std::uint16_t;
constexpr Kinds kinds(Kind kind) { return static_cast<Kinds>(1u << static_cast<unsigned>(kind)); }
inline constexpr Kinds kAnyKind = kinds(Kind::kFault) - 1;

struct MapData;

class Value {
 public:
  constexpr Value() : Value(Kind::kNull) {}

  static constexpr Value null() { return Value(Kind::kNull); }
  static constexpr Value fault() { return Value(Kind::kFault); }
  static constexpr Value boolean(bool value) { return Value(Kind::kBool, value ? 1u : 0u); }
  static constexpr Value integer(std::int64_t value) {
    return Value(Kind::kInt, static_cast<std::uint64_t>(value));
  }
  static constexpr Value uinteger(std::uint64_t value) { return Value(Kind::kUint, value); }
  static constexpr Value real(double value) {
    return Value(Kind::kDouble, std::bit_cast<std::uint64_t>(value));
  }
  static constexpr Value type(Kind value) {
    return Value(Kind::kType, static_cast<std::uint64_t>(value));
  }
  /// At most 2^32 - 1 bytes: Boost.JSON's strings and the limits on made ones are below it.
  static Value string(std::string_view text) { return Value(Kind::kString, text); }
  static Value bytes(std::string_view octets) { return Value(Kind::kBytes, octets); }
  static Value list(const Value* items, std::size_t size);
  static Value map(const MapData* data);
  static Value of(const Members* members);
  /// Integers become int, or uint where only that holds them; other numbers double.
  static Value of(const Json& json);

  Kind kind() const { return kind_; }
  bool is(Kind kind) const { return kind_ == kind; }
  bool is_fault() const { return kind_ == Kind::kFault; }
  bool is_true() const { return kind_ == Kind::kBool && word_ != 0; }
  bool is_false() const { return kind_ == Kind::kBool && word_ == 0; }

  std::int64_t as_int() const { return static_cast<std::int64_t>(word_); }
  std::uint64_t as_uint() const { return word_; }
  double as_double() const { return std::bit_cast<double>(word_); }
  Kind as_type() const { return static_cast<Kind>(word_); }
  /// Of a string or bytes.
  std::string_view text() const { return {pointer<char>(), size_}; }

  /// Where a list or map lies, for whoever walks it whole.
  const json::array* json_array() const {
    return pointer_if<json::array>(Kind::kList, Store::kJson);
  }
  const json::object* json_object() const {
    return pointer_if<json::object>(Kind::kMap, Store::kJson);
  }
  const Members* members() const { return pointer_if<Members>(Kind::kMap, Store::kMembers); }
  const MapData* map_data() const { return pointer_if<MapData>(Kind::kMap, Store::kMade); }

  /// Of a list.
  std::size_t list_size() const { return size_; }
  Value item(std::size_t index) const;

 private:
  enum class Store : std::uint8_t { kMade, kJson, kMembers };

  constexpr explicit Value(Kind kind, std::uint64_t word = 0) : word_(word), kind_(kind) {}
  Value(Kind kind, std::string_view text);
  Value(Kind kind, Store store, const void* data, std::size_t size);

  template <typename T>
  const T* pointer() const {
    return reinterpret_cast<const T*>(static_cast<std::uintptr_t>(word_));
  }
  template <typename T>
  const T* pointer_if(Kind kind, Store store) const {
    return kind_ == kind && store_ == store ? pointer<T>() : nullptr;
  }

  std::uint64_t word_ = 0;  ///< The number, or the address.
  std::uint32_t size_ = 0;  ///< Bytes of text, items of a list.
  Kind kind_ = Kind::kNull;
  Store store_ = Store::kMade;
};
static_assert(sizeof(Value) == 16);

struct MapEntry {
  Value key;
  Value value;
};

/// A map made by the expression. Keys are bool, int, uint or string, and unique (1 and 1u are one
/// key).
struct MapData {
  const MapEntry* entries = nullptr;
  std::uint32_t size = 0;
  /// Open addressing over entry numbers plus one; absent for a small map. Its length is a power of
  /// two.
  const std::uint32_t* index = nullptr;
  std::uint32_t index_size = 0;

  /// nullptr when there is none. `key` is of a key's kind.
  const MapEntry* find(const Value& key) const;
};

/// Whether a map key may have this kind.
bool is_key_kind(Kind kind);
/// Of a key, equal for equal keys.
std::uint64_t hash_key(const Value& key);
/// Numbers by value whatever their kind, other scalars by kind and value; lists and maps are never
/// equal here (see equality.h).
bool equal_scalars(const Value& a, const Value& b);

/// Order of two numbers, two strings, two bytes or two bools; kUnordered with NaN, kNone otherwise.
enum class Order { kLess, kEqual, kGreater, kUnordered, kNone };
Order compare(const Value& a, const Value& b);

}  // namespace agentainer::expr

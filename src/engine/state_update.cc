#include "engine/state_update.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace agentainer::engine {
namespace {

Text make_text(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

/// Exact, where a conversion of the integer to double would round.
bool is_same_number(std::int64_t integer, double number) {
  constexpr double kTwoTo63 = 9223372036854775808.0;
  return number >= -kTwoTo63 && number < kTwoTo63 && std::trunc(number) == number &&
         static_cast<std::int64_t>(number) == integer;
}

bool is_same_number(const Json& a, const Json& b) {
  if (a.is_double() && b.is_double()) return a.get_double() == b.get_double();
  if (a.is_double()) return is_same_number(b, a);
  if (!b.is_double()) return a == b;  // integers of either sign: by value
  if (a.is_int64()) return is_same_number(a.get_int64(), b.get_double());
  // What is above 2^63 and no int64 is exact as a double only up to its rounding.
  constexpr double kTwoTo64 = 18446744073709551616.0;
  const double number = b.get_double();
  return number >= 0 && number < kTwoTo64 && std::trunc(number) == number &&
         static_cast<std::uint64_t>(number) == a.get_uint64();
}

std::string_view kind_of(const Json& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "true or false";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "text";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return "";
}

Result<Json> parse_part(std::string_view what, std::string_view text) {
  Result<Json> value = parse_json(text);
  if (!value) return fail(ErrorCode::kInvalid, "the {} is {}", what, value.error().message);
  return value;
}

Result<StateChange> increment(const StateUpdate& update, const StateData& data) {
  Json amount = 1;
  if (!update.text.empty()) {
    Result<Json> given = parse_part("amount", update.text);
    if (!given) return tl::make_unexpected(given.error());
    amount = std::move(*given);
  }
  if (!amount.is_number())
    return fail(ErrorCode::kInvalid, "the amount is a number, not {}", kind_of(amount));
  const Json* found = data.find(update.key);
  const Json current = found == nullptr ? Json(0) : *found;
  if (!current.is_number())
    return fail(ErrorCode::kInvalid, "{} is {}: only a number can be incremented", update.key,
                kind_of(current));
  if (current.is_double() || amount.is_double()) {
    const double sum = current.to_number<double>() + amount.to_number<double>();
    if (!std::isfinite(sum))
      return fail(ErrorCode::kInvalid, "{} would grow beyond what a number can hold", update.key);
    return StateChange{true, make_text(to_text(Json(sum)))};
  }
  std::int64_t sum = 0;
  if (current.is_uint64() || amount.is_uint64() ||
      __builtin_add_overflow(current.get_int64(), amount.get_int64(), &sum))
    return fail(ErrorCode::kInvalid, "{} would leave the range of 64-bit integers", update.key);
  return StateChange{true, make_text(std::to_string(sum))};
}

Result<StateChange> append(const StateUpdate& update, const StateData& data, bool once) {
  const Result<Json> element = parse_part("element", update.text);
  if (!element) return tl::make_unexpected(element.error());
  const Text current = data.text(update.key);
  if (!current) return StateChange{true, make_text("[" + update.text + "]")};
  // A list begins with its bracket; to parse it only to append to it would take its whole length.
  if (const std::size_t begin = current->find_first_not_of(" \t\r\n"); (*current)[begin] != '[')
    return fail(ErrorCode::kInvalid, "{} is {}: only a list can be appended to", update.key,
                kind_of(*data.find(update.key)));
  if (once) {
    const json::array& list = data.find(update.key)->get_array();
    if (std::any_of(list.begin(), list.end(),
                    [&](const Json& present) { return is_same_json(present, *element); }))
      return StateChange{false, current};
  }
  if (current->size() + update.text.size() > kMaxStateValueBytes)
    return fail(ErrorCode::kInvalid, "{} would be larger than {} MiB", update.key,
                kMaxStateValueBytes / (1024 * 1024));
  const std::size_t end = current->rfind(']');
  const std::size_t last = current->find_last_not_of(" \t\r\n", end - 1);
  std::string text = current->substr(0, end);
  if ((*current)[last] != '[') text += ',';
  text += update.text;
  text += ']';
  return StateChange{true, make_text(std::move(text))};
}

Result<StateChange> compare_and_swap(const StateUpdate& update, const StateData& data) {
  const Json* current = data.find(update.key);
  bool holds = current == nullptr;
  if (update.expected) {
    const Result<Json> expected = parse_part("expected value", *update.expected);
    if (!expected) return tl::make_unexpected(expected.error());
    holds = current != nullptr && is_same_json(*current, *expected);
  }
  if (!holds) return StateChange{false, data.text(update.key)};
  return StateChange{true, make_text(update.text)};
}

Result<StateChange> change(const StateUpdate& update, const StateData& data) {
  switch (update.kind) {
    case StateUpdate::Kind::kSet:
      return StateChange{true, make_text(update.text)};
    case StateUpdate::Kind::kDelete:
      return StateChange{data.text(update.key) != nullptr, nullptr};
    case StateUpdate::Kind::kIncrement:
      return increment(update, data);
    case StateUpdate::Kind::kAppend:
      return append(update, data, false);
    case StateUpdate::Kind::kAddToSet:
      return append(update, data, true);
    case StateUpdate::Kind::kCompareAndSwap:
      return compare_and_swap(update, data);
  }
  return fail(ErrorCode::kInternal, "an unknown kind of update");
}

}  // namespace

bool is_same_json(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return is_same_number(a, b);
  if (a.kind() != b.kind()) return false;
  if (const json::array* list = a.if_array()) {
    const json::array& other = b.get_array();
    return std::equal(list->begin(), list->end(), other.begin(), other.end(), is_same_json);
  }
  if (const json::object* object = a.if_object()) {
    const json::object& other = b.get_object();
    return object->size() == other.size() &&
           std::all_of(object->begin(), object->end(), [&](const auto& member) {
             const Json* same = other.if_contains(member.key());
             return same != nullptr && is_same_json(member.value(), *same);
           });
  }
  return a == b;
}

Result<StateChange> evaluate(const StateUpdate& update, const StateData& data) {
  if (update.key.empty() || update.key.size() > kMaxStateKeyBytes)
    return fail(ErrorCode::kInvalid, "a key of the state has 1 to {} bytes", kMaxStateKeyBytes);
  if (to_valid_utf8(update.key) != update.key)
    return fail(ErrorCode::kInvalid, "a key of the state is UTF-8");
  Result<StateChange> made = change(update, data);
  if (!made || !made->changed || !made->text) return made;
  // The value given, or a list that an element has made too deep.
  if (const Status valid = check_json(*made->text); !valid)
    return fail(ErrorCode::kInvalid, "{}: {}", update.key, valid.error().message);
  return made;
}

}  // namespace agentainer::engine

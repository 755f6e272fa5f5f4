#include "expr/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>

#include "expr/containers.h"
#include "expr/numbers.h"

namespace agentainer::expr {
namespace {

tl::unexpected<Error> too_large(const Context& context) {
  return fail(ErrorCode::kResource, "the result is larger than its limit of {} bytes",
              context.limits().max_result_bytes);
}

tl::unexpected<Error> too_deep() {
  return fail(ErrorCode::kResource, "the result is nested deeper than {} levels", kMaxJsonDepth);
}

std::string base64(std::string_view octets) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < octets.size(); i += 3) {
    const std::size_t given = std::min<std::size_t>(3, octets.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < given ? static_cast<std::uint8_t>(octets[i + k]) : 0u);
    for (std::size_t k = 0; k < 4; ++k)
      out.push_back(k <= given ? kDigits[group >> (18 - 6 * k) & 63] : '=');
  }
  return out;
}

/// A key of a map as the key of a JSON object.
std::string key_text(const Value& key) {
  if (key.is(Kind::kString)) return std::string(key.text());
  if (key.is(Kind::kBool)) return key.is_true() ? "true" : "false";
  if (key.is(Kind::kInt)) return fmt::format("{}", key.as_int());
  return fmt::format("{}", key.as_uint());
}

/// Calls `each(key, value)` for the entries in order, until one gives an error.
template <typename Each>
Status for_each_entry(const Value& map, Each each) {
  Status status;
  if (const MapData* data = map.map_data()) {
    for (std::uint32_t i = 0; i < data->size && status; ++i)
      status = each(key_text(data->entries[i].key), data->entries[i].value);
  } else if (const json::object* object = map.json_object()) {
    for (auto entry = object->begin(); entry != object->end() && status; ++entry)
      status = each(std::string_view(entry->key().data(), entry->key().size()),
                    Value::of(entry->value()));
  } else {
    for (const std::string_view key : map.members()->keys()) {
      // A key that find() does not know is an object that changes under the evaluation.
      if (const Json* value = map.members()->find(key); value != nullptr && status)
        status = each(key, Value::of(*value));
    }
  }
  return status;
}

tl::unexpected<Error> no_json_form(const Value& value) {
  if (value.is(Kind::kDouble))
    return fail(ErrorCode::kUnsupported, "the result {} has no JSON form",
                format_double(value.as_double()));
  return fail(ErrorCode::kUnsupported, "the result, a {}, has no JSON form",
              to_string(value.kind()));
}

class JsonWriter {
 public:
  explicit JsonWriter(Context& context) : context_(context) {}

  Result<Json> write(const Value& value, std::size_t depth) {
    if (depth > kMaxJsonDepth) return too_deep();
    if (!context_.take_output(sizeof(Json))) return too_large(context_);
    switch (value.kind()) {
      case Kind::kNull:
        return Json(nullptr);
      case Kind::kBool:
        return Json(value.is_true());
      case Kind::kInt:
        return Json(value.as_int());
      case Kind::kUint:
        return Json(value.as_uint());
      case Kind::kDouble:
        if (!std::isfinite(value.as_double())) return no_json_form(value);
        return Json(value.as_double());
      case Kind::kString:
        return text(value.text());
      case Kind::kBytes:
        return text(base64(value.text()));
      case Kind::kList:
        return list(value, depth);
      case Kind::kMap:
        return map(value, depth);
      case Kind::kType:
      case Kind::kFault:
        break;
    }
    return no_json_form(value);
  }

 private:
  Result<Json> text(std::string_view text) {
    if (!context_.take_output(text.size())) return too_large(context_);
    return Json(json::string_view(text.data(), text.size()));
  }

  Result<Json> list(const Value& value, std::size_t depth) {
    json::array array;
    for (std::size_t i = 0; i < value.list_size(); ++i) {
      auto item = write(value.item(i), depth + 1);
      if (!item) return item;
      array.push_back(std::move(*item));
    }
    return Json(std::move(array));
  }

  Result<Json> map(const Value& value, std::size_t depth) {
    json::object object;
    const Status done =
        for_each_entry(value, [&](std::string_view key, const Value& entry) -> Status {
          if (!context_.take_output(key.size())) return too_large(context_);
          auto item = write(entry, depth + 1);
          if (!item) return tl::make_unexpected(std::move(item.error()));
          if (!object.emplace(json::string_view(key.data(), key.size()), std::move(*item)).second)
            return fail(ErrorCode::kUnsupported, "two keys of the result are both '{}' as JSON",
                        key);
          return {};
        });
    if (!done) return tl::make_unexpected(done.error());
    return Json(std::move(object));
  }

  Context& context_;
};

/// Compact JSON text. Unlike Boost.JSON's, doubles read as people write them: 0.5, not 5E-1.
class TextWriter {
 public:
  TextWriter(const Context& context, std::string& out) : context_(context), out_(out) {}

  Status write(const Value& value, std::size_t depth) {
    if (depth > kMaxJsonDepth) return too_deep();
    switch (value.kind()) {
      case Kind::kNull:
        return put("null");
      case Kind::kBool:
        return put(value.is_true() ? "true" : "false");
      case Kind::kInt:
        return put(fmt::format("{}", value.as_int()));
      case Kind::kUint:
        return put(fmt::format("{}", value.as_uint()));
      case Kind::kDouble:
        if (!std::isfinite(value.as_double())) return no_json_form(value);
        return put(format_double(value.as_double()));
      case Kind::kString:
        return quoted(value.text());
      case Kind::kBytes:
        return quoted(base64(value.text()));
      case Kind::kList:
        return list(value, depth);
      case Kind::kMap:
        return map(value, depth);
      case Kind::kType:
      case Kind::kFault:
        break;
    }
    return no_json_form(value);
  }

  Status put(std::string_view text) {
    if (out_.size() + text.size() > context_.limits().max_result_bytes) return too_large(context_);
    out_.append(text);
    return {};
  }

 private:
  Status quoted(std::string_view text) {
    append_json_string(out_, text);
    return put({});
  }

  Status list(const Value& value, std::size_t depth) {
    Status done = put("[");
    for (std::size_t i = 0; done && i < value.list_size(); ++i) {
      if (i > 0) done = put(",");
      if (done) done = write(value.item(i), depth + 1);
    }
    return done ? put("]") : done;
  }

  Status map(const Value& value, std::size_t depth) {
    Status done = put("{");
    bool first = true;
    if (done)
      done = for_each_entry(value, [&](std::string_view key, const Value& entry) -> Status {
        if (!first) out_.push_back(',');
        first = false;
        if (Status good = quoted(key); !good) return good;
        out_.push_back(':');
        return write(entry, depth + 1);
      });
    return done ? put("}") : done;
  }

  const Context& context_;
  std::string& out_;
};

}  // namespace

Result<Json> to_json(Context& context, const Value& value, std::size_t depth) {
  return JsonWriter(context).write(value, depth);
}

Result<Json> to_result(Context& context, const Value& value) {
  if (const json::object* object = value.json_object()) return Json(*object);
  if (const json::array* array = value.json_array()) return Json(*array);
  // One that was made has been held to the limit already.
  if (value.is(Kind::kString))
    return Json(json::string_view(value.text().data(), value.text().size()));
  return to_json(context, value);
}

Status append_text(const Context& context, const Value& value, NullText null, std::string& out) {
  TextWriter writer(context, out);
  if (value.is(Kind::kString)) return writer.put(value.text());
  if (value.is(Kind::kNull) && null == NullText::kEmpty) return {};
  return writer.write(value, 0);
}

}  // namespace agentainer::expr

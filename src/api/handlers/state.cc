#include "api/handlers/handlers.h"
#include "api/views.h"

namespace agentainer::api {
namespace {

using Kind = engine::StateUpdate::Kind;

/// The schema lets no other operation through.
Kind kind_of(std::string_view operation) {
  if (operation == "delete") return Kind::kDelete;
  if (operation == "increment") return Kind::kIncrement;
  if (operation == "append") return Kind::kAppend;
  if (operation == "add_to_set") return Kind::kAddToSet;
  if (operation == "compare_and_swap") return Kind::kCompareAndSwap;
  return Kind::kSet;
}

void update(Context& context, const CallPtr& call, engine::StateUpdate update) {
  const std::string key = update.key;
  context.server.update_state(
      call->workflow(), std::move(update),
      [&context, call, key](const Result<engine::StateUpdateResult>& result) {
        if (!result) return refuse_not_running(context, call, result.error());
        Result<Json> value = parse_json(result->text);
        call->succeed({{"key", key},
                       {"changed", result->changed},
                       {"value", value ? std::move(*value) : Json(nullptr)}});
      });
}

Json parsed_state(const std::map<std::string, std::string>& stored) {
  json::object out;
  for (const auto& [key, text] : stored) {
    // What an agent has written with direct access need not be JSON.
    Result<Json> value = parse_json(text);
    out[to_valid_utf8(key)] = value ? std::move(*value) : Json(to_valid_utf8(text));
  }
  return out;
}

void answer_state(const CallPtr& call, const std::map<std::string, std::string>& stored) {
  const std::string* key = call->query("key");
  if (key == nullptr) return call->succeed(parsed_state(stored));
  const auto found = stored.find(*key);
  if (found == stored.end())
    return call->refuse({ErrorCode::kNotFound, fmt::format("the state has no key '{}'", *key)});
  Result<Json> value = parse_json(found->second);
  call->succeed(value ? std::move(*value) : Json(to_valid_utf8(found->second)));
}

}  // namespace

void get_state(Context& context, const CallPtr& call) {
  // The hash and not the memory: agents with direct access write there.
  context.store.read_state(
      call->workflow(), [&context, call](const Result<std::map<std::string, std::string>>& stored) {
        if (!stored) return call->refuse(stored.error());
        if (!stored->empty()) return answer_state(call, *stored);
        if (call->query("key") != nullptr) return answer_state(call, {});
        succeed_if_known(context, call, json::object());
      });
}

void set_state(Context& context, const CallPtr& call) {
  const json::object& body = call->body().get_object();
  const Json* value = body.if_contains("value");
  engine::StateUpdate change;
  change.kind = Kind::kSet;
  change.key = std::string(body.at("key").get_string());
  change.text = value != nullptr ? to_text(*value) : "null";
  update(context, call, std::move(change));
}

void update_state(Context& context, const CallPtr& call) {
  const json::object& body = call->body().get_object();
  engine::StateUpdate change;
  change.kind = kind_of(body.at("operation").get_string());
  change.key = std::string(body.at("key").get_string());
  const Json* value = body.if_contains("value");
  const bool needs_value = change.kind != Kind::kDelete && change.kind != Kind::kIncrement;
  if (value == nullptr && needs_value)
    return call->refuse({ErrorCode::kInvalid, "this operation needs a value"});
  change.text = value != nullptr ? to_text(*value) : change.kind == Kind::kIncrement ? "1" : "null";
  if (const Json* expected = body.if_contains("expected")) change.expected = to_text(*expected);
  update(context, call, std::move(change));
}

void send_signal(Context& context, const CallPtr& call) {
  context.server.signal(call->workflow(), call->parameter("name"), to_text(call->body()),
                        answer_with_reference(context, call, "sent"));
}

}  // namespace agentainer::api

#include "api/handlers/handlers.h"
#include "base/time_text.h"

namespace agentainer::api {
namespace {

Json token_view(const Token& token) {
  return {{"id", token.id},
          {"name", token.name},
          {"scope", to_string(token.scope)},
          {"workflow", token.workflow ? Json(token.workflow->text()) : Json(nullptr)},
          {"created_at", utc_time(token.created)},
          {"expires_at", token.expires ? Json(utc_time(*token.expires)) : Json(nullptr)}};
}

Scope scope_of(std::string_view text) {
  if (text == "admin") return Scope::kAdmin;
  return text == "run" ? Scope::kRun : Scope::kRead;
}

}  // namespace

void list_tokens(Context& context, const CallPtr& call) {
  json::array out;
  for (const auto& [id, token] : context.access.tokens()) out.push_back(token_view(*token));
  call->succeed(std::move(out));
}

void create_token(Context& context, const CallPtr& call) {
  const json::object& body = call->body().get_object();
  const TimePoint now = context.executor.now();
  const Json* name = body.if_contains("name");
  NewToken made = make_token(name != nullptr ? std::string(name->get_string()) : "",
                             scope_of(body.at("scope").get_string()), now);
  if (const Json* workflow = body.if_contains("workflow")) {
    made.token.workflow = WorkflowId::parse(workflow->get_string());
    if (!made.token.workflow)
      return call->refuse({ErrorCode::kInvalid, "workflow has to be a workflow's id"});
  }
  if (const Json* seconds = body.if_contains("expires_in_seconds"))
    made.token.expires = now + std::chrono::seconds(seconds->to_number<std::int64_t>());
  const Json view = token_view(made.token);
  context.access.add(
      std::move(made.token), [call, view, text = std::move(made.text)](const Status& status) {
        if (!status) return call->refuse(status.error());
        call->succeed({{"token", view}, {"text", text}}, "keep the text: it cannot be shown again");
      });
}

void revoke_token(Context& context, const CallPtr& call) {
  const std::string id = call->parameter("token");
  context.access.revoke(id, [call, id](const Status& status) {
    if (!status) return call->refuse(status.error());
    call->succeed({{"id", to_valid_utf8(id)}}, "revoked");
  });
}

void read_audit(Context& context, const CallPtr& call) {
  const auto limit = call->integer("limit", 100, 1, 1000);
  if (!limit) return call->refuse(limit.error());
  const std::string* cursor = call->query("cursor");
  std::optional<std::string> before;
  if (cursor != nullptr) before = *cursor;
  context.store.read_audit(
      before, static_cast<std::size_t>(*limit),
      [call, limit = *limit](const Result<std::vector<store::AuditEntry>>& entries) {
        if (!entries) return call->refuse(entries.error());
        json::array out;
        for (const store::AuditEntry& entry : *entries) {
          Result<Json> parsed = parse_json(entry.text);
          if (!parsed || !parsed->is_object()) continue;  // not of our writing
          parsed->get_object()["id"] = entry.id;
          out.push_back(std::move(*parsed));
        }
        const bool is_full = entries->size() == static_cast<std::size_t>(limit);
        call->succeed({{"entries", std::move(out)},
                       {"next", is_full ? Json(entries->back().id) : Json(nullptr)}});
      });
}

}  // namespace agentainer::api

#include "api/api.h"

#include <algorithm>

#include "api/handlers/handlers.h"
#include "base/time_text.h"

namespace agentainer::api {
namespace {

using net::HttpRequest;
using net::HttpResponse;

/// "localhost" of "localhost:8081" and "[::1]:8081".
std::string_view host_name(std::string_view text) {
  if (text.starts_with('[')) return text.substr(0, text.find(']') + 1);
  return text.substr(0, text.find(':'));
}

/// "example.org" of "http://example.org:80".
std::string_view origin_host(std::string_view origin) {
  const std::size_t scheme = origin.find("://");
  return scheme == origin.npos ? origin : host_name(origin.substr(scheme + 3));
}

bool changes_something(const Route& route) { return route.method != "GET"; }

/// 404, 405 or nothing.
std::optional<HttpResponse> check_match(const Match& match, std::string_view target) {
  if (match.route != nullptr) return std::nullopt;
  if (match.allowed.empty())
    return refusal(404, "not_found",
                   fmt::format("there is nothing at {}; /openapi.json lists what there is",
                               target.substr(0, target.find('?'))));
  HttpResponse response =
      refusal(405, "method_not_allowed", fmt::format("this takes {} only", match.allowed));
  response.fields.push_back({"Allow", match.allowed});
  return response;
}

std::string audit_text(const Call& call, const HttpRequest& request, int status, TimePoint now) {
  json::object entry{{"at", utc_time(now)},
                     {"token", call.token() != nullptr ? Json(call.token()->id) : Json(nullptr)},
                     {"token_name", call.token() != nullptr ? call.token()->name : ""},
                     {"operation", call.route().name},
                     {"target", to_valid_utf8(request.target)},
                     {"status", status},
                     {"from", request.remote}};
  return to_text(entry);
}

/// Writes down how a request that changes something was answered, then answers.
class AuditedExchange final : public net::HttpExchange {
 public:
  using Note = std::function<void(const HttpRequest&, int status)>;
  AuditedExchange(std::shared_ptr<net::HttpExchange> inner, Note note)
      : inner_(std::move(inner)), note_(std::move(note)) {}
  HttpRequest& request() override { return inner_->request(); }
  void respond(HttpResponse response) override {
    note_(request(), response.status);
    inner_->respond(std::move(response));
  }
  std::shared_ptr<net::HttpStream> stream(HttpResponse head) override {
    return inner_->stream(std::move(head));
  }

 private:
  std::shared_ptr<net::HttpExchange> inner_;
  Note note_;
};

}  // namespace

Api::Api(Executor& executor, server::Server& server, store::Store& store, Access& access,
         Options options)
    : options_(std::move(options)),
      access_(access),
      executor_(executor),
      archive_(server, store),
      feed_(executor, server, store),
      ends_(executor, server),
      context_{executor, server, store, access, archive_, feed_, ends_, options_} {}

std::optional<HttpResponse> Api::on_head(const HttpRequest& request) {
  if (auto refused = check_host(request)) return refused;
  const auto target = net::parse_http_target(request.target);
  if (!target) return refusal(target.error());
  const Match match = find_route(request.method, target->segments);
  // Who may not see anything is not told what there is.
  if (match.route == nullptr || match.route->scope != Scope::kNone)
    if (auto refused = check_access(request, match)) return refused;
  if (auto refused = check_match(match, request.target)) return refused;
  if (is_draining_ && changes_something(*match.route))
    return refusal(503, "unavailable", "the server is stopping; try again when it is back");
  return std::nullopt;
}

std::optional<HttpResponse> Api::check_host(const HttpRequest& request) const {
  if (options_.hosts.empty()) return std::nullopt;
  const auto is_ours = [&](std::string_view name) {
    return std::any_of(options_.hosts.begin(), options_.hosts.end(), [&](const std::string& host) {
      return net::equals_ignoring_case(host, name);
    });
  };
  const std::string* host = request.field("Host");
  if (host == nullptr || !is_ours(host_name(*host)))
    return refusal(403, "forbidden",
                   "this server does not go by that name (Host); --allow-host adds names");
  const std::string* origin = request.field("Origin");
  if (origin != nullptr && !is_ours(origin_host(*origin)))
    return refusal(403, "forbidden", "pages of that origin may not use this server");
  return std::nullopt;
}

std::optional<HttpResponse> Api::check_access(const HttpRequest& request, const Match& match) {
  const auto token = access_.check(bearer_token(request));
  if (!token) {
    if (!failures_.note(request.remote, executor_.now())) {
      HttpResponse response = refusal(429, "too_many_failures",
                                      "too many requests without a valid token; wait a minute");
      response.fields.push_back({"Retry-After", "60"});
      return response;
    }
    HttpResponse response = refusal(401, "unauthorized",
                                    "a valid token is needed: Authorization: Bearer <token>; the "
                                    "first one is in the file 'token' of the data directory");
    response.fields.push_back({"WWW-Authenticate", "Bearer"});
    return response;
  }
  if (match.route == nullptr) return std::nullopt;
  if (token->scope < match.route->scope)
    return refusal(403, "forbidden",
                   fmt::format("this needs a token with the scope {}, yours has {}",
                               to_string(match.route->scope), to_string(token->scope)));
  if (token->workflow) {
    const bool is_its_own = !match.parameters.empty() && match.parameters.front().first == "id" &&
                            WorkflowId::parse(match.parameters.front().second) == token->workflow;
    if (!is_its_own)
      return refusal(403, "forbidden", "this token is for one workflow only, and not for this");
  }
  return std::nullopt;
}

bool Api::read_body(Call& call) {
  const Route& route = call.route();
  HttpRequest& request = call.request();
  if (route.body.empty() || route.body == "workflow") return true;
  if (request.body.empty()) {
    call.body() = route.body == "Any" ? Json(nullptr) : Json(json::object{});
  } else {
    const std::string* type = request.field("Content-Type");
    if (type != nullptr && type->find("json") == std::string::npos &&
        type->find("x-www-form-urlencoded") == std::string::npos) {
      call.respond(refusal(415, "unsupported_media_type", "the body has to be JSON"));
      return false;
    }
    Result<Json> body = parse_json(request.body);
    if (!body) {
      call.refuse({ErrorCode::kInvalid, "the body is no JSON: " + body.error().message});
      return false;
    }
    call.body() = std::move(*body);
  }
  if (const Status valid = body_check_.check(route.body, call.body()); !valid) {
    call.refuse(valid.error());
    return false;
  }
  return true;
}

void Api::on_request(std::shared_ptr<net::HttpExchange> exchange) {
  // Both were looked at before the body was read.
  const auto target = net::parse_http_target(exchange->request().target);
  Match match = target ? find_route(exchange->request().method, target->segments) : Match();
  if (match.route == nullptr) return exchange->respond(on_refused(404, "there is nothing here"));
  std::shared_ptr<const Token> token;
  if (match.route->scope != Scope::kNone) {
    token = access_.check(bearer_token(exchange->request()));
    if (!token) return exchange->respond(on_refused(401, "the token has ended meanwhile"));
  }
  if (changes_something(*match.route)) {
    const Route& route = *match.route;
    exchange = std::make_shared<AuditedExchange>(
        std::move(exchange), [this, &route, token](const HttpRequest& request, int status) {
          const Call noted(nullptr, route, {}, {}, token);
          context_.store.append_audit(audit_text(noted, request, status, executor_.now()),
                                      [](const Status&) {});
        });
  }
  auto call = std::make_shared<Call>(std::move(exchange), *match.route, std::move(match.parameters),
                                     target->query, std::move(token));
  if (match.route->path.find("{id}") != std::string_view::npos) {
    const auto id = WorkflowId::parse(call->parameter("id"));
    if (!id)
      return call->refuse(
          {ErrorCode::kNotFound, fmt::format("there is no workflow {}", call->parameter("id"))});
    call->set_workflow(*id);
  }
  if (read_body(*call)) handle(context_, call);
}

HttpResponse Api::on_refused(int status, std::string_view message) {
  return refusal(status, net::reason_phrase(status), message);
}

}  // namespace agentainer::api

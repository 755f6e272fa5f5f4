#pragma once
// One request on its way to its answer.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/access.h"
#include "api/routes.h"
#include "base/json.h"
#include "base/result.h"
#include "net/http/server.h"

namespace agentainer::api {

/// {"success":true,"message":…,"data":…}, as the original answers.
net::HttpResponse success(int status, Json data, std::string_view message = "");
/// {"success":false,"message":…,"data":…,"error":{"code":…}}
net::HttpResponse refusal(int status, std::string_view code, std::string_view message,
                          Json data = nullptr);
net::HttpResponse refusal(const Error& error);

/// Kept alive by whoever answers it.
class Call {
 public:
  Call(std::shared_ptr<net::HttpExchange> exchange, const Route& route, PathParameters parameters,
       std::vector<std::pair<std::string, std::string>> query, std::shared_ptr<const Token> token)
      : exchange_(std::move(exchange)),
        route_(route),
        parameters_(std::move(parameters)),
        query_(std::move(query)),
        token_(std::move(token)) {}

  const Route& route() const { return route_; }
  net::HttpRequest& request() { return exchange_->request(); }
  /// Null where a route needs none.
  const Token* token() const { return token_.get(); }

  /// Of a {name} in the route's path.
  const std::string& parameter(std::string_view name) const;
  /// Of the path's {id}.
  WorkflowId workflow() const { return workflow_; }
  void set_workflow(const WorkflowId& id) { workflow_ = id; }

  /// Null when it is not given.
  const std::string* query(std::string_view name) const;
  /// kInvalid when it is no integer within the bounds.
  Result<std::int64_t> integer(std::string_view name, std::int64_t default_value,
                               std::int64_t least, std::int64_t most) const;
  Result<bool> boolean(std::string_view name, bool default_value) const;

  Json& body() { return body_; }

  /// With the route's status.
  void succeed(Json data, std::string_view message = "") {
    respond(success(route_.status, std::move(data), message));
  }
  void refuse(const Error& error) { respond(refusal(error)); }
  void respond(net::HttpResponse response);
  std::shared_ptr<net::HttpStream> stream(net::HttpResponse head) {
    return exchange_->stream(std::move(head));
  }

 private:
  std::shared_ptr<net::HttpExchange> exchange_;
  const Route& route_;
  PathParameters parameters_;
  std::vector<std::pair<std::string, std::string>> query_;
  std::shared_ptr<const Token> token_;
  WorkflowId workflow_;
  Json body_;
};
using CallPtr = std::shared_ptr<Call>;

}  // namespace agentainer::api

#pragma once
// The HTTP API: every request is matched to a route, its token checked, its body validated, and
// handed to the route's handler.

#include <memory>
#include <string>
#include <vector>

#include "api/access.h"
#include "api/archive.h"
#include "api/body_check.h"
#include "api/call.h"
#include "api/end_waiters.h"
#include "api/event_feed.h"
#include "base/executor.h"
#include "net/http/server.h"
#include "server/server.h"
#include "store/store.h"

namespace agentainer::api {

struct Options {
  std::string version;
  std::string data_directory;    ///< Absolute; the agents' logs are in it.
  std::string source_directory;  ///< Absolute; images and files of submitted workflows start here.
  /// Names (without port) that requests may have in Host and Origin; empty: any. Keeps a web page
  /// from reaching a local server under a name of its own (DNS rebinding).
  std::vector<std::string> hosts;
};

/// What handlers work with.
struct Context {
  Executor& executor;
  server::Server& server;
  store::Store& store;
  Access& access;
  Archive& archive;
  EventFeed& feed;
  EndWaiters& ends;
  const Options& options;
};

class Api final : public net::HttpHandler {
 public:
  /// What is referred to must outlive it.
  Api(Executor& executor, server::Server& server, store::Store& store, Access& access,
      Options options);

  std::optional<net::HttpResponse> on_head(const net::HttpRequest& request) override;
  void on_request(std::shared_ptr<net::HttpExchange> exchange) override;
  net::HttpResponse on_refused(int status, std::string_view message) override;

  /// New work is refused with 503 from now on.
  void begin_drain() { is_draining_ = true; }

 private:
  std::optional<net::HttpResponse> check_host(const net::HttpRequest& request) const;
  std::optional<net::HttpResponse> check_access(const net::HttpRequest& request,
                                                const Match& match);
  bool read_body(Call& call);

  Options options_;
  Access& access_;
  Executor& executor_;
  Archive archive_;
  EventFeed feed_;
  EndWaiters ends_;
  Context context_;
  BodyCheck body_check_;
  FailureLimit failures_;
  bool is_draining_ = false;
};

}  // namespace agentainer::api

#pragma once
// A command's way to a server: where it is, who we are, and calls that answer with `data`.

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "cli/command_loop.h"
#include "net/http/client.h"

namespace agentainer::cli {

struct ServerChoice {
  std::string server;   ///< --server as given; may be empty.
  std::string token;    ///< --token as given; may be empty.
  std::string context;  ///< --context as given; may be empty.
  std::string ca_file;  ///< --cacert as given; may be empty.
  std::string data;     ///< --data as given; may be empty.
};
void add_server_options(CLI::App& command, ServerChoice& choice);

struct ServerAccess {
  std::string url;
  std::string token;
  std::string ca_file;
};
/// --server and --token, else $AGENTAINER_SERVER and $AGENTAINER_TOKEN, else the context, else the
/// server that runs on the data directory, with the token there. An error says what to do.
Result<ServerAccess> find_server(const ServerChoice& choice);

struct Request {
  std::string method = "GET";
  std::string target;
  std::string body;
  std::string content_type = "application/json";
  std::string idempotency_key;
};

class ServerClient {
 public:
  static Result<ServerClient> connect(CommandLoop& loop, const ServerChoice& choice);

  /// `data` of the answer. A refusal is an error of the code nearest to its status.
  Result<Json> call(const Request& request);

  /// Server-sent events until `on_event` gives false, the server ends them, or an interruption.
  /// Connects again where the connection is lost, from the last event on.
  struct Event {
    std::string id;
    std::string type;
    std::string data;
  };
  Status watch(const std::string& target, const std::function<bool(const Event&)>& on_event);

  CommandLoop& loop() { return loop_; }

 private:
  ServerClient(CommandLoop& loop, net::HttpClient client, std::string token)
      : loop_(loop), client_(std::move(client)), token_(std::move(token)) {}
  net::HttpRequest request_of(const Request& request) const;

  CommandLoop& loop_;
  net::HttpClient client_;
  std::string token_;
};

}  // namespace agentainer::cli

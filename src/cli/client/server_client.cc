#include "cli/client/server_client.h"

#include <cstdlib>

#include "cli/client/contexts.h"
#include "cli/client/event_parser.h"
#include "cli/data_directory.h"
#include "cli/serve/server_file.h"

namespace agentainer::cli {
namespace {

constexpr milliseconds kPatience{60'000};
constexpr milliseconds kReconnectPause{500};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

/// The named context, or the one in use; nothing when there is none.
Result<std::optional<ServerContext>> context_of(const std::string& name) {
  const Result<Contexts> contexts = read_contexts(contexts_path());
  if (!contexts) return tl::make_unexpected(contexts.error());
  const std::string& wanted = name.empty() ? contexts->current : name;
  if (wanted.empty()) return std::optional<ServerContext>();
  const auto found = contexts->by_name.find(wanted);
  if (found == contexts->by_name.end())
    return fail(ErrorCode::kNotFound,
                "there is no context '{}'; `agentainer context list` shows those there are",
                wanted);
  return std::optional(found->second);
}

ErrorCode code_of(int status) {
  switch (status) {
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    case 429:
    case 502:
    case 503:
    case 504:
      return ErrorCode::kUnavailable;
    default:
      return status >= 500 ? ErrorCode::kInternal : ErrorCode::kInvalid;
  }
}

/// The envelope's data, or its message as an error.
Result<Json> data_of(const net::HttpResponse& response) {
  Result<Json> body = parse_json(response.body);
  const bool is_envelope = body && body->is_object() && body->get_object().contains("data");
  if (response.status >= 200 && response.status < 300) {
    if (is_envelope) return std::move(body->get_object()["data"]);
    if (body) return body;
    return fail(ErrorCode::kInternal,
                "the server's answer is no JSON: is it an agentainer server?");
  }
  const Json* message = is_envelope ? body->get_object().if_contains("message") : nullptr;
  if (message != nullptr && message->is_string())
    return fail(code_of(response.status), "{}", std::string_view(message->get_string()));
  return fail(code_of(response.status), "the server answers {} {}", response.status,
              net::reason_phrase(response.status));
}

}  // namespace

void add_server_options(CLI::App& command, ServerChoice& choice) {
  command
      .add_option("--server", choice.server,
                  "The server [$AGENTAINER_SERVER, else the context in use, else the one that runs "
                  "on the data directory]")
      ->type_name("URL");
  command.add_option("--token", choice.token, "Who we are [$AGENTAINER_TOKEN, else as the server]")
      ->type_name("TOKEN");
  command.add_option("--context", choice.context, "A server by its name")->type_name("NAME");
  command.add_option("--cacert", choice.ca_file, "PEM file of whom to trust for https")
      ->type_name("FILE");
  command.add_option("--data", choice.data, "Data directory of a server on this machine")
      ->type_name("DIR");
}

Result<ServerAccess> find_server(const ServerChoice& choice) {
  ServerAccess out;
  out.url = choice.server.empty() ? variable("AGENTAINER_SERVER") : choice.server;
  out.token = choice.token.empty() ? variable("AGENTAINER_TOKEN") : choice.token;
  out.ca_file = choice.ca_file;
  if (out.url.empty() || !choice.context.empty()) {
    const auto context = context_of(choice.context);
    if (!context) return tl::make_unexpected(context.error());
    if (*context) {
      if (out.url.empty() || !choice.context.empty()) out.url = (*context)->server;
      if (choice.token.empty()) out.token = (*context)->token;
      if (out.ca_file.empty()) out.ca_file = (*context)->ca_file;
    }
  }
  if (!out.url.empty() && !out.token.empty()) return out;
  const auto directory = choose_data_directory(choice.data, data_environment());
  if (!directory) return tl::make_unexpected(directory.error());
  const auto place = read_server_file(*directory);
  if (out.url.empty()) {
    if (!place)
      return fail(ErrorCode::kNotFound,
                  "no server runs on {}; start one with `agentainer serve`, or name one with "
                  "--server or `agentainer context`",
                  *directory);
    out.url = place->url;
  }
  if (out.token.empty() && place && place->url == out.url) {
    const Result<std::string> token = read_token_file(*directory);
    if (!token) return tl::make_unexpected(token.error());
    out.token = *token;
  }
  if (out.token.empty())
    return fail(ErrorCode::kInvalid,
                "no token for {}: give --token, $AGENTAINER_TOKEN, or `agentainer context add`",
                out.url);
  return out;
}

Result<ServerClient> ServerClient::connect(CommandLoop& loop, const ServerChoice& choice) {
  const Result<ServerAccess> access = find_server(choice);
  if (!access) return tl::make_unexpected(access.error());
  Result<net::HttpAddress> address = net::parse_http_url(access->url);
  if (!address) return tl::make_unexpected(address.error());
  address->ca_file = access->ca_file;
  return ServerClient(loop, net::HttpClient(loop.events(), std::move(*address)), access->token);
}

net::HttpRequest ServerClient::request_of(const Request& request) const {
  net::HttpRequest out;
  out.method = request.method;
  out.target = request.target;
  out.body = request.body;
  out.fields = {{"Authorization", "Bearer " + token_}};
  if (!request.body.empty()) out.fields.push_back({"Content-Type", request.content_type});
  if (!request.idempotency_key.empty())
    out.fields.push_back({"Idempotency-Key", request.idempotency_key});
  return out;
}

Result<Json> ServerClient::call(const Request& request) {
  const auto response = loop_.await<net::HttpResponse>(
      [&](auto done) { client_.request(request_of(request), kPatience, std::move(done)); });
  if (!response) return tl::make_unexpected(response.error());
  return data_of(*response);
}

Status ServerClient::watch(const std::string& target,
                           const std::function<bool(const Event&)>& on_event) {
  std::string last_id;
  while (true) {
    bool goes_on = true;
    bool is_refused = false;
    net::HttpResponse refusal;
    EventParser parser(
        [&](const std::string& id, const std::string& type, const std::string& data) {
          last_id = id;
          if (goes_on && !on_event({id, type, data})) goes_on = false;
          if (!goes_on) loop_.wake();
        });
    std::optional<Status> ended;
    // Shared with a call that may outlive this function.
    auto watching = std::make_shared<bool>(true);
    net::HttpClient::Stream stream;
    stream.on_head = [&, watching](const net::HttpResponse& head) {
      if (*watching && head.status != 200) {
        is_refused = true;
        refusal = head;
      }
    };
    stream.on_piece = [&, watching](std::string_view piece) {
      if (!*watching) return;
      if (is_refused) {
        refusal.body += piece;
      } else {
        parser.feed(piece);
      }
    };
    stream.on_end = [&, watching](const Status& status) {
      if (!*watching) return;
      ended = status;
      loop_.wake();
    };
    net::HttpRequest request = request_of({.target = target});
    if (!last_id.empty()) request.fields.push_back({"Last-Event-ID", last_id});
    client_.stream(std::move(request), std::move(stream));
    const bool finished = loop_.run_until([&] { return ended || !goes_on; });
    *watching = false;
    if (!finished) return fail(ErrorCode::kUnavailable, "interrupted");
    if (is_refused) {
      const Result<Json> data = data_of(refusal);
      if (!data && data.error().code != ErrorCode::kUnavailable)
        return tl::make_unexpected(data.error());
    }
    if (!goes_on || (ended && *ended && !is_refused)) return {};
    // The server is away: it may come back.
    if (!loop_.sleep(kReconnectPause)) return fail(ErrorCode::kUnavailable, "interrupted");
  }
}

}  // namespace agentainer::cli

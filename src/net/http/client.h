#pragma once
// Requests to an HTTP/1.1 server, one connection each.

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "net/event_loop.h"
#include "net/http/message.h"

namespace agentainer::net {

struct HttpAddress {
  std::string host;
  std::string port;
  bool is_encrypted = false;
  std::string ca_file;  ///< PEM file of whom to trust; empty: those the system trusts.

  /// As the field Host has it.
  std::string authority() const;
};

/// "http://host[:port][/]" or "https://…"; kInvalid.
Result<HttpAddress> parse_http_url(std::string_view url);

class HttpClient {
 public:
  using Done = std::function<void(Result<HttpResponse>)>;
  struct Stream {
    std::function<void(const HttpResponse& head)> on_head;
    std::function<void(std::string_view piece)> on_piece;
    std::function<void(Status)> on_end;
  };

  HttpClient(EventLoop& loop, HttpAddress address) : loop_(loop), address_(std::move(address)) {}

  /// The whole answer, whatever its status, at most 256 MiB. kUnavailable when there is none within
  /// `patience`; the request may have had its effect all the same.
  void request(HttpRequest request, milliseconds patience, Done done);

  /// An answer that comes in pieces; it may take for ever.
  void stream(HttpRequest request, Stream stream);

 private:
  EventLoop& loop_;
  HttpAddress address_;
};

}  // namespace agentainer::net

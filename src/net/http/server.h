#pragma once
// An HTTP/1.1 server on the event loop: bounded in everything a client decides about, so that a
// slow, huge or silent one costs others nothing. What to answer is the handler's business.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "net/event_loop.h"
#include "net/http/message.h"

namespace agentainer::net {

struct HttpLimits {
  std::size_t max_header_bytes = 16 * 1024;
  std::size_t max_body_bytes = 16 * 1024 * 1024;
  std::size_t max_connections = 12'000;  ///< Further ones wait in the kernel's queue.
  milliseconds header_timeout{10'000};   ///< From a request's first byte to the end of its head.
  milliseconds body_timeout{60'000};     ///< From the head to the end of the body.
  milliseconds idle_timeout{75'000};     ///< Between two requests.
  milliseconds write_timeout{30'000};    ///< For each write: a reader that takes nothing.
};

/// A response whose body comes in pieces, for as long as both sides like.
class HttpStream {
 public:
  virtual ~HttpStream() = default;
  /// Sends a piece. One at a time: the next after `written`, which is called when the peer's kernel
  /// has taken this one, and not at all once the stream is closed.
  virtual void write(std::string piece, std::function<void()> written) = 0;
  /// Ends the body in good order.
  virtual void end() = 0;
  /// Called once when the peer has gone away; not after end().
  virtual void on_closed(std::function<void()> closed) = 0;
};

/// One request and its answer. Kept by whoever answers; when it is dropped unanswered the peer gets
/// a 500.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;
  virtual HttpRequest& request() = 0;
  /// Once, this or stream().
  virtual void respond(HttpResponse response) = 0;
  /// Sends the head now. The response's body must be empty.
  virtual std::shared_ptr<HttpStream> stream(HttpResponse head) = 0;
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Called when the head has been read and before the body is: an answer refuses the request.
  virtual std::optional<HttpResponse> on_head(const HttpRequest& request) = 0;
  virtual void on_request(std::shared_ptr<HttpExchange> exchange) = 0;
  /// The answer to what never became a request: a broken head (400), one too large (431), a body
  /// too large (413), a timeout (408).
  virtual HttpResponse on_refused(int status, std::string_view message) = 0;
};

struct TlsFiles {
  std::string certificate;  ///< PEM: the server's certificate and those above it.
  std::string key;          ///< PEM, not encrypted.
};

class HttpServer {
 public:
  /// The handler must outlive the server.
  HttpServer(EventLoop& loop, HttpHandler& handler, HttpLimits limits);
  /// Closes all connections at once.
  ~HttpServer();

  /// Listens on "host:port" ("127.0.0.1:8081", "[::1]:0"); port 0 takes a free one. kInvalid for
  /// another text or unusable TLS files, kConflict when somebody listens there, kUnavailable.
  Status listen(const std::string& address, const std::optional<TlsFiles>& tls);

  /// Where it listens, with the port it has got: "127.0.0.1:8081".
  const std::string& address() const;
  std::size_t connections() const;

  /// Takes no more connections; those that wait for a request are closed, others after their
  /// answer.
  void stop_accepting();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace agentainer::net

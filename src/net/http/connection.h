#pragma once
// One connection of the HTTP server: requests one after the other, over a plain or TLS stream.
// Internal to net/http.

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>

#include "net/http/server.h"

namespace agentainer::net {

class HttpConnection {
 public:
  virtual ~HttpConnection() = default;
  virtual void start() = 0;
  /// At once.
  virtual void close() = 0;
  /// When it is between two requests at once, else after the answer.
  virtual void close_when_idle() = 0;
};

/// What connections share. They hold it by shared_ptr and outlive the server only until their
/// pending handlers have run.
struct HttpServerCore {
  HttpHandler* handler = nullptr;  ///< Null once the server is gone.
  HttpLimits limits;
  bool is_stopping = false;
  std::unordered_set<HttpConnection*> open;
  std::function<void()> on_room;  ///< A connection has ended.
};

std::shared_ptr<HttpConnection> make_http_connection(std::shared_ptr<HttpServerCore> core,
                                                     boost::asio::ip::tcp::socket socket,
                                                     boost::asio::ssl::context* tls);

}  // namespace agentainer::net

#include "net/http/server.h"

#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <utility>

#include "base/log.h"
#include "net/http/connection.h"

namespace agentainer::net {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

struct HostAndPort {
  std::string host;
  std::string port;
};

Result<HostAndPort> split_address(const std::string& address) {
  const std::size_t colon = address.rfind(':');
  HostAndPort out;
  if (colon != std::string::npos) {
    out.host = address.substr(0, colon);
    out.port = address.substr(colon + 1);
    if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']')
      out.host = out.host.substr(1, out.host.size() - 2);
    unsigned port = 0;
    const auto [end, error] =
        std::from_chars(out.port.data(), out.port.data() + out.port.size(), port);
    if (error == std::errc() && end == out.port.data() + out.port.size() && port <= 65535 &&
        !out.host.empty())
      return out;
  }
  return fail(ErrorCode::kInvalid,
              "'{}' is no address to listen on: give host:port, like 127.0.0.1:8081", address);
}

Status load_tls(asio::ssl::context& context, const TlsFiles& files) {
  error_code error;
  context.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_sslv2 |
                      asio::ssl::context::no_sslv3 | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1);
  // Gives the buffers of a connection that is silent back.
  SSL_CTX_set_mode(context.native_handle(), SSL_MODE_RELEASE_BUFFERS);
  context.use_certificate_chain_file(files.certificate, error);
  if (error)
    return fail(ErrorCode::kInvalid, "cannot use the certificate {}: {}", files.certificate,
                error.message());
  context.use_private_key_file(files.key, asio::ssl::context::pem, error);
  if (error)
    return fail(ErrorCode::kInvalid, "cannot use the key {}: {}", files.key, error.message());
  return {};
}

}  // namespace

struct HttpServer::Impl : std::enable_shared_from_this<HttpServer::Impl> {
  Impl(EventLoop& event_loop, HttpHandler& handler, HttpLimits limits)
      : loop(event_loop), acceptor(event_loop.context()), pause(event_loop.context()) {
    core->handler = &handler;
    core->limits = limits;
  }

  EventLoop& loop;
  tcp::acceptor acceptor;
  asio::steady_timer pause;
  std::optional<asio::ssl::context> tls;
  std::shared_ptr<HttpServerCore> core = std::make_shared<HttpServerCore>();
  std::string address;
  bool is_accepting = false;

  void accept() {
    if (is_accepting || !acceptor.is_open()) return;
    if (core->open.size() >= core->limits.max_connections) return;  // on_room goes on
    is_accepting = true;
    acceptor.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
      self->is_accepting = false;
      if (!self->acceptor.is_open()) return;
      if (error) return self->wait_to_accept(error);
      make_http_connection(self->core, std::move(socket), self->tls ? &*self->tls : nullptr)
          ->start();
      self->accept();
    });
  }

  /// Out of file descriptors, mostly: trying at once would only spin.
  void wait_to_accept(error_code error) {
    log::warning("cannot accept a connection: {}", error.message());
    pause.expires_after(milliseconds(100));
    pause.async_wait([self = shared_from_this()](error_code cancelled) {
      if (!cancelled) self->accept();
    });
  }
};

HttpServer::HttpServer(EventLoop& loop, HttpHandler& handler, HttpLimits limits)
    : impl_(std::make_shared<Impl>(loop, handler, limits)) {
  impl_->core->on_room = [weak = std::weak_ptr<Impl>(impl_)] {
    const auto impl = weak.lock();
    if (impl && !impl->core->is_stopping) impl->accept();
  };
}

HttpServer::~HttpServer() {
  stop_accepting();
  impl_->core->handler = nullptr;
  impl_->core->on_room = nullptr;
  const auto open = impl_->core->open;
  for (HttpConnection* connection : open) connection->close();
}

Status HttpServer::listen(const std::string& address, const std::optional<TlsFiles>& tls) {
  const Result<HostAndPort> place = split_address(address);
  if (!place) return tl::make_unexpected(place.error());
  if (tls) {
    impl_->tls.emplace(asio::ssl::context::tls_server);
    if (const Status loaded = load_tls(*impl_->tls, *tls); !loaded) return loaded;
  }
  error_code error;
  tcp::resolver resolver(impl_->loop.context());
  const auto found = resolver.resolve(place->host, place->port, tcp::resolver::passive, error);
  if (error || found.empty())
    return fail(ErrorCode::kInvalid, "cannot listen on {}: {}", address, error.message());
  const tcp::endpoint endpoint = found.begin()->endpoint();
  tcp::acceptor& acceptor = impl_->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(4096, error);
  if (error) {
    const bool taken = error == asio::error::address_in_use;
    error_code ignored;  // it was never in use
    acceptor.close(ignored);
    if (taken)
      return fail(ErrorCode::kConflict,
                  "somebody listens on {} already; stop that, or choose another with --listen",
                  address);
    return fail(ErrorCode::kUnavailable, "cannot listen on {}: {}", address, error.message());
  }
  const tcp::endpoint bound = acceptor.local_endpoint(error);
  impl_->address = bound.address().is_v6()
                       ? fmt::format("[{}]:{}", bound.address().to_string(), bound.port())
                       : fmt::format("{}:{}", bound.address().to_string(), bound.port());
  impl_->accept();
  return {};
}

const std::string& HttpServer::address() const { return impl_->address; }
std::size_t HttpServer::connections() const { return impl_->core->open.size(); }

void HttpServer::stop_accepting() {
  impl_->core->is_stopping = true;
  error_code ignored;  // a socket that does not close is closed by the end of the process
  impl_->acceptor.close(ignored);
  impl_->pause.cancel();
  const auto open = impl_->core->open;
  for (HttpConnection* connection : open) connection->close_when_idle();
}

}  // namespace agentainer::net

#include "net/http/client.h"

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <utility>

namespace agentainer::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Plain = beast::tcp_stream;
using Encrypted = beast::ssl_stream<beast::tcp_stream>;

constexpr std::uint64_t kMaxAnswerBytes = 256 * 1024 * 1024;
constexpr milliseconds kConnectPatience{5000};

/// One request on its way; keeps itself alive.
template <typename Transport>
class Call final : public std::enable_shared_from_this<Call<Transport>> {
 public:
  template <typename... Args>
  Call(EventLoop& loop, HttpAddress address, const HttpRequest& request,
       std::optional<milliseconds> patience, HttpClient::Stream handlers, Args&&... args)
      : address_(std::move(address)),
        patience_(patience),
        handlers_(std::move(handlers)),
        resolver_(loop.context()),
        stream_(loop.context(), std::forward<Args>(args)...) {
    message_.method_string(request.method);
    message_.target(request.target);
    message_.version(11);
    message_.set(http::field::host, address_.authority());
    for (const HttpField& field : request.fields) message_.insert(field.name, field.value);
    message_.body() = request.body;
    message_.keep_alive(false);
    message_.prepare_payload();
    parser_.body_limit(patience_ ? boost::optional<std::uint64_t>(kMaxAnswerBytes) : boost::none);
  }

  void start() {
    resolver_.async_resolve(address_.host, address_.port,
                            [self = this->shared_from_this()](
                                error_code error, const tcp::resolver::results_type& found) {
                              if (error) return self->fail_with("cannot find", error);
                              self->connect(found);
                            });
  }

 private:
  Plain& tcp_stream() { return beast::get_lowest_layer(stream_); }

  void connect(const tcp::resolver::results_type& found) {
    tcp_stream().expires_after(kConnectPatience);
    tcp_stream().async_connect(
        found, [self = this->shared_from_this()](error_code error, const tcp::endpoint&) {
          if (error) return self->fail_with("cannot connect to", error);
          self->secure();
        });
  }

  void secure() {
    if constexpr (std::is_same_v<Transport, Encrypted>) {
      SSL_set_tlsext_host_name(stream_.native_handle(), address_.host.c_str());
      stream_.set_verify_callback(asio::ssl::host_name_verification(address_.host));
      stream_.async_handshake(asio::ssl::stream_base::client,
                              [self = this->shared_from_this()](error_code error) {
                                if (error) return self->fail_with("cannot trust", error);
                                self->send();
                              });
    } else {
      send();
    }
  }

  void send() {
    limit_time();
    http::async_write(stream_, message_,
                      [self = this->shared_from_this()](error_code error, std::size_t) {
                        if (error) return self->fail_with("lost the connection to", error);
                        self->read_head();
                      });
  }

  void read_head() {
    http::async_read_header(stream_, buffer_, parser_,
                            [self = this->shared_from_this()](error_code error, std::size_t) {
                              if (error) return self->fail_with("no answer from", error);
                              self->on_head();
                            });
  }

  void on_head() {
    HttpResponse head;
    head.status = static_cast<int>(parser_.get().result_int());
    for (const auto& field : parser_.get())
      head.fields.push_back({std::string(field.name_string()), std::string(field.value())});
    handlers_.on_head(head);
    read_piece();
  }

  void read_piece() {
    if (parser_.is_done()) return finish({});
    limit_time();
    parser_.get().body().data = piece_.data();
    parser_.get().body().size = piece_.size();
    http::async_read_some(stream_, buffer_, parser_,
                          [self = this->shared_from_this()](error_code error, std::size_t) {
                            self->on_piece(error);
                          });
  }

  void on_piece(error_code error) {
    if (error && error != http::error::need_buffer)
      return fail_with("lost the connection to", error);
    const std::size_t size = piece_.size() - parser_.get().body().size;
    if (size > 0) handlers_.on_piece({piece_.data(), size});
    read_piece();
  }

  void limit_time() {
    if (patience_) {
      tcp_stream().expires_after(*patience_);
    } else {
      tcp_stream().expires_never();
    }
  }

  void fail_with(std::string_view what, error_code error) {
    finish(fail(ErrorCode::kUnavailable, "{} {}: {}", what, address_.authority(),
                error == beast::error::timeout ? "it takes too long" : error.message()));
  }

  void finish(Status status) {
    error_code ignored;  // the answer is here, or never will be
    tcp_stream().socket().close(ignored);
    if (auto on_end = std::exchange(handlers_.on_end, nullptr)) on_end(std::move(status));
  }

  HttpAddress address_;
  std::optional<milliseconds> patience_;
  HttpClient::Stream handlers_;
  tcp::resolver resolver_;
  Transport stream_;
  http::request<http::string_body> message_;
  beast::flat_buffer buffer_;
  http::response_parser<http::buffer_body> parser_;
  std::array<char, 16 * 1024> piece_{};
};

void start_call(EventLoop& loop, const HttpAddress& address, const HttpRequest& request,
                std::optional<milliseconds> patience, HttpClient::Stream handlers) {
  if (!address.is_encrypted) {
    std::make_shared<Call<Plain>>(loop, address, request, patience, std::move(handlers))->start();
    return;
  }
  asio::ssl::context tls(asio::ssl::context::tls_client);
  error_code error;
  tls.set_verify_mode(asio::ssl::verify_peer, error);
  if (address.ca_file.empty()) {
    tls.set_default_verify_paths(error);
  } else {
    tls.load_verify_file(address.ca_file, error);
  }
  if (error) {
    loop.post([handlers = std::move(handlers), file = address.ca_file, text = error.message()] {
      handlers.on_end(
          fail(ErrorCode::kInvalid, "cannot read the certificates in '{}': {}", file, text));
    });
    return;
  }
  std::make_shared<Call<Encrypted>>(loop, address, request, patience, std::move(handlers), tls)
      ->start();
}

}  // namespace

std::string HttpAddress::authority() const {
  return fmt::format("{}:{}", host.find(':') == host.npos ? host : fmt::format("[{}]", host), port);
}

Result<HttpAddress> parse_http_url(std::string_view url) {
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (parsed.has_error() || (parsed->scheme() != "http" && parsed->scheme() != "https") ||
      parsed->host().empty() || parsed->has_userinfo() ||
      (parsed->encoded_path() != "" && parsed->encoded_path() != "/") || parsed->has_query())
    return fail(ErrorCode::kInvalid, "'{}' is no address of a server, like http://127.0.0.1:8081",
                url);
  HttpAddress out;
  out.host = parsed->host_address();
  out.is_encrypted = parsed->scheme() == "https";
  const auto port = parsed->port();
  out.port =
      port.empty() ? (out.is_encrypted ? "443" : "80") : std::string(port.data(), port.size());
  return out;
}

void HttpClient::request(HttpRequest request, milliseconds patience, Done done) {
  auto response = std::make_shared<HttpResponse>();
  Stream handlers;
  handlers.on_head = [response](const HttpResponse& head) { *response = head; };
  handlers.on_piece = [response](std::string_view piece) { response->body += piece; };
  handlers.on_end = [response, done = std::move(done)](const Status& status) {
    done(status ? Result<HttpResponse>(std::move(*response)) : tl::make_unexpected(status.error()));
  };
  start_call(loop_, address_, request, patience, std::move(handlers));
}

void HttpClient::stream(HttpRequest request, Stream stream) {
  start_call(loop_, address_, request, std::nullopt, std::move(stream));
}

}  // namespace agentainer::net

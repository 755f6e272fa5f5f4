#include "net/byte_stream.h"

#include <fcntl.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace agentainer::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using local = asio::local::stream_protocol;

Status connect_failed(const RedisAddress& address, std::string_view reason) {
  return fail(ErrorCode::kUnavailable, "cannot connect to {}: {}", address.display(), reason);
}

/// A handler that keeps the stream alive: a write of several parts uses it between them.
template <typename Stream>
auto keeping(std::shared_ptr<Stream> stream, ByteStream::Moved moved) {
  return [stream = std::move(stream), moved = std::move(moved)](
             error_code error, std::size_t size) { moved(error, size); };
}

class UnixStream final : public ByteStream, public std::enable_shared_from_this<UnixStream> {
 public:
  UnixStream(asio::io_context& context, RedisAddress address)
      : address_(std::move(address)), socket_(context) {}
  ~UnixStream() override { close_directory(); }

  void connect(Connected connected) override {
    const std::string path = short_path();
    if (path.empty()) {
      const std::string reason = std::strerror(errno);
      asio::post(socket_.get_executor(),
                 [connected = std::move(connected), status = connect_failed(address_, reason)] {
                   connected(status);
                 });
      return;
    }
    socket_.async_connect(
        local::endpoint(path),
        [self = shared_from_this(), connected = std::move(connected)](error_code error) {
          self->close_directory();
          connected(error ? connect_failed(self->address_, error.message()) : Status());
        });
  }

  void read_some(asio::mutable_buffer buffer, Moved moved) override {
    socket_.async_read_some(buffer, keeping(shared_from_this(), std::move(moved)));
  }
  void write(asio::const_buffer buffer, Moved moved) override {
    asio::async_write(socket_, buffer, keeping(shared_from_this(), std::move(moved)));
  }
  void close() override {
    error_code ignored;  // nothing is left to do with a socket that does not close
    socket_.close(ignored);
  }

 private:
  /// A socket address holds 107 bytes of path (unix(7)); a longer one is reached through the open
  /// directory's entry in /proc. Empty: the directory cannot be opened, see errno.
  std::string short_path() {
    constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
    if (address_.path.size() <= kLongest) return address_.path;
    const std::filesystem::path path(address_.path);
    directory_ = ::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (directory_ < 0) return {};
    std::string through = fmt::format("/proc/self/fd/{}/{}", directory_, path.filename().string());
    if (through.size() <= kLongest) return through;
    errno = ENAMETOOLONG;
    return {};
  }
  void close_directory() {
    if (directory_ >= 0) ::close(directory_);
    directory_ = -1;
  }

  RedisAddress address_;
  local::socket socket_;
  int directory_ = -1;
};

/// Resolves the host and connects to the first of its addresses that answers.
class TcpConnector {
 public:
  TcpConnector(asio::io_context& context, RedisAddress address)
      : address_(std::move(address)), resolver_(context) {}

  template <typename Done>  // void(error_code)
  void connect(tcp::socket& socket, Done done) {
    resolver_.async_resolve(
        address_.host, std::to_string(address_.port),
        [&socket, done](error_code error, const tcp::resolver::results_type& found) {
          if (error) return done(error);
          asio::async_connect(socket, found,
                              [&socket, done](error_code failed, const tcp::endpoint&) {
                                if (!failed) {
                                  error_code ignored;  // both only tune
                                  socket.set_option(tcp::no_delay(true), ignored);
                                  socket.set_option(asio::socket_base::keep_alive(true), ignored);
                                }
                                done(failed);
                              });
        });
  }
  void cancel() { resolver_.cancel(); }
  const RedisAddress& address() const { return address_; }

 private:
  RedisAddress address_;
  tcp::resolver resolver_;
};

class TcpStream final : public ByteStream, public std::enable_shared_from_this<TcpStream> {
 public:
  TcpStream(asio::io_context& context, RedisAddress address)
      : connector_(context, std::move(address)), socket_(context) {}

  void connect(Connected connected) override {
    connector_.connect(
        socket_, [self = shared_from_this(), connected = std::move(connected)](error_code error) {
          connected(error ? connect_failed(self->connector_.address(), error.message()) : Status());
        });
  }
  void read_some(asio::mutable_buffer buffer, Moved moved) override {
    socket_.async_read_some(buffer, keeping(shared_from_this(), std::move(moved)));
  }
  void write(asio::const_buffer buffer, Moved moved) override {
    asio::async_write(socket_, buffer, keeping(shared_from_this(), std::move(moved)));
  }
  void close() override {
    connector_.cancel();
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  TcpConnector connector_;
  tcp::socket socket_;
};

class TlsStream final : public ByteStream, public std::enable_shared_from_this<TlsStream> {
 public:
  TlsStream(asio::io_context& context, RedisAddress address)
      : connector_(context, std::move(address)),
        tls_(asio::ssl::context::tls_client),
        stream_(context, tls_) {}

  /// Before connect().
  Status configure() {
    const RedisAddress& address = connector_.address();
    error_code error;
    // The stream was made from the context, so both are told.
    SSL_CTX_set_min_proto_version(tls_.native_handle(), TLS1_2_VERSION);
    SSL_set_min_proto_version(stream_.native_handle(), TLS1_2_VERSION);
    if (address.ca_file.empty())
      tls_.set_default_verify_paths(error);
    else
      tls_.load_verify_file(address.ca_file, error);
    if (error)
      return fail(ErrorCode::kInvalid, "cannot read the certificates to trust{}{}: {}",
                  address.ca_file.empty() ? "" : " in ", address.ca_file, error.message());
    stream_.set_verify_mode(asio::ssl::verify_peer, error);
    if (error) return fail(ErrorCode::kInternal, "TLS: {}", error.message());
    return expect_host(address.host);
  }

  void connect(Connected connected) override {
    connector_.connect(stream_.next_layer(), [self = shared_from_this(),
                                              connected = std::move(connected)](error_code error) {
      if (error) return connected(connect_failed(self->connector_.address(), error.message()));
      self->stream_.async_handshake(asio::ssl::stream_base::client, [self,
                                                                     connected](error_code failed) {
        connected(failed ? connect_failed(self->connector_.address(), self->handshake_error(failed))
                         : Status());
      });
    });
  }
  void read_some(asio::mutable_buffer buffer, Moved moved) override {
    stream_.async_read_some(buffer, keeping(shared_from_this(), std::move(moved)));
  }
  void write(asio::const_buffer buffer, Moved moved) override {
    asio::async_write(stream_, buffer, keeping(shared_from_this(), std::move(moved)));
  }
  void close() override {
    connector_.cancel();
    error_code ignored;
    stream_.next_layer().close(ignored);
  }

 private:
  /// The certificate must be for this host. Names, not addresses, also go into the server name
  /// indication (RFC 6066, section 3).
  Status expect_host(const std::string& host) {
    SSL* ssl = stream_.native_handle();
    error_code not_an_address;
    asio::ip::make_address(host, not_an_address);
    const bool accepted =
        not_an_address ? SSL_set1_host(ssl, host.c_str()) == 1 &&
                             SSL_set_tlsext_host_name(ssl, host.c_str()) == 1
                       : X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
    if (!accepted) return fail(ErrorCode::kInvalid, "'{}' is no host name for TLS", host);
    return {};
  }

  std::string handshake_error(error_code error) {
    const long verified = SSL_get_verify_result(stream_.native_handle());
    if (verified != X509_V_OK)
      return fmt::format("its certificate is not trusted: {}",
                         X509_verify_cert_error_string(verified));
    return fmt::format("TLS: {} (does this port speak TLS?)", error.message());
  }

  TcpConnector connector_;
  asio::ssl::context tls_;
  asio::ssl::stream<tcp::socket> stream_;
};

}  // namespace

Result<std::shared_ptr<ByteStream>> make_byte_stream(asio::io_context& context,
                                                     const RedisAddress& address) {
  switch (address.transport) {
    case RedisAddress::Transport::kUnix:
      return std::make_shared<UnixStream>(context, address);
    case RedisAddress::Transport::kTcp:
      return std::make_shared<TcpStream>(context, address);
    case RedisAddress::Transport::kTls: {
      auto stream = std::make_shared<TlsStream>(context, address);
      if (Status status = stream->configure(); !status) return tl::make_unexpected(status.error());
      return stream;
    }
  }
  return fail(ErrorCode::kInternal, "no such transport");
}

}  // namespace agentainer::net

#include "net/http/connection.h"

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <deque>
#include <utility>

#include "base/log.h"

namespace agentainer::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Plain = beast::tcp_stream;
using Encrypted = beast::ssl_stream<beast::tcp_stream>;

template <typename Stream>
class Connection final : public HttpConnection,
                         public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <typename... Args>
  Connection(std::shared_ptr<HttpServerCore> core, std::string remote, Args&&... args)
      : core_(std::move(core)), stream_(std::forward<Args>(args)...), remote_(std::move(remote)) {
    core_->open.insert(this);
  }
  ~Connection() override {
    core_->open.erase(this);
    if (core_->on_room) core_->on_room();
  }

  void start() override {
    if constexpr (std::is_same_v<Stream, Encrypted>) {
      tcp().expires_after(core_->limits.header_timeout);
      stream_.async_handshake(asio::ssl::stream_base::server,
                              [self = this->shared_from_this()](error_code error) {
                                if (!error) self->read_head();
                              });
    } else {
      read_head();
    }
  }

  void close() override {
    error_code ignored;  // nothing is left to do with a socket that does not close
    tcp().socket().close(ignored);
  }

  void close_when_idle() override {
    if (is_idle_) close();
  }

 private:
  class Exchange;
  class Pieces;

  Plain& tcp() { return beast::get_lowest_layer(stream_); }
  static constexpr bool kEncrypted = std::is_same_v<Stream, Encrypted>;

  /// Waits for a request's first bytes for as long as a connection may idle, then for the rest of
  /// its head for as long as a head may take.
  void read_head() {
    if (!core_->handler || core_->is_stopping) return shut_down();
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(core_->limits.max_header_bytes));
    parser_->body_limit(core_->limits.max_body_bytes);
    is_head_ = false;
    is_idle_ = buffer_.size() == 0;
    if (!is_idle_) return read_rest_of_head();
    tcp().expires_after(is_first_ ? core_->limits.header_timeout : core_->limits.idle_timeout);
    stream_.async_read_some(buffer_.prepare(kReadBytes),
                            [self = this->shared_from_this()](error_code error, std::size_t size) {
                              self->is_idle_ = false;
                              if (error)
                                return;  // closed, or nothing came: there is nobody to tell
                              self->buffer_.commit(size);
                              self->read_rest_of_head();
                            });
  }

  void read_rest_of_head() {
    tcp().expires_after(core_->limits.header_timeout);
    http::async_read_header(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](error_code error, std::size_t) { self->on_head(error); });
  }

  void on_head(error_code error) {
    is_first_ = false;
    if (!core_->handler) return;
    if (error) return refuse(error);
    auto& message = parser_->get();
    auto request = std::make_unique<HttpRequest>();
    request->method = std::string(message.method_string());
    request->target = std::string(message.target());
    request->remote = remote_;
    request->is_encrypted = kEncrypted;
    for (const auto& field : message)
      request->fields.push_back({std::string(field.name_string()), std::string(field.value())});
    keep_alive_ = message.keep_alive();
    is_head_ = message.method() == http::verb::head;
    takes_chunks_ = message.version() >= 11;
    const bool has_body = !parser_->is_done();
    if (auto refused = core_->handler->on_head(*request)) {
      // What follows is the body nobody wants: it is not read, so the connection ends.
      if (has_body) keep_alive_ = false;
      return write_response(std::move(*refused));
    }
    request_ = std::move(request);
    if (!has_body) return on_body({});
    const std::string* expect = request_->field("Expect");
    if (expect != nullptr && equals_ignoring_case(*expect, "100-continue")) return invite_body();
    read_body();
  }

  void invite_body() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    tcp().expires_after(core_->limits.write_timeout);
    asio::async_write(stream_, asio::buffer(kContinue),
                      [self = this->shared_from_this()](error_code error, std::size_t) {
                        if (!error) self->read_body();
                      });
  }

  void read_body() {
    tcp().expires_after(core_->limits.body_timeout);
    http::async_read(
        stream_, buffer_, *parser_,
        [self = this->shared_from_this()](error_code error, std::size_t) { self->on_body(error); });
  }

  void on_body(error_code error) {
    if (!core_->handler) return;
    if (error) return refuse(error);
    request_->body = std::move(parser_->get().body());
    parser_.reset();
    tcp().expires_never();  // how long an answer takes is the handler's business
    auto exchange = std::make_shared<Exchange>(this->shared_from_this(), std::move(*request_));
    request_.reset();
    core_->handler->on_request(std::move(exchange));
  }

  void refuse(error_code error) {
    if (error == http::error::end_of_stream || error == asio::error::connection_reset) {
      return shut_down();
    }
    keep_alive_ = false;
    int status = 400;
    std::string message = "the request is no HTTP: " + error.message();
    if (error == beast::error::timeout) {
      // The stream is closed already: there is no way to answer.
      return;
    }
    if (error == http::error::header_limit || error == http::error::buffer_overflow) {
      status = 431;
      message =
          fmt::format("the request's head is larger than {} bytes", core_->limits.max_header_bytes);
    } else if (error == http::error::body_limit) {
      status = 413;
      message = fmt::format("the body is larger than {} bytes", core_->limits.max_body_bytes);
    } else if (error.category() != http::make_error_code(http::error::bad_target).category()) {
      return shut_down();  // the network's fault
    }
    write_response(core_->handler->on_refused(status, message));
  }

  using Response = http::response<http::string_body>;

  template <typename Message>
  void fill(Message& message, const HttpResponse& response) {
    message.version(11);
    message.result(static_cast<unsigned>(response.status));
    for (const HttpField& field : response.fields) message.insert(field.name, field.value);
    message.keep_alive(keep_alive_ && !core_->is_stopping);
  }

  void write_response(HttpResponse response) {
    auto message = std::make_shared<Response>();
    fill(*message, response);
    if (!keep_alive_ || core_->is_stopping) keep_alive_ = false;
    message->body() = std::move(response.body);
    if (response.status != 204 && response.status != 304) message->prepare_payload();
    if (is_head_) message->body().clear();  // its length is told all the same (RFC 9110, 9.3.2)
    tcp().expires_after(core_->limits.write_timeout);
    http::async_write(stream_, *message,
                      [self = this->shared_from_this(), message](error_code error, std::size_t) {
                        if (error) return;
                        if (!self->keep_alive_) return self->shut_down();
                        self->read_head();
                      });
  }

  /// Tells the peer that nothing follows, and reads on until it has heard so or time is up: closing
  /// with unread bytes would take the answer away from it (RFC 9112, 9.6).
  void shut_down() {
    error_code ignored;  // the peer may have gone already
    tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    tcp().expires_after(kLingerTime);
    linger(0);
  }

  void linger(std::size_t drained) {
    if (drained > kMaxLingerBytes) return;
    buffer_.clear();
    tcp().async_read_some(buffer_.prepare(kReadBytes), [self = this->shared_from_this(), drained](
                                                           error_code error, std::size_t size) {
      if (!error) self->linger(drained + size);
    });
  }

  std::shared_ptr<HttpStream> begin_stream(HttpResponse head);

  static constexpr std::size_t kReadBytes = 4096;
  static constexpr std::size_t kMaxLingerBytes = 64 * 1024 * 1024;
  static constexpr milliseconds kLingerTime{2000};

  std::shared_ptr<HttpServerCore> core_;
  Stream stream_;
  std::string remote_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  std::unique_ptr<HttpRequest> request_;  ///< Its head is read, its body is not.
  bool keep_alive_ = false;
  bool is_head_ = false;
  bool takes_chunks_ = true;  ///< HTTP/1.0 knows no chunks: the end of the connection is the end.
  bool is_idle_ = false;
  bool is_first_ = true;
};

template <typename Stream>
class Connection<Stream>::Exchange final : public HttpExchange {
 public:
  Exchange(std::shared_ptr<Connection> connection, HttpRequest request)
      : connection_(std::move(connection)), request_(std::move(request)) {}
  ~Exchange() override {
    if (!connection_ || !connection_->core_->handler) return;
    log::error("a request was dropped without an answer: {} {}", request_.method, request_.target);
    respond(connection_->core_->handler->on_refused(500, "the request was not answered"));
  }

  HttpRequest& request() override { return request_; }
  void respond(HttpResponse response) override {
    auto connection = std::exchange(connection_, nullptr);
    if (connection) connection->write_response(std::move(response));
  }
  std::shared_ptr<HttpStream> stream(HttpResponse head) override {
    auto connection = std::exchange(connection_, nullptr);
    return connection ? connection->begin_stream(std::move(head)) : nullptr;
  }

 private:
  std::shared_ptr<Connection> connection_;  ///< Null once answered.
  HttpRequest request_;
};

/// The body in chunks. While nothing is sent it reads, only to hear that the peer has gone.
template <typename Stream>
class Connection<Stream>::Pieces final : public HttpStream,
                                         public std::enable_shared_from_this<Pieces> {
 public:
  explicit Pieces(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  ~Pieces() override {
    if (connection_) connection_->close();
  }

  void begin(HttpResponse head) {
    auto message = std::make_shared<http::response<http::empty_body>>();
    connection_->fill(*message, head);
    if (connection_->takes_chunks_) message->chunked(true);
    auto serializer = std::make_shared<http::response_serializer<http::empty_body>>(*message);
    is_writing_ = true;
    connection_->tcp().expires_never();
    http::async_write_header(connection_->stream_, *serializer,
                             [self = this->shared_from_this(), message, serializer](
                                 error_code error, std::size_t) { self->on_written(error); });
    watch();
  }

  void write(std::string piece, std::function<void()> written) override {
    if (!connection_ || is_ending_) return;
    waiting_.push_back({std::move(piece), std::move(written)});
    if (!is_writing_) write_next();
  }

  void end() override {
    is_ending_ = true;
    closed_ = nullptr;
    if (connection_ && !is_writing_) write_next();
  }

  void on_closed(std::function<void()> closed) override { closed_ = std::move(closed); }

 private:
  struct Waiting {
    std::string piece;
    std::function<void()> written;
  };

  void write_next() {
    if (!connection_) return;
    if (waiting_.empty()) {
      if (is_ending_) write_end();
      return;
    }
    current_ = std::move(waiting_.front());
    waiting_.pop_front();
    is_writing_ = true;
    arm();
    auto on_written = [self = this->shared_from_this()](error_code error, std::size_t) {
      self->on_written(error);
    };
    const auto piece = asio::buffer(current_.piece);
    if (connection_->takes_chunks_) {
      asio::async_write(connection_->stream_, http::make_chunk(piece), std::move(on_written));
    } else {
      asio::async_write(connection_->stream_, piece, std::move(on_written));
    }
  }

  void write_end() {
    is_writing_ = true;
    if (!connection_->takes_chunks_) return part();
    arm();
    asio::async_write(connection_->stream_, http::make_chunk_last(),
                      [self = this->shared_from_this()](error_code error, std::size_t) {
                        if (error) return self->on_gone();
                        self->part();
                      });
  }

  /// As Connection::shut_down(), but the read that watches does the reading; it has no deadline.
  void part() {
    if (!connection_) return;
    error_code ignored;  // the peer may have gone already
    connection_->tcp().socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    deadline_.expires_after(kLingerTime);
    deadline_.async_wait([self = this->shared_from_this()](error_code error) {
      if (!error) self->on_gone();
    });
  }

  /// A write has its time; the read that only watches must not end the stream meanwhile, so the
  /// stream's own deadline is not used.
  void arm() {
    deadline_.expires_after(connection_->core_->limits.write_timeout);
    watch_deadline();
  }

  void watch_deadline() {
    deadline_.async_wait([weak = this->weak_from_this()](error_code error) {
      const auto self = weak.lock();
      if (error || !self || !self->is_writing_) return;
      self->on_gone();
    });
  }

  void on_written(error_code error) {
    is_writing_ = false;
    deadline_.cancel();
    if (error) return on_gone();
    current_.piece = std::string();
    if (auto written = std::exchange(current_.written, nullptr)) written();
    if (!is_writing_) write_next();
  }

  void watch() {
    connection_->stream_.async_read_some(
        asio::buffer(&unread_, 1),
        [weak = this->weak_from_this(), keep = connection_](error_code error, std::size_t) {
          const auto self = weak.lock();
          if (!self || !self->connection_) return;
          if (error) return self->on_gone();
          self->watch();  // bytes that nobody asked for
        });
  }

  void on_gone() {
    auto connection = std::exchange(connection_, nullptr);
    if (!connection) return;
    deadline_.cancel();
    connection->close();
    waiting_.clear();
    if (auto closed = std::exchange(closed_, nullptr)) closed();
  }

  std::shared_ptr<Connection> connection_;  ///< Null once it is over.
  std::deque<Waiting> waiting_;
  Waiting current_;
  bool is_writing_ = false;
  bool is_ending_ = false;
  char unread_ = 0;
  asio::steady_timer deadline_{connection_->tcp().get_executor()};
  std::function<void()> closed_;
};

template <typename Stream>
std::shared_ptr<HttpStream> Connection<Stream>::begin_stream(HttpResponse head) {
  keep_alive_ = false;
  buffer_ = beast::flat_buffer();  // an idle stream shall cost little
  auto pieces = std::make_shared<Pieces>(this->shared_from_this());
  pieces->begin(std::move(head));
  return pieces;
}

}  // namespace

std::shared_ptr<HttpConnection> make_http_connection(std::shared_ptr<HttpServerCore> core,
                                                     asio::ip::tcp::socket socket,
                                                     asio::ssl::context* tls) {
  error_code ignored;  // a peer that has gone already is found out by the first read
  const auto endpoint = socket.remote_endpoint(ignored);
  std::string remote = endpoint.address().to_string();
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (tls == nullptr)
    return std::make_shared<Connection<Plain>>(std::move(core), std::move(remote),
                                               std::move(socket));
  return std::make_shared<Connection<Encrypted>>(std::move(core), std::move(remote),
                                                 std::move(socket), *tls);
}

}  // namespace agentainer::net

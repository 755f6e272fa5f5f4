// The server over real sockets of this machine, spoken to byte by byte.

#include "net/http/server.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <filesystem>
#include <future>
#include <thread>

#include "net/http/client.h"

namespace agentainer::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// Answers with what it was sent.
class Echo final : public HttpHandler {
 public:
  std::optional<HttpResponse> on_head(const HttpRequest& request) override {
    if (request.target == "/refuse") return HttpResponse{403, {}, "no"};
    return std::nullopt;
  }
  void on_request(std::shared_ptr<HttpExchange> exchange) override {
    HttpRequest& request = exchange->request();
    if (request.target == "/drop") return;
    if (request.target == "/stream") {
      stream = exchange->stream({});
      stream->on_closed([this] { closed.set_value(); });
      streaming.set_value();
      return;
    }
    exchange->respond({200, {}, request.method + " " + request.target + " " + request.body});
  }
  HttpResponse on_refused(int status, std::string_view message) override {
    return {status, {}, std::string(message)};
  }

  std::shared_ptr<HttpStream> stream;
  std::promise<void> streaming;
  std::promise<void> closed;
};

constexpr std::chrono::seconds kPatience{20};

/// A server on a thread of its own. What it owns is touched on that thread only.
class Running {
 public:
  explicit Running(HttpLimits limits = {}, const std::optional<TlsFiles>& tls = std::nullopt)
      : server_(std::make_unique<HttpServer>(loop, echo, limits)) {
    const Status listening = server_->listen("127.0.0.1:0", tls);
    EXPECT_TRUE(listening) << listening.error().message;
    address = server_->address();
    thread_ = std::thread([this] { loop.run(); });
  }
  /// Runs it on the server's thread and waits for it.
  template <typename Task>
  auto on_loop(Task task) {
    std::packaged_task<decltype(task())()> packaged(std::move(task));
    auto result = packaged.get_future();
    loop.post([&packaged] { packaged(); });
    return result.get();
  }

  ~Running() {
    on_loop([this] {
      echo.stream.reset();
      server_.reset();
    });
    loop.post([this] { loop.stop(); });
    thread_.join();
  }

  std::size_t connections() {
    return on_loop([this] { return server_->connections(); });
  }
  void stop_accepting() {
    on_loop([this] { server_->stop_accepting(); });
  }
  std::uint16_t port() const {
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  Echo echo;
  EventLoop loop;
  std::string address;

 private:
  std::unique_ptr<HttpServer> server_;
  std::thread thread_;
};

class Peer {
 public:
  explicit Peer(const Running& server) : socket_(context_) {
    socket_.connect({asio::ip::make_address("127.0.0.1"), server.port()});
  }
  void send(std::string_view bytes) {
    error_code ignored;  // the server may have closed already; its answer is what counts
    asio::write(socket_, asio::buffer(bytes), ignored);
  }
  /// Until this text has come, or the end, or nothing for a long time.
  std::string read_until(std::string_view text) {
    while (got_.find(text) == got_.npos && read_some()) {
    }
    const std::size_t at = got_.find(text);
    const std::size_t size = at == got_.npos ? got_.size() : at + text.size();
    std::string out = got_.substr(0, size);
    got_.erase(0, size);
    return out;
  }
  /// What comes until the server closes.
  std::string read_all() {
    while (read_some()) {
    }
    EXPECT_TRUE(has_ended_) << "the server does not close; so far: " << got_;
    return std::move(got_);
  }
  void close() { socket_.close(); }

 private:
  bool read_some() {
    pollfd waiting{socket_.native_handle(), POLLIN, 0};
    const auto patience = std::chrono::duration_cast<milliseconds>(kPatience).count();
    if (poll(&waiting, 1, static_cast<int>(patience)) <= 0) return false;
    char bytes[4096];
    error_code error;
    const std::size_t size = socket_.read_some(asio::buffer(bytes), error);
    got_.append(bytes, size);
    has_ended_ = has_ended_ || static_cast<bool>(error);
    return !error;
  }

  asio::io_context context_;
  tcp::socket socket_;
  std::string got_;
  bool has_ended_ = false;
};

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(HttpServer, AnswersManyRequestsOnOneConnectionInTheirOrder) {
  Running server;
  Peer peer(server);
  peer.send("GET /one HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(peer.read_until("GET /one ").find("200 OK"), std::string::npos);
  peer.send(
      "POST /two HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"
      "POST /three HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n"
      "GET /four HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string answers = peer.read_all();
  EXPECT_EQ(count_of(answers, "HTTP/1.1 200 OK\r\n"), 3u) << answers;
  const std::size_t two = answers.find("POST /two ab");
  const std::size_t three = answers.find("POST /three abcde");
  const std::size_t four = answers.find("GET /four ");
  EXPECT_TRUE(two < three && three < four && four != answers.npos) << answers;
}

TEST(HttpServer, InvitesABodyThatWaitsForIt) {
  Running server;
  Peer peer(server);
  peer.send("POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(peer.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("abc");
  EXPECT_NE(peer.read_until("POST /a abc").find("200 OK"), std::string::npos);
}

TEST(HttpServer, RefusesABodyAtItsHead) {
  Running server;
  Peer peer(server);
  peer.send(
      "POST /refuse HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
      "Content-Length: 1000000\r\n\r\n");
  const std::string answer = peer.read_until("no");
  EXPECT_EQ(answer.find("HTTP/1.1 403"), 0u) << answer;
  EXPECT_NE(answer.find("Connection: close"), answer.npos) << answer;
  peer.close();
}

TEST(HttpServer, SendsNoBodyToHead) {
  Running server;
  Peer peer(server);
  peer.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string answers = peer.read_until("GET /b ");
  EXPECT_NE(answers.find("Content-Length: 8\r\n"), answers.npos) << answers;
  EXPECT_EQ(answers.find("HEAD /a "), answers.npos) << answers;
}

TEST(HttpServer, ClosesAfterAnswersToOldClients) {
  Running server;
  Peer peer(server);
  peer.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_NE(peer.read_all().find("GET /a "), std::string::npos);
}

TEST(HttpServer, RefusesWhatIsTooLargeOrNoHttp) {
  HttpLimits limits;
  limits.max_header_bytes = 1000;
  limits.max_body_bytes = 100;
  Running server(limits);
  const std::pair<std::string, const char*> cases[] = {
      {"GET /" + std::string(2000, 'a') + " HTTP/1.1\r\n\r\n", "431"},
      {"GET / HTTP/1.1\r\nX: " + std::string(2000, 'a') + "\r\n\r\n", "431"},
      {"POST / HTTP/1.1\r\nContent-Length: 101\r\n\r\n", "413"},
      {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nc8\r\n" + std::string(200, 'a') +
           "\r\n0\r\n\r\n",
       "413"},
      {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
      {"\x16\x03\x01garbage\r\n\r\n", "400"},
      {"GET / HTTP/9.9\r\n\r\n", "400"},
  };
  for (const auto& [bytes, status] : cases) {
    Peer peer(server);
    peer.send(bytes);
    EXPECT_EQ(peer.read_until("\r\n").find(fmt::format("HTTP/1.1 {} ", status)), 0u)
        << bytes.substr(0, 40);
  }
}

TEST(HttpServer, CutsOffWhoSendsNothingOrTooSlowly) {
  HttpLimits limits;
  limits.header_timeout = limits.body_timeout = limits.idle_timeout = milliseconds(100);
  Running server(limits);
  for (const char* begin : {"", "GET / HT", "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc"}) {
    Peer peer(server);
    peer.send(begin);
    EXPECT_EQ(peer.read_all(), "") << begin;
  }
  Peer idle(server);
  idle.send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_NE(idle.read_all().find("GET /a "), std::string::npos);
}

TEST(HttpServer, AnswersForAHandlerThatDoesNot) {
  Running server;
  Peer peer(server);
  peer.send("GET /drop HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n");
  EXPECT_EQ(peer.read_until("\r\n").find("HTTP/1.1 500"), 0u);
  EXPECT_NE(peer.read_until("GET /next ").find("200 OK"), std::string::npos);
}

TEST(HttpServer, StreamsPiecesUntilTheEnd) {
  for (const bool is_old : {false, true}) {
    Running server;
    Peer peer(server);
    peer.send(is_old ? "GET /stream HTTP/1.0\r\n\r\n" : "GET /stream HTTP/1.1\r\n\r\n");
    ASSERT_EQ(server.echo.streaming.get_future().wait_for(kPatience), std::future_status::ready);
    const std::string head = peer.read_until("\r\n\r\n");
    EXPECT_EQ(head.find("chunked") != head.npos, !is_old) << head;
    std::promise<void> written;
    server.on_loop(
        [&] { server.echo.stream->write("hello", [&written] { written.set_value(); }); });
    const std::string piece = is_old ? "hello" : "5\r\nhello\r\n";
    EXPECT_EQ(peer.read_until("hello" + std::string(is_old ? "" : "\r\n")), piece);
    ASSERT_EQ(written.get_future().wait_for(kPatience), std::future_status::ready);
    server.on_loop([&] { server.echo.stream->end(); });
    EXPECT_EQ(peer.read_all(), is_old ? "" : "0\r\n\r\n");
    if (is_old) continue;
    // The peer does not close, which must not hold the connection for ever.
    server.on_loop([&] { server.echo.stream.reset(); });
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (server.connections() > 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::yield();
    EXPECT_EQ(server.connections(), 0u);
  }
}

TEST(HttpServer, TellsAStreamThatItsPeerHasGone) {
  Running server;
  Peer peer(server);
  peer.send("GET /stream HTTP/1.1\r\n\r\n");
  peer.read_until("\r\n\r\n");
  peer.close();
  EXPECT_EQ(server.echo.closed.get_future().wait_for(kPatience), std::future_status::ready);
}

TEST(HttpServer, StopsAfterWhatItIsDoing) {
  Running server;
  Peer idle(server);
  idle.send("GET /a HTTP/1.1\r\n\r\n");
  idle.read_until("GET /a ");
  Peer busy(server);
  busy.send("GET /stream HTTP/1.1\r\n\r\n");
  busy.read_until("\r\n\r\n");
  server.stop_accepting();
  EXPECT_EQ(idle.read_all(), "");
  server.on_loop([&] { server.echo.stream->end(); });
  EXPECT_EQ(busy.read_all(), "0\r\n\r\n");
  EXPECT_THROW(Peer late(server), boost::system::system_error);
}

TEST(HttpServer, RefusesAddressesItCannotListenOn) {
  Running server;
  HttpServer second(server.loop, server.echo, {});
  EXPECT_EQ(second.listen(server.address, {}).error().code, ErrorCode::kConflict);
  for (const char* wrong :
       {"", "x", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", ":80"})
    EXPECT_EQ(second.listen(wrong, {}).error().code, ErrorCode::kInvalid) << wrong;
  EXPECT_EQ(second.listen("127.0.0.1:0", TlsFiles{"/no/such", "/no/such"}).error().code,
            ErrorCode::kInvalid);
}

/// What the client gets from the server.
Result<HttpResponse> fetch(const std::string& url, const std::string& ca_file,
                           const std::string& target) {
  EventLoop loop;
  Result<HttpAddress> address = parse_http_url(url);
  if (!address) return tl::make_unexpected(address.error());
  address->ca_file = ca_file;
  HttpClient client(loop, *address);
  Result<HttpResponse> out = fail(ErrorCode::kInternal, "no answer");
  HttpRequest request;
  request.method = "POST";
  request.target = target;
  request.body = "body";
  client.request(request, kPatience, [&](Result<HttpResponse> response) {
    out = std::move(response);
    loop.stop();
  });
  loop.run();
  return out;
}

TEST(HttpClient, GetsAnswersAndSaysWhyNot) {
  Running server;
  const auto answer = fetch("http://" + server.address, "", "/a");
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->body, "POST /a body");
  const auto refused = fetch("http://" + server.address, "", "/refuse");
  ASSERT_TRUE(refused) << refused.error().message;
  EXPECT_EQ(refused->status, 403);
  server.stop_accepting();
  EXPECT_EQ(fetch("http://" + server.address, "", "/a").error().code, ErrorCode::kUnavailable);
  for (const char* wrong :
       {"", "127.0.0.1:80", "ftp://x", "http://", "http://u:p@x", "http://x/y", "http://x?y"})
    EXPECT_FALSE(parse_http_url(wrong)) << wrong;
  EXPECT_EQ(parse_http_url("https://[::1]/")->authority(), "[::1]:443");
}

TEST(HttpServer, SpeaksTlsToThoseWhoTrustIt) {
  const std::string directory = testing::TempDir() + "http_tls_" + std::to_string(getpid());
  std::filesystem::create_directories(directory);
  const TlsFiles files{directory + "/cert.pem", directory + "/key.pem"};
  const std::string command = fmt::format(
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
      "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 -keyout {} -out {} 2>/dev/null",
      files.key, files.certificate);
  ASSERT_EQ(std::system(command.c_str()), 0);
  {
    Running server({}, files);
    const auto answer = fetch("https://" + server.address, files.certificate, "/a");
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body, "POST /a body");
    EXPECT_FALSE(fetch("https://" + server.address, "", "/a")) << "not trusted by the system";
    EXPECT_FALSE(fetch("http://" + server.address, "", "/a"));
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace agentainer::net

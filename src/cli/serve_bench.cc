// How fast a server takes and runs workflows over HTTP: `agentainer serve` as its own process with
// a private Redis (fsync always), this one as its clients on loopback.
//
//   [TMPDIR=DIR] serve_bench PROGRAM [WORKFLOWS]
//
// Times are those of the disk under TMPDIR: a workflow of three steps in a row is four commits.

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "cli/serve/server_file.h"
#include "net/http/client.h"

extern char** environ;

namespace agentainer::cli {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using Clock = std::chrono::steady_clock;

[[noreturn]] void die(const std::string& message) {
  std::fprintf(stderr, "serve_bench: %s\n", message.c_str());
  std::exit(1);
}

/// `agentainer serve` in a directory of its own, for as long as this object lives.
class ServerProcess {
 public:
  explicit ServerProcess(const std::string& program) {
    directory_ = std::filesystem::temp_directory_path() / "agentainer-bench.XXXXXX";
    if (mkdtemp(directory_.data()) == nullptr) die("cannot make a directory");
    const std::string log = directory_ + "/serve.log";
    std::vector<std::string> words{program,    "serve",       "--data",    directory_,
                                   "--listen", "127.0.0.1:0", "--runtime", "mock"};
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT,
                                     0600);
    if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, arguments.data(), environ) != 0)
      die("cannot start " + program);
    posix_spawn_file_actions_destroy(&actions);
    for (int i = 0; !place_; ++i) {
      if (i > 1000) die("the server does not come up; see " + log);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      place_ = read_server_file(directory_);
    }
    const Result<std::string> token = read_token_file(directory_);
    if (!token) die(token.error().message);
    token_ = *token;
  }
  ~ServerProcess() {
    kill(pid_, SIGTERM);
    int status = 0;
    waitpid(pid_, &status, 0);
    std::filesystem::remove_all(directory_);
  }
  const std::string& url() const { return place_->url; }
  const std::string& token() const { return token_; }
  /// Resident memory in MiB.
  double memory() const {
    std::ifstream statm(fmt::format("/proc/{}/statm", pid_));
    long pages = 0;
    long resident = 0;
    statm >> pages >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1048576.0;
  }

 private:
  std::string directory_;
  std::optional<ServerPlace> place_;
  std::string token_;
  pid_t pid_ = 0;
};

struct Load {
  std::string method;
  std::string target;
  std::string body;
  std::size_t requests = 0;
  std::size_t connections = 1;
};

struct Measured {
  double seconds = 0;
  std::vector<double> latencies_ms;
  std::size_t refused = 0;

  double percentile(double part) {
    std::sort(latencies_ms.begin(), latencies_ms.end());
    return latencies_ms[static_cast<std::size_t>(part *
                                                 static_cast<double>(latencies_ms.size() - 1))];
  }
};

/// One keep-alive connection that sends its next request as soon as the last one is answered.
class Client : public std::enable_shared_from_this<Client> {
 public:
  Client(asio::io_context& context, const net::HttpAddress& address, const std::string& token,
         const Load& load, std::size_t& left, Measured& measured)
      : stream_(context), left_(left), measured_(measured) {
    request_.method_string(load.method);
    request_.target(load.target);
    request_.version(11);
    request_.set(http::field::host, address.authority());
    request_.set(http::field::authorization, "Bearer " + token);
    request_.body() = load.body;
    request_.prepare_payload();
    asio::ip::tcp::resolver resolver(context);
    stream_.connect(resolver.resolve(address.host, address.port));
    stream_.socket().set_option(asio::ip::tcp::no_delay(true));
  }

  void next() {
    if (left_ == 0) return;
    --left_;
    begun_ = Clock::now();
    http::async_write(stream_, request_,
                      [self = shared_from_this()](error_code error, std::size_t) {
                        if (error) die("writing: " + error.message());
                        self->read();
                      });
  }

 private:
  void read() {
    response_ = {};
    http::async_read(
        stream_, buffer_, response_, [self = shared_from_this()](error_code error, std::size_t) {
          if (error) die("reading: " + error.message());
          self->measured_.latencies_ms.push_back(
              std::chrono::duration<double, std::milli>(Clock::now() - self->begun_).count());
          if (self->response_.result_int() >= 300) ++self->measured_.refused;
          self->next();
        });
  }

  boost::beast::tcp_stream stream_;
  std::size_t& left_;
  Measured& measured_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
  boost::beast::flat_buffer buffer_;
  Clock::time_point begun_;
};

Measured run(const ServerProcess& server, const Load& load) {
  const Result<net::HttpAddress> address = net::parse_http_url(server.url());
  if (!address) die(address.error().message);
  asio::io_context context(1);
  Measured measured;
  std::size_t left = load.requests;
  std::vector<std::shared_ptr<Client>> clients;
  for (std::size_t i = 0; i < load.connections; ++i)
    clients.push_back(
        std::make_shared<Client>(context, *address, server.token(), load, left, measured));
  const auto begin = Clock::now();
  for (const auto& client : clients) client->next();
  context.run();
  measured.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  return measured;
}

void report(const char* what, const ServerProcess& server, Measured measured) {
  std::printf("%-44s %9.0f/s  p50 %7.2f ms  p99 %7.2f ms  server %6.1f MiB%s\n", what,
              static_cast<double>(measured.latencies_ms.size()) / measured.seconds,
              measured.percentile(0.5), measured.percentile(0.99), server.memory(),
              measured.refused > 0 ? fmt::format("  {} REFUSED", measured.refused).c_str() : "");
}

constexpr std::string_view kThreeSteps =
    R"({"name":"bench","steps":[{"id":"a","command":["x"]},{"id":"b","command":["x"]},)"
    R"({"id":"c","command":["x"]}]})";

int bench(int argc, char** argv) {
  if (argc < 2) die("usage: serve_bench PROGRAM [WORKFLOWS]");
  const std::size_t count = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 10'000;
  const ServerProcess server(argv[1]);
  const std::string body(kThreeSteps);
  report("submit, not started, 50 connections", server,
         run(server, {"POST", "/workflows", body, count, 50}));
  report("submit and start, 50 connections", server,
         run(server, {"POST", "/workflows?start=true", body, count, 50}));
  report("3 steps to the end, one at a time", server,
         run(server, {"POST", "/workflows?start=true&wait_seconds=60", body, count / 10, 1}));
  report("3 steps to the end, 100 in flight", server,
         run(server, {"POST", "/workflows?start=true&wait_seconds=60", body, count, 100}));
  report("list of 100, 10 connections", server,
         run(server, {"GET", "/workflows", "", count / 10, 10}));
  report("healthz, 50 connections", server, run(server, {"GET", "/healthz", "", count, 50}));
  return 0;
}

}  // namespace
}  // namespace agentainer::cli

int main(int argc, char** argv) { return agentainer::cli::bench(argc, argv); }

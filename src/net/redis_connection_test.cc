#include "net/redis_connection.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace agentainer::net {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using boost::system::error_code;
using local = asio::local::stream_protocol;

/// Answers commands on a unix socket as it is told.
class FakeRedis {
 public:
  /// The answer to a command; nothing: none, ever.
  using Respond = std::function<std::optional<std::string>(const std::string& command)>;

  FakeRedis(asio::io_context& context, const fs::path& path) : acceptor_(context), path_(path) {
    listen();
  }

  Respond respond = [](const std::string&) { return "+OK\r\n"; };
  std::vector<std::string> commands;  ///< Words joined by spaces.
  std::size_t reads = 0;
  bool reading = true;
  int connections = 0;

  /// The connection that is there, and no new ones until listen().
  void go_away() {
    error_code ignored;
    acceptor_.close(ignored);
    fs::remove(path_);
    disconnect();
  }
  void disconnect() {
    error_code ignored;
    if (client_) client_->socket.close(ignored);
    client_.reset();
  }
  void listen() {
    acceptor_.open();
    // Through the directory, so that a long path can be bound too.
    const fs::path before = fs::current_path();
    fs::current_path(path_.parent_path());
    acceptor_.bind(local::endpoint(path_.filename().string()));
    fs::current_path(before);
    acceptor_.listen();
    accept();
  }
  void send(const std::string& text) {
    if (client_) asio::write(client_->socket, asio::buffer(text));
  }

 private:
  struct Client {
    explicit Client(local::socket connected) : socket(std::move(connected)) {}
    local::socket socket;
    ReplyReader reader;
    std::array<char, 1 << 16> buffer;
  };

  void accept() {
    acceptor_.async_accept([this](error_code error, local::socket socket) {
      if (error) return;
      ++connections;
      client_ = std::make_shared<Client>(std::move(socket));
      if (reading) read(client_);
      accept();
    });
  }

  void read(const std::shared_ptr<Client>& client) {
    client->socket.async_read_some(
        asio::buffer(client->buffer), [this, client](error_code error, std::size_t size) {
          if (error || client != client_) return;
          ++reads;
          ASSERT_TRUE(client->reader.feed({client->buffer.data(), size}));
          take(client);
          if (client == client_ && reading) read(client);
        });
  }

  /// All answers to what was read in one write: this thread also reads them, and must not block.
  void take(const std::shared_ptr<Client>& client) {
    std::string answers;
    take_commands(*client, answers);
    asio::write(client->socket, asio::buffer(answers));
  }

  void take_commands(Client& client, std::string& answers) {
    for (;;) {
      auto command = client.reader.next();
      ASSERT_TRUE(command);
      if (!*command) return;
      std::string words;
      for (const Reply& word : (*command)->elements)
        words += (words.empty() ? "" : " ") + word.text;
      commands.push_back(words);
      answers += respond(words).value_or("");
    }
  }

  local::acceptor acceptor_;
  fs::path path_;
  std::shared_ptr<Client> client_;
};

class Connection : public testing::Test {
 protected:
  Connection() { fs::create_directories(path().parent_path()); }
  ~Connection() override { fs::remove_all(directory_); }

  fs::path path() const { return directory_ / "s"; }

  RedisAddress address() const {
    RedisAddress address;
    address.transport = RedisAddress::Transport::kUnix;
    address.path = path().string();
    return address;
  }

  void run_until(const std::function<bool()>& condition) {
    loop.context().restart();
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!condition()) {
      loop.context().run_one_until(deadline);
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "waited too long";
    }
  }

  Status connect(RedisConnection& connection) {
    std::optional<Status> result;
    connection.connect([&](Status status) { result = std::move(status); });
    run_until([&] { return result.has_value(); });
    return result.value_or(Status());
  }

  /// Sends; the answer's text or error code is appended to `answers`.
  void send(RedisConnection& connection, const Command& command) {
    ++sent;
    connection.send(command, [this](Result<Reply> reply) {
      answers.push_back(reply ? reply->text : std::string(to_string(reply.error().code)));
    });
  }
  void run_until_answered() {
    run_until([&] { return answers.size() == sent; });
  }

  EventLoop loop;
  std::vector<std::string> answers;
  std::size_t sent = 0;

 private:
  static fs::path make_directory() {
    std::string name = (fs::temp_directory_path() / "agentainer-net-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    return name;
  }
  fs::path directory_ = make_directory();

 protected:
  FakeRedis redis{loop.context(), path()};
};

using Answers = std::vector<std::string>;

TEST_F(Connection, LogsInBeforeAnythingElse) {
  RedisAddress where = address();
  where.user = "ann";
  where.password = "secret";
  where.database = 7;
  RedisConnection connection(loop, where, {});
  send(connection, {"EARLY"});  // before connect(): refused
  run_until_answered();
  EXPECT_EQ(answers, Answers{"unavailable"});
  std::optional<Status> connected;
  connection.connect([&](Status status) { connected = std::move(status); });
  send(connection, {"GET", "a"});
  run_until_answered();
  EXPECT_TRUE(connected && *connected);
  EXPECT_EQ(redis.commands,
            (std::vector<std::string>{"AUTH ann secret", "SELECT 7", "PING", "GET a"}));
}

TEST_F(Connection, CommandsOfATurnShareAWriteAndAnswersKeepTheirOrder) {
  RedisConnection connection(loop, address(), {});
  ASSERT_TRUE(connect(connection));
  redis.respond = [](const std::string& command) { return "+" + command + "\r\n"; };
  redis.reads = 0;
  Answers expected;
  for (int i = 0; i < 1000; ++i) {
    expected.push_back(std::to_string(i));
    send(connection, {expected.back()});
  }
  run_until_answered();
  EXPECT_EQ(answers, expected);
  EXPECT_LE(redis.reads, 10u);
}

TEST_F(Connection, AnErrorReplyIsAReply) {
  RedisConnection connection(loop, address(), {});
  ASSERT_TRUE(connect(connection));
  redis.respond = [](const std::string&) { return "-OOM no\r\n"; };
  std::optional<Reply> answer;
  connection.send({"SET", "a", "b"}, [&](Result<Reply> reply) { answer = *reply; });
  run_until([&] { return answer.has_value(); });
  EXPECT_TRUE(answer->is_error());
  EXPECT_EQ(answer->text, "OOM no");
}

TEST_F(Connection, AWrongPasswordEndsTheFirstAttemptAndIsNotShown) {
  redis.respond = [](const std::string& command) {
    return command.starts_with("AUTH") ? "-WRONGPASS invalid username-password pair\r\n"
                                       : "-NOAUTH no\r\n";
  };
  RedisAddress where = address();
  where.password = "secret";
  RedisConnection connection(loop, where, {});
  const Status status = connect(connection);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalid);
  EXPECT_NE(status.error().message.find("WRONGPASS"), std::string::npos) << status.error().message;
  EXPECT_EQ(status.error().message.find("secret"), std::string::npos) << status.error().message;
}

TEST_F(Connection, NobodyThereEndsTheFirstAttempt) {
  redis.go_away();
  RedisConnection connection(loop, address(), {});
  const Status status = connect(connection);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnavailable);
  EXPECT_NE(status.error().message.find(path().string()), std::string::npos)
      << status.error().message;
}

TEST_F(Connection, WaitsWhileRedisLoads) {
  int pings = 0;
  redis.respond = [&](const std::string&) {
    return ++pings < 3 ? "-LOADING wait\r\n" : "+PONG\r\n";
  };
  RedisConnection connection(loop, address(), {});
  EXPECT_TRUE(connect(connection));
  EXPECT_EQ(pings, 3);
}

TEST_F(Connection, WhatWasSentIsInDoubtAfterABreakWhatWasNotIsNot) {
  RedisConnection connection(loop, address(), {});
  ASSERT_TRUE(connect(connection));
  redis.respond = [](const std::string&) { return std::nullopt; };
  redis.reading = false;  // after what it reads next
  send(connection, {"A"});
  run_until([&] { return redis.commands.back() == "A"; });
  send(connection, {"B", std::string(10 << 20, 'b')});  // more than the socket takes
  bool turn_is_over = false;
  loop.post([&] { loop.post([&] { turn_is_over = true; }); });
  run_until([&] { return turn_is_over; });
  send(connection, {"C"});
  redis.disconnect();
  run_until_answered();
  EXPECT_EQ(answers, (Answers{"outcome unknown", "outcome unknown", "unavailable"}));
}

TEST_F(Connection, CommandsGivenWhileAwayAreSentOnReturn) {
  RedisConnection connection(loop, address(), {});
  ASSERT_TRUE(connect(connection));
  redis.go_away();
  run_until([&] { return !connection.is_ready(); });
  for (const char* word : {"A", "B", "C"}) send(connection, {word});
  redis.listen();
  connection.retry_now();
  run_until_answered();
  EXPECT_EQ(answers, (Answers{"OK", "OK", "OK"}));
  EXPECT_EQ(std::vector<std::string>(redis.commands.end() - 4, redis.commands.end()),
            (std::vector<std::string>{"PING", "A", "B", "C"}));
  EXPECT_EQ(redis.connections, 2);
}

TEST_F(Connection, ComesBackByItself) {
  RedisConnection connection(loop, address(), {});
  ASSERT_TRUE(connect(connection));
  for (int i = 2; i < 5; ++i) {
    redis.disconnect();
    run_until([&] { return redis.connections == i && connection.is_ready(); });
  }
}

TEST_F(Connection, WaitingForAConnectionHasAnEnd) {
  RedisConnectionOptions options;
  options.request_timeout = 50ms;
  RedisConnection connection(loop, address(), options);
  ASSERT_TRUE(connect(connection));
  redis.go_away();
  run_until([&] { return !connection.is_ready(); });
  send(connection, {"A"});
  run_until_answered();
  EXPECT_EQ(answers, Answers{"unavailable"});
}

TEST_F(Connection, AHungRedisIsGivenUp) {
  RedisConnectionOptions options;
  options.request_timeout = 50ms;
  RedisConnection connection(loop, address(), options);
  ASSERT_TRUE(connect(connection));
  redis.respond = [](const std::string& command) {
    return command == "HANG" ? std::nullopt : std::optional<std::string>("+OK\r\n");
  };
  send(connection, {"HANG"});
  send(connection, {"AFTER"});
  run_until_answered();
  EXPECT_EQ(answers[0], "OK") << "the answers of a Redis that skips one are taken as they come";
  EXPECT_EQ(answers[1], "outcome unknown");
  run_until([&] { return connection.is_ready(); });
  EXPECT_EQ(redis.connections, 2);
}

TEST_F(Connection, AnIdleConnectionIsNotTakenForHung) {
  RedisConnectionOptions options;
  options.request_timeout = 20ms;
  RedisConnection connection(loop, address(), options);
  ASSERT_TRUE(connect(connection));
  send(connection, {"A"});
  run_until_answered();
  bool waited = false;
  loop.schedule(loop.now() + 100ms, [&] { waited = true; });
  run_until([&] { return waited; });
  EXPECT_TRUE(connection.is_ready());
  EXPECT_EQ(redis.connections, 1);
}

TEST_F(Connection, TheQueueIsBoundedButTakesOneLargeCommand) {
  RedisConnectionOptions options;
  options.max_unanswered_bytes = 1000;
  RedisConnection connection(loop, address(), options);
  ASSERT_TRUE(connect(connection));
  send(connection, {"LARGE", std::string(100'000, 'x')});
  send(connection, {"MORE"});
  run_until_answered();
  EXPECT_EQ(answers, (Answers{"unavailable", "OK"}))
      << "refused at once, the large one still on its way";
  send(connection, {"AGAIN"});
  run_until_answered();
  EXPECT_EQ(answers.back(), "OK");
}

TEST_F(Connection, TheSetupComesFirstOnEveryConnection) {
  RedisConnection connection(loop, address(), {});
  connection.set_setup([&](RedisConnection::Done done) {
    connection.send_first({"SETUP"}, [done](Result<Reply> reply) {
      done(reply ? Status() : fail(ErrorCode::kInternal, ""));
    });
  });
  ASSERT_TRUE(connect(connection));
  redis.disconnect();
  run_until([&] { return !connection.is_ready(); });
  send(connection, {"A"});
  run_until_answered();
  EXPECT_EQ(redis.commands, (std::vector<std::string>{"PING", "SETUP", "PING", "SETUP", "A"}));
}

TEST_F(Connection, ASetupThatRefusesIsTheErrorOfConnect) {
  RedisConnection connection(loop, address(), {});
  connection.set_setup(
      [&](const RedisConnection::Done& done) { done(fail(ErrorCode::kUnsupported, "too old")); });
  const Status status = connect(connection);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kUnsupported);
  EXPECT_EQ(status.error().message, "too old");
}

TEST_F(Connection, WhatIsNotRedisIsGivenUp) {
  redis.respond = [](const std::string&) { return "HTTP/1.1 400 Bad Request\r\n"; };
  RedisConnection connection(loop, address(), {});
  const Status status = connect(connection);
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("protocol"), std::string::npos) << status.error().message;
}

TEST_F(Connection, AnAnswerNobodyAskedForEndsTheConnection) {
  RedisConnection connection(loop, address(), {});
  ASSERT_TRUE(connect(connection));
  redis.send("+SURPRISE\r\n");
  run_until([&] { return redis.connections == 2; });
}

TEST_F(Connection, MayBeDestroyedByAnAnswer) {
  auto connection = std::make_unique<RedisConnection>(loop, address(), RedisConnectionOptions{});
  ASSERT_TRUE(connect(*connection));
  int answered = 0;
  for (int i = 0; i < 3; ++i)
    connection->send({"A"}, [&](const Result<Reply>&) {
      ++answered;
      connection.reset();
    });
  run_until([&] { return connection == nullptr; });
  bool turn_is_over = false;
  loop.post([&] { turn_is_over = true; });
  run_until([&] { return turn_is_over; });
  EXPECT_EQ(answered, 1);
}

TEST_F(Connection, MayBeDestroyedByABreak) {
  auto connection = std::make_unique<RedisConnection>(loop, address(), RedisConnectionOptions{});
  ASSERT_TRUE(connect(*connection));
  redis.respond = [](const std::string&) { return std::nullopt; };
  int answered = 0;
  for (int i = 0; i < 3; ++i)
    connection->send({"A"}, [&](const Result<Reply>&) {
      ++answered;
      connection.reset();
    });
  run_until([&] { return redis.commands.size() == 4; });
  redis.disconnect();
  run_until([&] { return connection == nullptr; });
  EXPECT_EQ(answered, 1);
}

TEST_F(Connection, ASocketPathLongerThanAnAddressIsReached) {
  const fs::path deep = path().parent_path() / std::string(100, 'd') / std::string(100, 'e');
  fs::create_directories(deep);
  FakeRedis far(loop.context(), deep / "redis.sock");
  RedisAddress where = address();
  where.path = (deep / "redis.sock").string();
  RedisConnection connection(loop, where, {});
  const Status status = connect(connection);
  EXPECT_TRUE(status) << status.error().message;
}

}  // namespace
}  // namespace agentainer::net

// Servers in processes of their own on one Redis: what becomes of a workflow when its server is
// killed, or stands still for longer than its lease.

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <optional>

#include "redis/redis_server.h"
#include "runtime/mock/mock_runtime.h"
#include "server/json_lines.h"
#include "server/server.h"

namespace agentainer::server {
namespace {

using tests::RedisServer;
using tests::run_until;
using tests::wait;

/// A server on the Redis of the test; its one workflow's agent never ends.
class Life : public Observer {
 public:
  explicit Life(const net::RedisAddress& address)
      : store_(tests::open_store(loop, address)),
        server(loop, *store_, runtime_, items_, make_id, options()) {
    server.add_observer(this);
    const Status opened = wait<void>(loop, [&](auto done) { server.open(std::move(done)); });
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
  }

  void on_committed(const engine::WorkflowState&, std::span<const engine::Record>) override {}
  void on_ended(const engine::WorkflowState&) override {}
  void on_abandoned(const engine::WorkflowState&, const Error& error) override {
    abandoned = error.code;
  }
  void on_store_trouble(const Error&) override {}

  net::EventLoop loop;
  std::optional<ErrorCode> abandoned;

 private:
  static WorkflowId make_id(TimePoint now) {
    return WorkflowId::from_parts(static_cast<std::uint64_t>(now.time_since_epoch().count()), 1, 2);
  }
  static Options options() {
    Options options;
    options.take_over_interval = 50ms;
    return options;
  }

  std::unique_ptr<store::RedisStore> store_;
  runtime::MockRuntime runtime_{
      loop, [](const runtime::TaskSpec&) { return runtime::MockPlan{.never_ends = true}; }};
  JsonLinesSource items_{loop};

 public:
  Server server;
};

/// What the other process tells: 's' its workflow is stored, 'a' it was abandoned; then the error.
struct Message {
  char what = 0;
  ErrorCode code{};
};

class OtherProcess {
 public:
  explicit OtherProcess(const net::RedisAddress& address) {
    int ends[2];
    if (::pipe(ends) != 0) throw std::runtime_error("pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      work(address, ends[1]);
    }
    ::close(ends[1]);
    read_end_ = ends[0];
  }
  ~OtherProcess() {
    send(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(read_end_);
  }
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  void send(int signal) const { ::kill(pid_, signal); }
  void kill_and_reap() {
    send(SIGKILL);
    siginfo_t info;
    ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOWAIT);
  }
  /// Waits for it.
  Message next() const {
    Message message;
    return ::read(read_end_, &message, sizeof(message)) == sizeof(message) ? message : Message{};
  }

 private:
  /// Commits again and again, so that it finds out when the workflow is no longer its own.
  [[noreturn]] static void work(const net::RedisAddress& address, int out) {
    const auto tell = [out](Message message) {
      if (::write(out, &message, sizeof(message)) != sizeof(message)) ::_exit(1);
    };
    Life life(address);
    const auto made = wait<Submitted>(life.loop, [&](auto done) {
      life.server.submit({"name: t\nsteps: [{id: a, command: [x]}]", "/", {}}, std::move(done));
    });
    if (!made) ::_exit(2);
    tell({'s', {}});
    std::function<void()> change = [&] {
      life.server.update_state(made->id, {engine::StateUpdate::Kind::kSet, "key", "1", {}},
                               [](const Result<engine::StateUpdateResult>&) {});
      life.loop.schedule(life.loop.now() + 20ms, change);
    };
    change();
    run_until(life.loop, [&] { return life.abandoned.has_value(); });
    if (life.abandoned) tell({'a', *life.abandoned});
    ::_exit(0);
  }

  pid_t pid_ = 0;
  int read_end_ = -1;
};

class TakeOverOnRedis : public testing::Test {
 protected:
  RedisServer redis;
};

TEST_F(TakeOverOnRedis, AKilledServersWorkflowIsResumed) {
  OtherProcess other(redis.address());
  ASSERT_EQ(other.next().what, 's');
  Life life(redis.address());
  ASSERT_TRUE(wait<void>(life.loop, [&](auto done) { life.server.take_over(std::move(done)); }));
  EXPECT_EQ(life.server.running(), 0u) << "its server lives";
  other.kill_and_reap();
  run_until(life.loop, [&] { return life.server.running() == 1; });
}

TEST_F(TakeOverOnRedis, AServerThatStoodStillPastItsLeaseIsFencedWhenItGoesOn) {
  OtherProcess other(redis.address());
  ASSERT_EQ(other.next().what, 's');
  Life life(redis.address());
  ASSERT_TRUE(wait<void>(life.loop, [&](auto done) { life.server.take_over(std::move(done)); }));
  other.send(SIGSTOP);
  run_until(life.loop, [&] { return life.server.running() == 1; });
  other.send(SIGCONT);
  const Message message = other.next();
  EXPECT_EQ(message.what, 'a');
  EXPECT_EQ(message.code, ErrorCode::kFenced);
  EXPECT_EQ(life.server.running(), 1u);
  EXPECT_FALSE(life.abandoned);
}

}  // namespace
}  // namespace agentainer::server

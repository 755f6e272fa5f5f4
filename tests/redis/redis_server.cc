#include "redis/redis_server.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>

#include "store/child_process.h"
#include "store/redis_probe.h"

namespace agentainer::tests {

void run_until(net::EventLoop& loop, const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  loop.context().restart();
  while (!condition()) {
    loop.context().run_one_until(deadline);
    if (std::chrono::steady_clock::now() >= deadline) {
      FAIL() << "waited for a minute";
    }
  }
}

TemporaryDirectory::TemporaryDirectory() {
  std::string name = (std::filesystem::temp_directory_path() / "agentainer-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

RedisServer::RedisServer(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
  start();
}

RedisServer::~RedisServer() {
  if (pid_ != 0) kill();
}

net::RedisAddress RedisServer::address() const {
  net::RedisAddress address;
  address.transport = net::RedisAddress::Transport::kUnix;
  address.path = (directory() / "redis.sock").string();
  return address;
}

void RedisServer::start() {
  std::vector<std::string> arguments{"--port",       "0",        "--unixsocket",  "redis.sock",
                                     "--appendonly", "yes",      "--appendfsync", "always",
                                     "--save",       "",         "--dir",         ".",
                                     "--logfile",    "redis.log"};
  arguments.insert(arguments.end(), arguments_.begin(), arguments_.end());
  const int output = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const auto pid = store::spawn_child(
      {store::find_program({"redis-server"}), arguments, directory().string(), output, -1});
  ::close(output);
  if (!pid) throw std::runtime_error(pid.error().message);
  pid_ = *pid;

  net::EventLoop loop;
  bool ready = false;
  std::unique_ptr<store::RedisProbe> probe;
  std::function<void()> look = [&] {
    probe = std::make_unique<store::RedisProbe>(
        loop, address(),
        store::RedisProbe::Events{[&] { ready = true; },
                                  [&] { loop.schedule(loop.now() + 2ms, look); }});
  };
  look();
  run_until(loop, [&] { return ready; });
}

void RedisServer::kill() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void RedisServer::send_signal(int signal) const { ::kill(pid_, signal); }

net::Reply RedisServer::call(const net::Command& command) {
  net::EventLoop loop;
  net::RedisConnection connection(loop, address(), {});
  EXPECT_TRUE(wait<void>(loop, [&](auto done) { connection.connect(std::move(done)); }));
  auto reply =
      wait<net::Reply>(loop, [&](auto done) { connection.send(command, std::move(done)); });
  EXPECT_TRUE(reply);
  return reply ? *reply : net::Reply{};
}

std::unique_ptr<store::RedisStore> open_store(net::EventLoop& loop,
                                              const net::RedisAddress& address,
                                              store::RedisStoreOptions options) {
  auto store = wait<std::unique_ptr<store::RedisStore>>(
      loop, [&](auto done) { store::RedisStore::open(loop, address, options, std::move(done)); });
  EXPECT_TRUE(store) << (store ? "" : store.error().message);
  return store ? std::move(*store) : nullptr;
}

store::Commit make_commit(std::uint64_t workflow, Epoch epoch, std::uint64_t sequence,
                          std::size_t records) {
  store::Commit commit;
  commit.workflow = WorkflowId::from_parts(1'700'000'000'000 + workflow, 0, workflow);
  commit.epoch = epoch;
  commit.sequence = sequence;
  if (sequence == 0)
    commit.create = store::NewWorkflow{"name", "definition", "/", TimePoint(milliseconds{1})};
  for (std::size_t i = 0; i < records; ++i)
    commit.records.push_back(std::to_string(sequence + i + 1));
  commit.status = "running";
  commit.at = TimePoint(milliseconds{2});
  return commit;
}

}  // namespace agentainer::tests

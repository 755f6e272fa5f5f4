// A map of no-op items through the mock runtime and a durable Redis store: items per second, and
// memory of this process and of Redis. Each size runs in a process of its own, so that peaks do not
// add up.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "net/event_loop.h"
#include "runtime/mock/mock_runtime.h"
#include "server/json_lines.h"
#include "server/server.h"
#include "store/private_redis.h"
#include "store/redis_store.h"

namespace {

using namespace agentainer;

std::string make_directory() {
  std::string path = "/tmp/agentainer-bench-XXXXXX";
  if (::mkdtemp(path.data()) == nullptr) std::exit(1);
  return path;
}

void write_items(const std::string& path, std::uint32_t count) {
  std::ofstream out(path);
  for (std::uint32_t i = 0; i < count; ++i) out << i << '\n';
}

/// Ends the loop when the workflow has ended.
class End final : public server::Observer {
 public:
  explicit End(net::EventLoop& loop) : loop_(loop) {}
  void on_committed(const engine::WorkflowState&, std::span<const engine::Record>) override {
    ++commits;
  }
  void on_ended(const engine::WorkflowState& state) override {
    completed = state.status == engine::WorkflowStatus::kCompleted &&
                state.steps.front().tasks.count(engine::TaskStatus::kSucceeded) ==
                    state.steps.front().tasks.size();
    loop_.stop();
  }
  void on_abandoned(const engine::WorkflowState&, const Error& error) override {
    fmt::print(stderr, "abandoned: {}\n", error.message);
    loop_.stop();
  }
  void on_store_trouble(const Error& error) override {
    fmt::print(stderr, "store: {}\n", error.message);
  }

  bool completed = false;
  std::size_t commits = 0;

 private:
  net::EventLoop& loop_;
};

[[noreturn]] void give_up(const Error& error) {
  fmt::print(stderr, "map_bench: {}\n", error.message);
  std::exit(1);
}

int run_map(std::uint32_t items, std::uint32_t max_tasks) {
  const std::string directory = make_directory();
  write_items(directory + "/items.jsonl", items);
  net::EventLoop loop;
  store::PrivateRedis redis(loop, {directory, {}, 0});
  std::unique_ptr<store::RedisStore> store;
  redis.start([&](Result<net::RedisAddress> address) {
    if (!address) give_up(address.error());
    store::RedisStore::open(loop, std::move(*address), {},
                            [&](Result<std::unique_ptr<store::RedisStore>> opened) {
                              if (!opened) give_up(opened.error());
                              store = std::move(*opened);
                              loop.stop();
                            });
  });
  loop.run();

  runtime::MockRuntime runtime(loop);
  server::JsonLinesSource source(loop);
  server::Options options;
  options.max_tasks = max_tasks;
  std::uint64_t random = 0;
  server::Server server(
      loop, *store, runtime, source,
      [&](TimePoint now) {
        return WorkflowId::from_parts(static_cast<std::uint64_t>(now.time_since_epoch().count()), 0,
                                      ++random);
      },
      options);
  End end(loop);
  server.add_observer(&end);
  std::chrono::steady_clock::time_point begin;
  server.open([&](const Status& opened) {
    if (!opened) give_up(opened.error());
    begin = std::chrono::steady_clock::now();
    const std::string text =
        "name: bench\nsteps:\n  - id: work\n    type: map\n    command: [\"true\"]\n    map: "
        "{input_file: items.jsonl}\n";
    server.submit({text, directory, {}}, [](const Result<server::Submitted>& id) {
      if (!id) give_up(id.error());
    });
  });
  loop.run();
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fmt::print(
      "{:>9} items  {:>8.2f} s  {:>8.0f} items/s  {:>6} commits  {:>5.0f} MB peak in the process  "
      "{}\n",
      items, seconds, items / seconds, end.commits, static_cast<double>(usage.ru_maxrss) / 1024.0,
      end.completed ? "completed" : "FAILED");
  std::fflush(stdout);
  bool stopped = false;
  store->close([&](const Status&) {
    redis.stop([&](const Status&) {
      stopped = true;
      loop.stop();
    });
  });
  while (!stopped) loop.run();
  // Only what this run made under its own fresh directory.
  const std::string clean = "rm -rf " + directory;
  if (std::system(clean.c_str()) != 0) fmt::print(stderr, "could not remove {}\n", directory);
  return end.completed ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3)
    return run_map(static_cast<std::uint32_t>(std::atoll(argv[1])),
                   static_cast<std::uint32_t>(std::atoll(argv[2])));
  fmt::print("map of no-op items, mock runtime, private Redis with fsync always:\n");
  std::fflush(stdout);
  int failed = 0;
  for (const char* items : {"100000", "1000000"}) {
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/proc/self/exe", argv[0], items, "1024", nullptr);
      ::_exit(127);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    failed += status == 0 ? 0 : 1;
  }
  return failed;
}

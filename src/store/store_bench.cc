// What the store costs on its private Redis, every commit synced before it is acknowledged:
// latency of a commit alone; commits and results per second, with processor time and Redis memory
// of each.
//
//   store_bench [DIRECTORY]    a scratch directory on the disk to measure; the system's by default

#include <stdlib.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/check.h"
#include "net/event_loop.h"
#include "net/redis_connection.h"
#include "store/open_store.h"

namespace agentainer::store {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// A record about as long as the engine's for one finished task.
const std::string kRecord =
    R"({"type":"task_finished","at":1700000000000,"step":3,"task":12345,"attempt":1,"agent":"p-4711"})";

class Bench {
 public:
  explicit Bench(const std::filesystem::path& directory) {
    const auto begin = Clock::now();
    OpenStore::open(loop_, {std::nullopt, directory, {}},
                    [this](Result<std::unique_ptr<OpenStore>> opened) {
                      if (!opened) std::fprintf(stderr, "%s\n", opened.error().message.c_str());
                      AGENTAINER_CHECK(opened.has_value(), "the store opens");
                      store_ = std::move(*opened);
                      loop_.stop();
                    });
    loop_.run();
    std::printf("%-48s %8.1f ms\n", "start of the private Redis and the store",
                seconds_since(begin) * 1e3);
    store().next_epoch([this](Result<Epoch> epoch) {
      AGENTAINER_CHECK(epoch.has_value(), "an epoch is given");
      epoch_ = *epoch;
      loop_.stop();
    });
    loop_.run();
  }

  ~Bench() {
    const auto begin = Clock::now();
    store_->close([this](const Status&) { loop_.stop(); });
    loop_.run();
    std::printf("%-48s %8.1f ms\n", "end of both", seconds_since(begin) * 1e3);
  }

  void latency_alone(int commits) {
    std::vector<double> times_us;
    Commit commit = create();
    for (int i = 0; i < commits; ++i) {
      const auto begin = Clock::now();
      bool answered = false;
      store().commit(commit, [&](const Status& status) {
        AGENTAINER_CHECK(status.has_value(), "a commit is acknowledged");
        answered = true;
        loop_.stop();
      });
      loop_.run();
      AGENTAINER_CHECK(answered, "a commit is answered");
      times_us.push_back(seconds_since(begin) * 1e6);
      advance(commit);
    }
    std::sort(times_us.begin(), times_us.end());
    std::printf("%-48s %8.0f us p50 %7.0f us p99\n", "commit alone", times_us[times_us.size() / 2],
                times_us[times_us.size() * 99 / 100]);
  }

  /// Each of `workflows` always has one commit under way.
  void commits_in_flight(std::size_t workflows, std::size_t commits) {
    std::vector<Commit> next(workflows);
    for (Commit& commit : next) commit = create();
    std::size_t sent = 0;
    std::size_t answered = 0;
    std::function<void(std::size_t)> send = [&](std::size_t i) {
      ++sent;
      store().commit(next[i], [&, i](const Status& status) {
        AGENTAINER_CHECK(status.has_value(), "a commit is acknowledged");
        advance(next[i]);
        if (sent < commits) send(i);
        if (++answered == commits) loop_.stop();
      });
    };
    const Usage before = usage();
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < workflows; ++i) send(i);
    loop_.run();
    report(fmt::format("commits of 1 record, {} workflows in flight", workflows),
           static_cast<double>(commits), seconds_since(begin), before);
  }

  /// One map of `results` tasks, 100 to a commit, `depth` commits under way.
  void results(std::uint32_t results, std::size_t records, std::size_t depth,
               const std::string& text) {
    constexpr std::uint32_t kPerCommit = 100;
    Commit commit = create();
    std::uint32_t sent = 0;
    std::uint32_t answered = 0;
    std::function<void()> send = [&] {
      commit.task_outputs.clear();
      for (std::uint32_t i = 0; i < kPerCommit; ++i)
        commit.task_outputs.push_back({"map", TaskIndex{sent + i}, true, text});
      commit.records.assign(records, kRecord);
      sent += kPerCommit;
      store().commit(commit, [&](const Status& status) {
        AGENTAINER_CHECK(status.has_value(), "a commit is acknowledged");
        answered += kPerCommit;
        if (sent < results) send();
        if (answered >= results) loop_.stop();
      });
      advance(commit);
    };
    const Usage before = usage();
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < depth; ++i) send();
    loop_.run();
    report(fmt::format("results of {} B, 100 and {} records a commit", text.size(), records),
           results, seconds_since(begin), before);
  }

 private:
  Store& store() { return store_->store(); }

  Commit create() {
    Commit commit;
    commit.workflow = WorkflowId::from_parts(1'700'000'000'000, 0, ++workflows_);
    commit.epoch = epoch_;
    commit.create =
        NewWorkflow{"bench", std::string(500, 'd'), "/home/user/project", TimePoint(1ms)};
    commit.records = {kRecord};
    commit.status = "running";
    commit.at = TimePoint(1ms);
    return commit;
  }

  static void advance(Commit& commit) {
    commit.sequence += commit.records.size();
    commit.create.reset();
  }

  struct Usage {
    double redis_cpu_us = 0;
    double own_cpu_us = 0;
    double redis_memory_bytes = 0;
  };

  Usage usage() {
    net::RedisConnection connection(loop_, store_->address(), {});
    Usage usage;
    connection.connect([&](const Status&) {
      connection.send({"INFO", "everything"}, [&](const Result<net::Reply>& reply) {
        const auto number = [&](std::string_view name) {
          return std::atof(reply->text.c_str() + reply->text.find(name) + name.size());
        };
        usage.redis_cpu_us = (number("used_cpu_user:") + number("used_cpu_sys:")) * 1e6;
        usage.redis_memory_bytes = number("used_memory_dataset:");
        loop_.stop();
      });
    });
    loop_.run();
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    usage.own_cpu_us =
        static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
    return usage;
  }

  /// The processor's part is what other load on the machine does not change.
  void report(const std::string& name, double count, double seconds, const Usage& before) {
    const Usage after = usage();
    std::printf("%-48s %8.0f/s; CPU %6.2f us here %6.2f us Redis; %6.1f B\n", name.c_str(),
                count / seconds, (after.own_cpu_us - before.own_cpu_us) / count,
                (after.redis_cpu_us - before.redis_cpu_us) / count,
                (after.redis_memory_bytes - before.redis_memory_bytes) / count);
  }

  net::EventLoop loop_;
  std::unique_ptr<OpenStore> store_;
  Epoch epoch_{};
  std::uint64_t workflows_ = 0;
};

}  // namespace
}  // namespace agentainer::store

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::string directory =
      ((argc > 1 ? fs::path(argv[1]) : fs::temp_directory_path()) / "store-bench-XXXXXX").string();
  if (::mkdtemp(directory.data()) == nullptr) {
    std::perror(directory.c_str());
    return 1;
  }
  {
    agentainer::store::Bench bench(directory);
    bench.latency_alone(2'000);
    bench.commits_in_flight(100, 50'000);

    bench.commits_in_flight(1'000, 200'000);
    bench.results(1'000'000, 1, 32, "null");
    bench.results(1'000'000, 100, 32, "null");
    bench.results(1'000'000, 1, 32, R"({"words":123,"chars":4567})");
    bench.results(300'000, 1, 32, std::string(100, 'x'));
  }
  fs::remove_all(directory);
}

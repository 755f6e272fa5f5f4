// Several agentainer processes on one data directory, and what is left when one is killed.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <optional>

#include "redis/redis_server.h"
#include "store/open_store.h"
#include "store/process_identity.h"

namespace agentainer::store {
namespace {

using tests::make_commit;
using tests::run_until;
using tests::TemporaryDirectory;
using tests::wait;

/// A zombie does not run.
bool is_running(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  return parse_start_ticks(std::string(std::istreambuf_iterator<char>(file), {})).has_value();
}

/// What a worker process tells the test: `what` 'c' commit acknowledged, 'r' the private Redis'
/// pid.
struct Message {
  char what = 0;
  std::int64_t number = 0;
};

/// Opens the directory's store, creates a workflow and commits to it, as fast as it can, sending
/// every commit until it is acknowledged.
class Worker {
 public:
  Worker(const std::filesystem::path& data, std::uint64_t workflow) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      work(data, workflow, ends[1]);
      ::_exit(1);
    }
    ::close(ends[1]);
    read_end_ = ends[0];
  }
  ~Worker() {
    kill();
    ::close(read_end_);
  }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Waits for it; nothing when the worker is gone.
  std::optional<Message> next() {
    Message message;
    return ::read(read_end_, &message, sizeof(message)) == sizeof(message) ? std::optional(message)
                                                                           : std::nullopt;
  }
  /// Acknowledged commits so far, waiting for at least `at_least` in all.
  std::int64_t read_until(std::int64_t at_least) {
    while (acknowledged_ < at_least) {
      const auto message = next();
      if (!message) break;
      take(*message);
    }
    return acknowledged_;
  }
  std::int64_t redis_pid() const { return redis_pid_; }

  /// kill -9; what it acknowledged before is then all known.
  std::int64_t kill() {
    if (pid_ == 0) return acknowledged_;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
    while (const auto message = next()) take(*message);
    return acknowledged_;
  }

 private:
  void take(const Message& message) {
    (message.what == 'c' ? acknowledged_ : redis_pid_) = message.number;
  }

  static void work(const std::filesystem::path& data, std::uint64_t workflow, int out) {
    const auto tell = [out](char what, std::int64_t number) {
      const Message message{what, number};
      if (::write(out, &message, sizeof(message)) != sizeof(message)) ::_exit(1);
    };
    net::EventLoop loop;
    auto opened = wait<std::unique_ptr<OpenStore>>(loop, [&](auto done) {
      OpenStore::open(loop, {std::nullopt, data, {}}, std::move(done));
    });
    if (!opened) ::_exit(2);
    tell('r', (*opened)->private_redis()->child_pid());
    Store& store = (*opened)->store();
    const auto epoch = wait<Epoch>(loop, [&](auto done) { store.next_epoch(std::move(done)); });
    if (!epoch) ::_exit(3);
    std::function<void(std::uint64_t)> send = [&](std::uint64_t sequence) {
      store.commit(make_commit(workflow, *epoch, sequence), [&, sequence](const Status& status) {
        if (!status) {
          if (status.error().code != ErrorCode::kMaybeDone &&
              status.error().code != ErrorCode::kUnavailable)
            ::_exit(4);
          return send(sequence);
        }
        tell('c', static_cast<std::int64_t>(sequence + 1));
        send(sequence + 1);
      });
    };
    send(0);
    loop.run();
  }

  pid_t pid_ = 0;
  int read_end_ = -1;
  std::int64_t acknowledged_ = 0;
  std::int64_t redis_pid_ = 0;
};

class Processes : public testing::Test {
 protected:
  std::unique_ptr<OpenStore> open() {
    auto opened = wait<std::unique_ptr<OpenStore>>(loop, [&](auto done) {
      OpenStore::open(loop, {std::nullopt, data.path(), {}}, std::move(done));
    });
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return opened ? std::move(*opened) : nullptr;
  }
  void expect_records(Store& store, std::uint64_t workflow, std::int64_t acknowledged) {
    const auto load = [&] {
      return wait<LoadedWorkflow>(loop, [&](auto done) {
        store.load(make_commit(workflow, Epoch{1}, 0).workflow, std::move(done));
      });
    };
    auto loaded = load();
    while (!loaded && loaded.error().code == ErrorCode::kUnavailable) loaded = load();
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_GE(static_cast<std::int64_t>(loaded->sequence), acknowledged);
    for (std::size_t i = 0; i < loaded->records.size(); ++i)
      ASSERT_EQ(loaded->records[i], std::to_string(i + 1));
  }

  TemporaryDirectory data;
  net::EventLoop loop;
};

TEST_F(Processes, KillingTheHolderTakesItsRedisAlongAndLosesNothing) {
  Worker worker(data.path(), 1);
  worker.read_until(50);
  const auto redis = static_cast<pid_t>(worker.redis_pid());
  ASSERT_GT(redis, 0);
  const std::int64_t acknowledged = worker.kill();
  const auto store = open();
  ASSERT_TRUE(store);
  EXPECT_FALSE(is_running(redis)) << "a second Redis on the same files while the first still runs";
  expect_records(store->store(), 1, acknowledged);
}

TEST_F(Processes, TheOthersGoOnWhenTheHolderIsKilled) {
  Worker holder(data.path(), 1);
  holder.read_until(20);
  Worker other(data.path(), 2);
  other.read_until(20);
  ASSERT_GT(holder.redis_pid(), 0);
  ASSERT_EQ(other.redis_pid(), 0);
  const std::int64_t of_holder = holder.kill();
  const std::int64_t before = other.read_until(0);
  other.read_until(before + 200);
  const auto store = open();
  ASSERT_TRUE(store);
  const std::int64_t of_other = other.kill();
  expect_records(store->store(), 1, of_holder);
  expect_records(store->store(), 2, of_other);
}

TEST_F(Processes, AKilledOwnerIsSeenAsDeadAtOnce) {
  const auto store = open();
  ASSERT_TRUE(store);
  Worker worker(data.path(), 1);
  worker.read_until(1);
  const auto list = [&] {
    return wait<std::vector<UnfinishedWorkflow>>(loop,
                                                 [&](auto done) {
                                                   store->store().list_unfinished(std::nullopt, 10,
                                                                                  std::move(done));
                                                 })
        .value();
  };
  auto unfinished = list();
  ASSERT_EQ(unfinished.size(), 1u);
  EXPECT_TRUE(unfinished[0].owner_alive);
  worker.kill();
  unfinished = list();
  EXPECT_FALSE(unfinished[0].owner_alive);
}

}  // namespace
}  // namespace agentainer::store

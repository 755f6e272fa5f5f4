#include "store/private_redis.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "redis/redis_server.h"
#include "store/open_store.h"

namespace agentainer::store {
namespace {

namespace fs = std::filesystem;
using tests::make_commit;
using tests::run_until;
using tests::TemporaryDirectory;
using tests::wait;

class PrivateRedisTest : public testing::Test {
 protected:
  Result<net::RedisAddress> start(PrivateRedis& redis) {
    return wait<net::RedisAddress>(loop, [&](auto done) { redis.start(std::move(done)); });
  }
  void stop(PrivateRedis& redis) {
    EXPECT_TRUE(wait<void>(loop, [&](auto done) { redis.stop(std::move(done)); }));
  }
  std::unique_ptr<OpenStore> open() {
    auto opened = wait<std::unique_ptr<OpenStore>>(loop, [&](auto done) {
      OpenStore::open(loop, {std::nullopt, data.path(), {}}, std::move(done));
    });
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return opened ? std::move(*opened) : nullptr;
  }
  void close(std::unique_ptr<OpenStore> open_store) {
    EXPECT_TRUE(wait<void>(loop, [&](auto done) { open_store->close(std::move(done)); }));
  }
  fs::path redis_directory() const { return data.path() / "redis"; }

  TemporaryDirectory data;
  net::EventLoop loop;
};

TEST_F(PrivateRedisTest, RunsWhileItIsUsedAndLeavesNothingRunning) {
  PrivateRedis redis(loop, {data.path()});
  const auto address = start(redis);
  ASSERT_TRUE(address) << address.error().message;
  const pid_t child = redis.child_pid();
  ASSERT_GT(child, 0);
  EXPECT_EQ(::getsid(child), child)
      << "in the session of the terminal, Ctrl-C would end it before us";
  EXPECT_EQ(fs::status(redis_directory()).permissions(), fs::perms::owner_all);
  stop(redis);
  EXPECT_EQ(::kill(child, 0), -1);
  EXPECT_FALSE(fs::exists(redis_directory() / "redis.sock"));
}

TEST_F(PrivateRedisTest, KeepsEveryWriteAndListensToNobodyElse) {
  const auto store = open();
  ASSERT_TRUE(store);
  EXPECT_EQ(store->facts().appendfsync, "always");
  EXPECT_EQ(store->facts().maxmemory_policy, "noeviction");
  EXPECT_TRUE(store->facts().warnings.empty());
  net::RedisConnection connection(loop, store->address(), {});
  ASSERT_TRUE(wait<void>(loop, [&](auto done) { connection.connect(std::move(done)); }));
  const auto port = wait<net::Reply>(loop, [&](auto done) {
    connection.send({"CONFIG", "GET", "port"}, std::move(done));
  });
  EXPECT_EQ(port->elements.at(1).text, "0");
}

TEST_F(PrivateRedisTest, DestroyingItEndsTheChild) {
  auto redis = std::make_unique<PrivateRedis>(loop, PrivateRedisOptions{data.path(), {}, 0});
  ASSERT_TRUE(start(*redis));
  const pid_t child = redis->child_pid();
  redis.reset();
  EXPECT_EQ(::kill(child, 0), -1);
}

TEST_F(PrivateRedisTest, WhatWasStoredIsThereNextTime) {
  auto first = open();
  ASSERT_TRUE(first);
  ASSERT_TRUE(wait<void>(loop, [&](auto done) {
    first->store().commit(make_commit(1, Epoch{1}, 0), std::move(done));
  }));
  close(std::move(first));
  const auto second = open();
  ASSERT_TRUE(second);
  const auto loaded = wait<LoadedWorkflow>(loop, [&](auto done) {
    second->store().load(make_commit(1, Epoch{1}, 0).workflow, std::move(done));
  });
  EXPECT_TRUE(loaded);
}

// Every commit is sent until it is acknowledged, as the server does, ten at a time, while the
// private Redis is killed again and again: at the end each record is there once, in order.
TEST_F(PrivateRedisTest, SurvivesKillsWithoutLosingOrDoublingARecord) {
  constexpr std::uint64_t kCommits = 400;
  constexpr std::uint64_t kUnderWay = 10;
  constexpr std::uint64_t kCommitsPerKill = 37;
  const auto store = open();
  ASSERT_TRUE(store);
  std::uint64_t acknowledged = 0;
  std::uint64_t sent = 0;
  std::uint64_t failed = 0;
  std::function<void(std::uint64_t)> send = [&](std::uint64_t sequence) {
    store->store().commit(make_commit(1, Epoch{1}, sequence), [&, sequence](const Status& status) {
      if (!status) {
        ASSERT_TRUE(status.error().code == ErrorCode::kMaybeDone ||
                    status.error().code == ErrorCode::kUnavailable)
            << status.error().message;
        ++failed;
        return send(sequence);
      }
      ++acknowledged;
      if (sent < kCommits) send(sent++);
      if (acknowledged % kCommitsPerKill == 0) ::kill(store->private_redis()->child_pid(), SIGKILL);
    });
  };
  while (sent < kUnderWay) send(sent++);
  run_until(loop, [&] { return acknowledged == kCommits; });
  EXPECT_GT(failed, 0u) << "no kill met a commit under way";
  const auto loaded = wait<LoadedWorkflow>(loop, [&](auto done) {
    store->store().load(make_commit(1, Epoch{1}, 0).workflow, std::move(done));
  });
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_EQ(loaded->records.size(), kCommits);
  for (std::uint64_t i = 0; i < kCommits; ++i) EXPECT_EQ(loaded->records[i], std::to_string(i + 1));
}

TEST_F(PrivateRedisTest, IsBackSoonAfterAKill) {
  PrivateRedis redis(loop, {data.path()});
  ASSERT_TRUE(start(redis));
  bool returned = false;
  redis.set_on_return([&] { returned = true; });
  const pid_t first = redis.child_pid();
  ::kill(first, SIGKILL);
  run_until(loop, [&] { return returned; });
  EXPECT_NE(redis.child_pid(), first);
  stop(redis);
}

TEST_F(PrivateRedisTest, AnotherUserOfTheDirectoryTakesOverWhenTheHolderEnds) {
  auto holder = std::make_unique<PrivateRedis>(loop, PrivateRedisOptions{data.path(), {}, 0});
  PrivateRedis other(loop, {data.path()});
  const auto address = start(*holder);
  const auto same = start(other);
  ASSERT_TRUE(address && same);
  EXPECT_EQ(address->path, same->path);
  EXPECT_EQ(other.child_pid(), 0);

  bool returned = false;
  other.set_on_return([&] { returned = true; });
  stop(*holder);
  holder.reset();
  run_until(loop, [&] { return returned; });
  EXPECT_GT(other.child_pid(), 0);
  stop(other);
}

TEST_F(PrivateRedisTest, AllUsersStartingAtOnceShareOneRedis) {
  std::vector<std::unique_ptr<PrivateRedis>> users;
  std::size_t started = 0;
  for (int i = 0; i < 5; ++i) {
    users.push_back(std::make_unique<PrivateRedis>(loop, PrivateRedisOptions{data.path(), {}, 0}));
    users.back()->start([&](const Result<net::RedisAddress>& address) {
      EXPECT_TRUE(address);
      ++started;
    });
  }
  run_until(loop, [&] { return started == users.size(); });
  int children = 0;
  for (const auto& user : users) children += user->child_pid() != 0 ? 1 : 0;
  EXPECT_EQ(children, 1);
}

TEST_F(PrivateRedisTest, ALongPathIsNoHindrance) {
  const fs::path deep = data.path() / std::string(120, 'd') / std::string(120, 'e');
  PrivateRedis redis(loop, {deep});
  const auto address = start(redis);
  EXPECT_TRUE(address) << address.error().message;
  stop(redis);
}

TEST_F(PrivateRedisTest, AMissingProgramIsNamed) {
  PrivateRedis redis(loop, {data.path(), "/nowhere/redis-server"});
  const auto address = start(redis);
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, ErrorCode::kNotFound);
  EXPECT_NE(address.error().message.find("/nowhere/redis-server"), std::string::npos)
      << address.error().message;
}

TEST_F(PrivateRedisTest, WithoutAProgramInThePathThePackageIsNamed) {
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", data.path().c_str(), 1);
  PrivateRedis redis(loop, {data.path()});
  const auto address = start(redis);
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_FALSE(address);
  EXPECT_NE(address.error().message.find("apt install redis-server"), std::string::npos)
      << address.error().message;
}

TEST_F(PrivateRedisTest, AFileInPlaceOfTheDirectoryIsAnError) {
  std::ofstream(data.path() / "redis") << "a file";
  PrivateRedis redis(loop, {data.path()});
  const auto address = start(redis);
  ASSERT_FALSE(address);
  EXPECT_NE(address.error().message.find("--data"), std::string::npos) << address.error().message;
}

/// The file that Redis appends its writes to.
fs::path log_of_writes(const fs::path& redis_directory) {
  for (const auto& entry : fs::directory_iterator(redis_directory / "appendonlydir"))
    if (entry.path().string().ends_with(".incr.aof")) return entry.path();
  return {};
}

TEST_F(PrivateRedisTest, AWriteCutOffByACrashIsNoHindrance) {
  auto first = open();
  ASSERT_TRUE(first);
  for (const std::uint64_t sequence : {0, 1})
    ASSERT_TRUE(wait<void>(loop, [&](auto done) {
      first->store().commit(make_commit(1, Epoch{1}, sequence), std::move(done));
    }));
  first.reset();
  const fs::path log = log_of_writes(redis_directory());
  fs::resize_file(log, fs::file_size(log) - 5);
  const auto second = open();
  ASSERT_TRUE(second);
  const auto loaded = wait<LoadedWorkflow>(loop, [&](auto done) {
    second->store().load(make_commit(1, Epoch{1}, 0).workflow, std::move(done));
  });
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->sequence, 1u) << "the commit is gone as a whole";
}

TEST_F(PrivateRedisTest, DamagedDataIsAnErrorThatSaysHowToRepairIt) {
  auto first = open();
  ASSERT_TRUE(first);
  ASSERT_TRUE(wait<void>(loop, [&](auto done) {
    first->store().commit(make_commit(1, Epoch{1}, 0), std::move(done));
  }));
  close(std::move(first));
  std::fstream file(log_of_writes(redis_directory()), std::ios::in | std::ios::out);
  file.seekp(30);
  file << "damaged";
  file.close();
  PrivateRedis redis(loop, {data.path()});
  const auto address = start(redis);
  ASSERT_FALSE(address);
  EXPECT_NE(address.error().message.find("redis-check-aof --fix"), std::string::npos)
      << address.error().message;
}

TEST_F(PrivateRedisTest, ItsLogIsBoundedAndLeftoversAreRemoved) {
  fs::create_directories(redis_directory() / "appendonlydir");
  std::ofstream(redis_directory() / "redis.log") << std::string(2 << 20, 'x');
  std::ofstream(redis_directory() / "appendonlydir" / "temp-rewriteaof-bg-17.aof") << "half";
  PrivateRedis redis(loop, {data.path()});
  ASSERT_TRUE(start(redis));
  EXPECT_EQ(fs::file_size(redis_directory() / "redis.log.1"), 2u << 20);
  EXPECT_LT(fs::file_size(redis_directory() / "redis.log"), 100'000u);
  EXPECT_FALSE(fs::exists(redis_directory() / "appendonlydir" / "temp-rewriteaof-bg-17.aof"));
  stop(redis);
}

}  // namespace
}  // namespace agentainer::store

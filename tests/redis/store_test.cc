#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>

#include "redis/redis_server.h"
#include "store/store_contract.h"

namespace agentainer::store {
namespace {

using tests::make_commit;
using tests::RedisServer;
using tests::run_until;
using tests::wait;

class RedisHarness final : public StoreHarness {
 public:
  std::unique_ptr<Store> open() override { return tests::open_store(loop_, server_.address()); }
  void close(std::unique_ptr<Store> store) override {
    EXPECT_TRUE(wait<void>(
        loop_, [&](auto done) { static_cast<RedisStore&>(*store).close(std::move(done)); }));
  }
  void run_until(const std::function<bool()>& condition) override {
    tests::run_until(loop_, condition);
  }

 private:
  RedisServer server_;
  net::EventLoop loop_;
};

INSTANTIATE_TEST_SUITE_P(Redis, StoreContract,
                         testing::Values(StoreKind{
                             "redis", [] { return std::make_unique<RedisHarness>(); }}));

/// What a real Redis can do to a store.
class RedisFaults : public testing::Test {
 protected:
  Status commit(const Commit& commit) {
    return wait<void>(loop, [&](auto done) { store->commit(commit, std::move(done)); });
  }
  /// As the server does when the outcome is unknown.
  Status commit_until_known(const Commit& commit_to_send) {
    for (;;) {
      const Status status = commit(commit_to_send);
      if (status || (status.error().code != ErrorCode::kMaybeDone &&
                     status.error().code != ErrorCode::kUnavailable))
        return status;
    }
  }
  LoadedWorkflow load(std::uint64_t workflow) {
    auto loaded = wait<LoadedWorkflow>(loop, [&](auto done) {
      store->load(make_commit(workflow, Epoch{1}, 0).workflow, std::move(done));
    });
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error().message);
    return loaded.value_or(LoadedWorkflow{});
  }
  std::unique_ptr<RedisStore> open(milliseconds request_timeout = 10s) {
    RedisStoreOptions options;
    options.connection.request_timeout = request_timeout;
    return tests::open_store(loop, server.address(), options);
  }

  RedisServer server;
  net::EventLoop loop;
  std::unique_ptr<RedisStore> store = open();
};

TEST_F(RedisFaults, ARedisThatStopsAnsweringLeavesCommitsInDoubtAndOnce) {
  store = open(300ms);
  ASSERT_TRUE(commit(make_commit(1, Epoch{1}, 0)));
  server.send_signal(SIGSTOP);
  std::vector<ErrorCode> codes;
  for (const std::uint64_t sequence : {1, 2})
    store->commit(make_commit(1, Epoch{1}, sequence),
                  [&](const Status& status) { codes.push_back(status.error().code); });
  run_until(loop, [&] { return codes.size() == 2; });
  EXPECT_EQ(codes, (std::vector<ErrorCode>{ErrorCode::kMaybeDone, ErrorCode::kMaybeDone}));
  // It goes on with what it had been sent, and is sent the same again.
  server.send_signal(SIGCONT);
  for (const std::uint64_t sequence : {1, 2})
    EXPECT_TRUE(commit_until_known(make_commit(1, Epoch{1}, sequence)));
  EXPECT_EQ(load(1).records, (std::vector<std::string>{"1", "2", "3"}));
}

TEST_F(RedisFaults, KilledAndStartedAgainItHasEveryAcknowledgedCommit) {
  for (std::uint64_t sequence = 0; sequence < 20; ++sequence)
    ASSERT_TRUE(commit(make_commit(1, Epoch{1}, sequence)));
  server.kill();
  server.start();
  EXPECT_TRUE(commit_until_known(make_commit(1, Epoch{1}, 20)));
  EXPECT_EQ(load(1).records.size(), 21u);
}

TEST_F(RedisFaults, AtItsMemoryLimitNewWorkRefusedRunningWorkEnds) {
  const auto epoch = wait<Epoch>(loop, [&](auto done) { store->next_epoch(std::move(done)); });
  ASSERT_TRUE(commit(make_commit(1, Epoch{1}, 0)));
  server.call({"CONFIG", "SET", "maxmemory", "1"});

  const Status refused = commit(make_commit(2, Epoch{1}, 0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kResource);
  EXPECT_NE(refused.error().message.find("maxmemory"), std::string::npos)
      << refused.error().message;

  Commit with_everything = make_commit(1, Epoch{1}, 1);
  with_everything.task_outputs = {{"step", TaskIndex{0}, true, "1"},
                                  {"step", TaskIndex{1}, false, "{}"}};
  with_everything.step_outputs = {{"step", "1"}};
  with_everything.state = {{"key", "1"}, {"other", std::nullopt}};
  EXPECT_TRUE(commit(with_everything));
  EXPECT_TRUE(wait<void>(
      loop, [&](auto done) { store->claim(with_everything.workflow, *epoch, std::move(done)); }));
  EXPECT_TRUE(wait<Epoch>(loop, [&](auto done) { store->next_epoch(std::move(done)); }))
      << "it must be possible to resume";
  Commit end = make_commit(1, *epoch, 2);
  end.finished = true;
  EXPECT_TRUE(commit(end));
  EXPECT_TRUE(tests::open_store(loop, server.address())) << "it must be possible to start";

  server.call({"CONFIG", "SET", "maxmemory", "0"});
  EXPECT_TRUE(commit(make_commit(2, Epoch{1}, 0)));
}

TEST_F(RedisFaults, ARefusedCreationDoesNotTakeOtherCommitsAlong) {
  ASSERT_TRUE(commit(make_commit(1, Epoch{1}, 0)));
  server.call({"CONFIG", "SET", "maxmemory", "1"});
  std::vector<std::string> answers;
  const auto note = [&](const Status& status) {
    answers.push_back(status ? "ok" : status.error().message);
  };
  // One turn: they travel together.
  for (const Commit& each :
       {make_commit(1, Epoch{1}, 1), make_commit(2, Epoch{1}, 0), make_commit(1, Epoch{1}, 2)})
    store->commit(each, note);
  run_until(loop, [&] { return answers.size() == 3; });
  EXPECT_EQ(std::count(answers.begin(), answers.end(), "ok"), 2) << testing::PrintToString(answers);
  EXPECT_EQ(load(1).records.size(), 3u);
}

TEST_F(RedisFaults, AFencedCommitDoesNotTakeOtherCommitsAlong) {
  for (const std::uint64_t workflow : {1, 2})
    ASSERT_TRUE(commit(make_commit(workflow, Epoch{1}, 0)));
  ASSERT_TRUE(wait<void>(loop, [&](auto done) {
    store->claim(make_commit(1, Epoch{1}, 0).workflow, Epoch{2}, std::move(done));
  }));
  std::vector<std::string> answers;
  const auto note = [&](const Status& status) {
    answers.emplace_back(status ? "ok" : to_string(status.error().code));
  };
  store->commit(make_commit(1, Epoch{1}, 1), note);
  store->commit(make_commit(2, Epoch{1}, 1), note);
  run_until(loop, [&] { return answers.size() == 2; });
  EXPECT_EQ(answers, (std::vector<std::string>{"fenced", "ok"}));
}

TEST_F(RedisFaults, AnAgentThatReplacesTheStateKeepsACommitFromBeingHalfDone) {
  ASSERT_TRUE(commit(make_commit(1, Epoch{1}, 0)));
  const std::string state = "workflow:" + make_commit(1, Epoch{1}, 0).workflow.text() + ":state";
  server.call({"SET", state, "broken"});
  Commit second = make_commit(1, Epoch{1}, 1);
  second.state = {{"key", "1"}};
  const Status status = commit(second);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kInvalid);
  EXPECT_NE(status.error().message.find(state), std::string::npos) << status.error().message;
  server.call({"DEL", state});
  EXPECT_EQ(load(1).sequence, 1u);
  EXPECT_TRUE(commit(second));
}

TEST_F(RedisFaults, AnAgentThatReplacesTheEventsKeepsACommitFromBeingHalfDone) {
  ASSERT_TRUE(commit(make_commit(1, Epoch{1}, 0)));
  const std::string id = make_commit(1, Epoch{1}, 0).workflow.text();
  server.call({"XADD", "workflow:" + id + ":events", "99-0", "r", "forged"});
  Commit second = make_commit(1, Epoch{1}, 1);
  second.state = {{"key", "1"}};
  EXPECT_FALSE(commit(second));
  EXPECT_EQ(server.call({"EXISTS", "workflow:" + id + ":state"}).integer, 0);
}

TEST_F(RedisFaults, AFlushedLibraryIsLoadedAgain) {
  ASSERT_TRUE(commit(make_commit(1, Epoch{1}, 0)));
  server.call({"FUNCTION", "FLUSH"});
  EXPECT_TRUE(commit_until_known(make_commit(1, Epoch{1}, 1)));
}

TEST_F(RedisFaults, TheOwnersSignOfLifeHasAnEndAndIsRenewed) {
  const auto epoch = wait<Epoch>(loop, [&](auto done) { store->next_epoch(std::move(done)); });
  const std::string key = "agentainer:owner:" + std::to_string(to_int(*epoch));
  const std::int64_t ttl_ms = server.call({"PTTL", key}).integer;
  EXPECT_GT(ttl_ms, 0);
  EXPECT_LE(ttl_ms, 10'000);
  server.call({"PEXPIRE", key, "3600000"});
  // Renewal puts the usual time back.
  run_until(loop, [&] { return server.call({"PTTL", key}).integer <= 10'000; });
}

TEST_F(RedisFaults, AnOwnerElsewhereIsAliveWhileItsKeyIs) {
  ASSERT_TRUE(commit(make_commit(1, Epoch{5}, 0)));
  const auto alive = [&] {
    return wait<std::vector<UnfinishedWorkflow>>(
               loop, [&](auto done) { store->list_unfinished(std::nullopt, 10, std::move(done)); })
        .value()
        .at(0)
        .owner_alive;
  };
  EXPECT_FALSE(alive());
  server.call(
      {"SET", "agentainer:owner:5", R"({"boot":"another","pid_namespace":1,"pid":1,"start":1})"});
  EXPECT_TRUE(alive());
}

TEST_F(RedisFaults, KeysOfTheOriginalAreKept) {
  Commit first = make_commit(1, Epoch{1}, 0);
  first.state = {{"topic", R"("redis")"}};
  ASSERT_TRUE(commit(first));
  EXPECT_EQ(server.call({"HGET", "workflow:" + first.workflow.text() + ":state", "topic"}).text,
            R"("redis")");
}

TEST_F(RedisFaults, NullResultsTakeUnderSixteenBytes) {
  const auto used = [&] {
    const std::string info = server.call({"INFO", "memory"}).text;
    return std::atoll(info.c_str() + info.find("used_memory_dataset:") + 20);
  };
  constexpr std::uint32_t kResults = 100'000;
  ASSERT_TRUE(commit(make_commit(1, Epoch{1}, 0)));
  const auto before = used();
  for (std::uint32_t begin = 0, sequence = 1; begin < kResults; begin += 1000, ++sequence) {
    Commit next = make_commit(1, Epoch{1}, sequence);
    for (std::uint32_t i = 0; i < 1000; ++i)
      next.task_outputs.push_back({"map", TaskIndex{begin + i}, true, "null"});
    ASSERT_TRUE(commit(next));
  }
  EXPECT_LT(used() - before, std::int64_t{kResults} * 16);
}

TEST_F(RedisFaults, ARemovedWorkflowLeavesNoKeyAndARequestOneThatExpires) {
  Commit all = make_commit(1, Epoch{1}, 0);
  all.create->request_key = "key";
  all.state = {{"key", "1"}};
  all.step_outputs = {{"step", "1"}};
  for (std::uint32_t task = 0; task < 40'000; task += 64)
    all.task_outputs.push_back({"step", TaskIndex{task}, task % 128 == 0, "1"});
  all.finished = true;
  ASSERT_TRUE(commit(all));
  const std::int64_t seconds_left = server.call({"TTL", "agentainer:request:key"}).integer;
  EXPECT_GT(seconds_left, 86'000);
  EXPECT_LE(seconds_left, 86'400);
  ASSERT_TRUE(wait<void>(loop, [&](auto done) {
    store->remove(all.workflow, {{"step", 40'000}}, std::move(done));
  }));
  EXPECT_TRUE(server.call({"KEYS", "workflow:*"}).elements.empty());
  EXPECT_EQ(server.call({"ZCARD", "agentainer:workflows"}).integer, 0);
}

TEST_F(RedisFaults, WhatEarlierVersionsDidNotCountIsNoTrouble) {
  ASSERT_TRUE(commit(make_commit(1, Epoch{1}, 0)));
  ASSERT_TRUE(commit(make_commit(2, Epoch{1}, 0)));
  server.call({"DEL", "agentainer:owners"});
  Commit end = make_commit(1, Epoch{1}, 1);
  end.finished = true;
  ASSERT_TRUE(commit(end));
  ASSERT_TRUE(wait<void>(loop, [&](auto done) {
    store->claim(make_commit(2, Epoch{1}, 0).workflow, Epoch{2}, std::move(done));
  }));
  const auto owners =
      wait<std::vector<Owner>>(loop, [&](auto done) { store->list_owners(std::move(done)); });
  ASSERT_EQ(owners->size(), 1u);
  EXPECT_EQ(owners->at(0).epoch, Epoch{2});
  EXPECT_EQ(owners->at(0).unfinished, 1u);
}

}  // namespace
}  // namespace agentainer::store

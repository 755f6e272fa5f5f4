// What becomes of the workflows of servers that died, and of servers that come back.

#include <gtest/gtest.h>

#include "server/test_world.h"

namespace agentainer::server {
namespace {

using store::StoreCall;
using store::StoreFault;
using Kind = store::StoreFault::Kind;

constexpr milliseconds kInterval{2000};
const char* const kOneStep = "steps: [{id: a, command: [x]}]";

Options every_two_seconds() {
  Options options;
  options.take_over_interval = kInterval;
  return options;
}

/// Another server on the disk of a world, in its time.
class Peer : public Observer {
 public:
  explicit Peer(World& world, Options options = every_two_seconds())
      : world_(world),
        server(
            world.executor, store, runtime, world.items,
            [&world](TimePoint now) {
              return WorkflowId::from_parts(
                  static_cast<std::uint64_t>(now.time_since_epoch().count()), 1, world.next_id++);
            },
            options) {
    server.add_observer(this);
    bool opened = false;
    server.open([&](const Status& status) { opened = status.has_value(); });
    EXPECT_TRUE(world.run_until([&] { return opened; }));
  }

  WorkflowId submit(const std::string& steps, bool start = true) {
    std::optional<Result<Submitted>> answer;
    server.submit({"name: test\n" + steps, "/files", {}, start},
                  [&](Result<Submitted> made) { answer = std::move(made); });
    EXPECT_TRUE(world_.run_until([&] { return answer.has_value(); }));
    return answer->value().id;
  }

  void on_committed(const engine::WorkflowState&, std::span<const engine::Record>) override {}
  void on_ended(const engine::WorkflowState&) override {}
  void on_abandoned(const engine::WorkflowState& state, const Error& error) override {
    abandoned.emplace_back(state.id, error.code);
  }
  void on_store_trouble(const Error&) override {}

  std::vector<std::pair<WorkflowId, ErrorCode>> abandoned;

 private:
  World& world_;

 public:
  ScriptedRuntime runtime{world_.executor};
  store::MemoryStore store{world_.executor, world_.disk};
  Server server;
};

Status take_over(World& world) {
  std::optional<Status> answer;
  world.server->take_over([&](const Status& status) { answer = status; });
  EXPECT_FALSE(answer) << "answered inside the call";
  EXPECT_TRUE(world.run_until([&] { return answer.has_value(); }));
  return answer.value_or(fail(ErrorCode::kInternal, "no answer"));
}

Epoch owner_of(const World& world, const WorkflowId& id) { return world.stored(id).epoch; }

TEST(TakeOver, AtTheStartEveryUnfinishedWorkflowIsResumed) {
  World world;
  std::vector<WorkflowId> ids;
  for (int i = 0; i < 3; ++i) ids.push_back(world.submit(kOneStep));
  world.run();
  world.crash();
  world.open();
  EXPECT_TRUE(take_over(world));
  EXPECT_EQ(world.server->running(), 3u);
  world.run();
  for (const WorkflowId& id : ids) {
    EXPECT_TRUE(world.runtime->running.contains(world.attempt(id, 0, 0, 2)));
    world.runtime->finish(world.attempt(id, 0, 0, 2), "1");
  }
  world.run();
  for (const WorkflowId& id : ids) EXPECT_EQ(world.status(id), "completed");
}

TEST(TakeOver, TheWorkOfAServerThatDiesIsFoundInTime) {
  World world(every_two_seconds());
  EXPECT_TRUE(take_over(world));
  auto peer = std::make_unique<Peer>(world);
  const WorkflowId theirs = peer->submit(kOneStep);
  world.run_for(5 * kInterval);
  EXPECT_EQ(world.server->running(), 0u) << "its owner lives";
  peer.reset();
  world.run_for(kInterval + milliseconds(1));
  EXPECT_EQ(world.server->running(), 1u);
  world.runtime->finish(world.attempt(theirs, 0, 0, 2), "1");
  world.run_for(milliseconds(10));
  EXPECT_EQ(world.status(theirs), "completed");
}

TEST(TakeOver, WhoComesBackIsFencedAndStopsItsAgents) {
  World world(every_two_seconds());
  EXPECT_TRUE(take_over(world));
  Peer peer(world);
  const WorkflowId id = peer.submit(kOneStep);
  world.run_for(milliseconds(10));
  ASSERT_EQ(peer.runtime.running.size(), 1u);
  // It does not renew its lease in time, but it is there.
  world.disk->release(owner_of(world, id));
  world.run_for(kInterval + milliseconds(1));
  ASSERT_EQ(world.server->running(), 1u);
  peer.runtime.finish(world.attempt(id, 0, 0, 1), R"({"by":"peer"})");
  world.run_for(milliseconds(10));
  EXPECT_EQ(peer.abandoned, (std::vector{std::pair(id, ErrorCode::kFenced)}));
  EXPECT_EQ(peer.server.running(), 0u);
  world.runtime->finish(world.attempt(id, 0, 0, 2), R"({"by":"world"})");
  world.run_for(milliseconds(10));
  EXPECT_EQ(world.stored(id).state.at("by"), R"("world")");
  EXPECT_EQ(world.status(id), "completed");
  EXPECT_TRUE(world.abandoned.empty());
}

TEST(TakeOver, AnOldServerTakesOverFromAYoungerOneAndKeepsItsOwn) {
  World world(every_two_seconds());
  const WorkflowId mine = world.submit(kOneStep);
  EXPECT_TRUE(take_over(world));
  auto peer = std::make_unique<Peer>(world);
  const WorkflowId theirs = peer->submit(kOneStep);
  const WorkflowId pending = peer->submit(kOneStep, false);
  ASSERT_GT(owner_of(world, theirs), owner_of(world, mine));
  peer.reset();
  world.run_for(kInterval + milliseconds(1));
  EXPECT_EQ(world.server->running(), 2u);
  world.runtime->finish(world.attempt(mine, 0, 0), "1");
  world.runtime->finish(world.attempt(theirs, 0, 0, 2), "1");
  world.run_for(milliseconds(10));
  EXPECT_EQ(world.status(mine), "completed");
  EXPECT_EQ(world.status(theirs), "completed");
  EXPECT_EQ(world.status(pending), "pending");
  EXPECT_TRUE(world.abandoned.empty());
  EXPECT_EQ(world.count(mine, "workflow_resumed"), 0u);
}

TEST(TakeOver, CostsOneReadWhenNobodyDied) {
  World world(every_two_seconds());
  for (int i = 0; i < 2000; ++i) world.submit(kOneStep);
  EXPECT_TRUE(take_over(world));
  std::size_t calls = 0;
  world.faults = [&](StoreCall) {
    ++calls;
    return StoreFault{};
  };
  world.run_for(10 * kInterval + milliseconds(1));
  EXPECT_EQ(calls, 10u);
  EXPECT_EQ(world.server->running(), 2000u);
}

TEST(TakeOver, PendingWorkflowsOfTheDeadAreNotLookedAtAgain) {
  World world(every_two_seconds());
  EXPECT_TRUE(take_over(world));
  auto peer = std::make_unique<Peer>(world);
  for (int i = 0; i < 100; ++i) peer->submit(kOneStep, false);
  peer.reset();
  world.run_for(kInterval + milliseconds(1));
  std::size_t calls = 0;
  world.faults = [&](StoreCall) {
    ++calls;
    return StoreFault{};
  };
  world.run_for(10 * kInterval);
  EXPECT_EQ(calls, 10u);
  EXPECT_EQ(world.server->running(), 0u);
  EXPECT_EQ(world.disk->list({.limit = 1000, .status = "pending"}).workflows.size(), 100u);
}

TEST(TakeOver, ADamagedWorkflowIsTriedOnceAndTheOthersGoOn) {
  World world(every_two_seconds());
  const WorkflowId damaged = world.submit(kOneStep);
  const WorkflowId sound = world.submit(kOneStep);
  world.run_for(milliseconds(10));
  world.crash();
  world.disk->set_state(damaged, "key", "no JSON");
  world.open();
  EXPECT_TRUE(take_over(world)) << "the store did its part";
  EXPECT_EQ(world.server->find(damaged), nullptr);
  EXPECT_NE(world.server->find(sound), nullptr);
  std::size_t claims = 0;
  world.faults = [&](StoreCall call) {
    claims += call == StoreCall::kClaim ? 1 : 0;
    return StoreFault{};
  };
  EXPECT_TRUE(take_over(world));
  world.run_for(10 * kInterval);
  EXPECT_EQ(claims, 0u);
}

TEST(TakeOver, SixtyFourAtATimeAndAllInTheEndOldestFirst) {
  constexpr std::size_t kWorkflows = 1100;  // more than two pages
  World world;
  std::vector<WorkflowId> ids;
  for (std::size_t i = 0; i < kWorkflows; ++i) ids.push_back(world.submit(kOneStep));
  world.run();
  world.crash();
  world.open();
  std::size_t peak = 0;
  std::size_t claims = 0;
  world.faults = [&](StoreCall call) {
    if (call == StoreCall::kClaim) {
      ++claims;
      peak = std::max(peak, claims - world.server->running());
    }
    return StoreFault{Kind::kNone, milliseconds(1), milliseconds(1)};
  };
  std::optional<Status> answer;
  world.server->take_over([&](const Status& status) { answer = status; });
  world.run_until([&] { return world.server->running() == 10; });
  for (std::size_t i = 0; i < 10; ++i) EXPECT_NE(world.server->find(ids[i]), nullptr);
  world.run();
  ASSERT_TRUE(answer);
  EXPECT_TRUE(*answer);
  EXPECT_EQ(claims, kWorkflows);
  EXPECT_EQ(peak, 64u);
  EXPECT_EQ(world.server->running(), kWorkflows);
}

TEST(TakeOver, WhatTheStoreKeptFromItComesNextTime) {
  World world(every_two_seconds());
  for (int i = 0; i < 5; ++i) world.submit(kOneStep);
  world.run_for(milliseconds(10));
  world.crash();
  world.open();
  int reads = 0;
  world.faults = [&](StoreCall call) {
    // The list comes, then nothing: the workflows are claimed by then.
    return call == StoreCall::kRead && ++reads > 1 && reads < 8
               ? StoreFault{Kind::kUnavailable, {}, {}}
               : StoreFault{};
  };
  const Status first = take_over(world);
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, ErrorCode::kUnavailable);
  EXPECT_EQ(world.server->running(), 0u);
  world.run_for(4 * kInterval);
  EXPECT_EQ(world.server->running(), 5u);
}

TEST(TakeOver, WithoutAnIntervalItIsDoneOnce) {
  World world;
  EXPECT_TRUE(take_over(world));
  auto peer = std::make_unique<Peer>(world);
  peer->submit(kOneStep);
  peer.reset();
  world.run();  // comes to rest
  EXPECT_EQ(world.server->running(), 0u);
  EXPECT_TRUE(take_over(world));
  EXPECT_EQ(world.server->running(), 1u);
}

TEST(TakeOver, OfTwoServersAtOnceOneGetsEachWorkflow) {
  World world(every_two_seconds());
  Peer peer(world);
  auto dead = std::make_unique<Peer>(world);
  std::vector<WorkflowId> ids;
  for (int i = 0; i < 20; ++i) ids.push_back(dead->submit(kOneStep));
  dead.reset();
  int answers = 0;
  world.server->take_over([&](const Status&) { ++answers; });
  peer.server.take_over([&](const Status&) { ++answers; });
  world.run_for(3 * kInterval);
  EXPECT_EQ(answers, 2);
  const auto finish = [](ScriptedRuntime& runtime) {
    runtime.decide = nullptr;
    for (const auto& [id, task] : std::map(runtime.running)) runtime.finish(id, "1");
  };
  finish(*world.runtime);
  finish(peer.runtime);
  world.run_for(3 * kInterval);
  finish(*world.runtime);
  finish(peer.runtime);
  world.run_for(milliseconds(10));
  for (const WorkflowId& id : ids) {
    EXPECT_EQ(world.status(id), "completed");
    EXPECT_EQ(world.count(id, "tasks_succeeded"), 1u);
  }
}

TEST(TakeOver, AServerMayGoAtAnyMomentOfIt) {
  // Under a sanitizer this shows what outlives it.
  for (int steps = 0; steps < 40; ++steps) {
    World world(every_two_seconds());
    for (int i = 0; i < 3; ++i) world.submit(kOneStep);
    world.crash();
    world.open();
    world.faults = [](StoreCall) {
      return StoreFault{Kind::kNone, milliseconds(1), milliseconds(1)};
    };
    world.server->take_over([](const Status&) {});
    for (int i = 0; i < steps && world.executor.step(); ++i) {
    }
    world.crash();
    world.run();
  }
}

}  // namespace
}  // namespace agentainer::server

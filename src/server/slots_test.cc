// Slots for attempts, shared between workflows.

#include <gtest/gtest.h>

#include <algorithm>

#include "server/test_world.h"

namespace agentainer::server {
namespace {

std::string map_of(int items) {
  std::string list;
  for (int i = 0; i < items; ++i) list += fmt::format("{}{}", i == 0 ? "" : ", ", i);
  return fmt::format(
      "state: {{i: [{}]}}\nsteps: [{{id: m, type: map, command: [x], map: {{input_path: i}}}}]",
      list);
}

Options with_slots(std::uint32_t slots) {
  Options options;
  options.max_tasks = slots;
  return options;
}

/// Every attempt succeeds after a while that differs.
auto in_a_while() {
  return [n = 0](const runtime::TaskSpec&) mutable {
    ScriptedRuntime::Ending ending;
    ending.report.succeeded = true;
    ending.report.result = "1";
    ending.duration = milliseconds(10 + 7 * (++n % 5));
    return std::optional(ending);
  };
}

std::size_t running_of(const World& world, const WorkflowId& id) {
  return static_cast<std::size_t>(
      std::count_if(world.runtime->running.begin(), world.runtime->running.end(),
                    [&](const auto& entry) { return entry.first.workflow == id; }));
}

TEST(Slots, AreNeverExceededAndAlwaysUsed) {
  for (std::uint32_t slots : {1u, 2u, 7u, 64u}) {
    World world(with_slots(slots));
    world.runtime->decide = in_a_while();
    std::vector<WorkflowId> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(world.submit(map_of(20 + i)));
    world.run();
    for (const WorkflowId& id : ids) EXPECT_EQ(world.status(id), "completed");
    EXPECT_EQ(world.runtime->starts, 110u);
    EXPECT_EQ(world.runtime->peak, std::min<std::size_t>(slots, 110));
  }
}

TEST(Slots, ALaterWorkflowGetsItsShareOfWhatBecomesFree) {
  World world(with_slots(8));
  const WorkflowId large = world.submit(map_of(200));
  world.run();
  ASSERT_EQ(running_of(world, large), 8u);
  const WorkflowId small = world.submit(map_of(20));
  world.run();
  EXPECT_EQ(running_of(world, small), 0u);
  // As attempts end one by one, both get slots.
  for (int i = 0; i < 8; ++i) {
    world.runtime->finish(world.runtime->running.begin()->first, "1");
    world.run();
    EXPECT_EQ(world.runtime->running.size(), 8u) << "a slot stays free";
  }
  EXPECT_EQ(running_of(world, small), 4u);
  EXPECT_EQ(running_of(world, large), 4u);
}

TEST(Slots, ManyWorkflowsTakeTurns) {
  World world(with_slots(3));
  std::vector<AttemptId> order;
  world.runtime->decide = [&](const runtime::TaskSpec& task) {
    order.push_back(task.id);
    return std::nullopt;
  };
  std::vector<WorkflowId> ids;
  for (int i = 0; i < 6; ++i) ids.push_back(world.submit(map_of(10)));
  world.run();
  for (std::size_t i = 0; i < 30; ++i) {
    world.runtime->finish(order.at(i), "1");
    world.run();
  }
  std::map<WorkflowId, int> served;
  for (std::size_t i = 0; i < 33; ++i) ++served[order.at(i).workflow];
  for (const WorkflowId& id : ids) {
    EXPECT_GE(served[id], 4) << id.text();
    EXPECT_LE(served[id], 8) << id.text();
  }
}

TEST(Slots, ARetryWhoseWaitIsOverStandsInLine) {
  World world(with_slots(1));
  const WorkflowId first =
      world.submit("steps: [{id: a, command: [x], retry: {max_attempts: 2, delay: 1s}}]");
  world.run();
  const WorkflowId second = world.submit("steps: [{id: a, command: [x]}]");
  world.run();
  world.runtime->fail(world.attempt(first, 0, 0), FailureCause::kExitCode, "no");
  world.run();
  EXPECT_EQ(running_of(world, second), 1u);
  EXPECT_GE(world.executor.now(), World::kStart + milliseconds(1000));
  // The wait is over; the slot is not free. When it is, nothing else happens to the first workflow.
  world.runtime->finish(world.attempt(second, 0, 0), "1");
  world.run();
  EXPECT_TRUE(world.runtime->running.contains(world.attempt(first, 0, 0, 2)));
}

TEST(Slots, AreOnesOwnToUseAgainWhileNobodyWaits) {
  World world(with_slots(4));
  world.runtime->decide = in_a_while();
  std::size_t commits = 0;
  const WorkflowId id = world.submit(map_of(100));
  world.faults = [&](store::StoreCall call) {
    if (call == store::StoreCall::kCommit) ++commits;
    return store::StoreFault{};
  };
  world.run();
  EXPECT_EQ(world.status(id), "completed");
  // One for each end of an attempt at most, not another to take the slot again.
  EXPECT_LE(commits, 101u);
}

TEST(Slots, OfLostAttemptsAreFreeAfterARestart) {
  World world(with_slots(4));
  const WorkflowId id = world.submit(map_of(10));
  world.run();
  world.crash();
  world.open();
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_EQ(world.runtime->running.size(), 4u);
  for (const auto& [attempt, task] : world.runtime->running) EXPECT_EQ(attempt.attempt, Attempt{2});
}

}  // namespace
}  // namespace agentainer::server

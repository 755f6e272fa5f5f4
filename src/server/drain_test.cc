// The way to a shutdown in good order.

#include <gtest/gtest.h>

#include "server/test_world.h"

namespace agentainer::server {
namespace {

using store::StoreCall;
using store::StoreFault;

const char* const kMap =
    "state: {i: [1, 2, 3]}\n"
    "steps: [{id: m, type: map, command: [x], map: {input_path: i, max_concurrency: 1}}]";

TEST(Drain, WaitsForWhatRunsAndStartsNothingMore) {
  World world;
  const WorkflowId id = world.submit(kMap);
  world.run();
  bool drained = false;
  world.server->drain([&] { drained = true; });
  world.run_for(milliseconds(1000));
  EXPECT_FALSE(drained) << "an attempt is in flight";
  world.faults = [](StoreCall) {
    return StoreFault{StoreFault::Kind::kNone, milliseconds(100), milliseconds(100)};
  };
  world.runtime->finish(world.attempt(id, 0, 0), "1");
  world.run_for(milliseconds(150));
  EXPECT_EQ(world.count(id, "tasks_succeeded"), 1u);
  EXPECT_FALSE(drained) << "the commit is not acknowledged";
  world.run_for(milliseconds(100));
  EXPECT_TRUE(drained);
  world.run();
  EXPECT_EQ(world.runtime->starts, 1u);
  EXPECT_EQ(world.status(id), "running");

  bool down = false;
  world.server->shutdown([&] { down = true; });
  world.run();
  EXPECT_TRUE(down);
  world.crash();
  world.faults = nullptr;
  world.open();
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_TRUE(world.runtime->running.contains(world.attempt(id, 0, 1)));
  EXPECT_EQ(world.count(id, "attempts_failed"), 0u) << "no attempt was lost";
}

TEST(Drain, OfAnIdleServerIsSoonOver) {
  World world;
  bool drained = false;
  world.server->drain([&] { drained = true; });
  EXPECT_FALSE(drained) << "called inside the call";
  world.run();
  EXPECT_TRUE(drained);
}

TEST(Drain, ACancellationEndsTheWait) {
  World world;
  const WorkflowId id = world.submit(kMap);
  world.run();
  bool drained = false;
  world.server->drain([&] { drained = true; });
  world.cancel(id, "by hand");
  world.run();
  EXPECT_TRUE(drained);
  EXPECT_EQ(world.status(id), "cancelled");
}

TEST(Drain, NoNewWorkIsTaken) {
  World world;
  const WorkflowId id = world.submit(kMap);
  world.run();
  world.server->drain([] {});
  std::vector<ErrorCode> answers;
  const auto note = [&](const Status& status) {
    answers.push_back(status ? ErrorCode::kInternal : status.error().code);
  };
  Submission submission;
  submission.definition = fmt::format("name: t\n{}", kMap);
  world.server->submit(std::move(submission),
                       [&](const Result<Submitted>& made) { note(made.map([](const auto&) {})); });
  world.server->start(id, note);
  world.server->resume(id, note);
  world.server->take_over(note);
  world.run();
  EXPECT_EQ(answers, std::vector(4, ErrorCode::kUnavailable));
}

TEST(Drain, ARetryThatFallsDueWaitsForTheNextLife) {
  World world;
  const WorkflowId id =
      world.submit("steps: [{id: a, command: [x], retry: {max_attempts: 2, delay: 1s}}]");
  world.run();
  world.runtime->fail(world.attempt(id, 0, 0), FailureCause::kExitCode, "no");
  bool drained = false;
  world.server->drain([&] { drained = true; });
  world.run_for(milliseconds(5000));
  EXPECT_TRUE(drained);
  EXPECT_EQ(world.runtime->starts, 1u);
}

}  // namespace
}  // namespace agentainer::server

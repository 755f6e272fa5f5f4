// Commit, then act; what happens when the store does not take a commit.

#include <gtest/gtest.h>

#include "server/test_world.h"

namespace agentainer::server {
namespace {

using store::StoreCall;
using store::StoreFault;
using Kind = store::StoreFault::Kind;

const char* const kTwoSteps = "steps: [{id: a, command: [x]}, {id: b, command: [x]}]";

auto succeed(std::string result = "null", milliseconds duration = milliseconds(10)) {
  return [result, duration](const runtime::TaskSpec&) {
    ScriptedRuntime::Ending ending;
    ending.report.succeeded = true;
    ending.report.result = result;
    ending.duration = duration;
    return std::optional(ending);
  };
}

TEST(Commit, AWorkflowRunsAndItsOutcomeIsStored) {
  World world;
  world.runtime->decide = succeed(R"({"x":1})");
  const WorkflowId id = world.submit(kTwoSteps, {{"given", true}});
  world.run();
  EXPECT_EQ(world.status(id), "completed");
  EXPECT_EQ(world.ended, std::vector{id});
  EXPECT_EQ(world.server->running(), 0u);
  const store::LoadedWorkflow loaded = world.stored(id);
  EXPECT_EQ(loaded.state.at("x"), "1");
  EXPECT_EQ(loaded.state.at("given"), "true");
  EXPECT_EQ(loaded.step_outputs.at("b"), R"({"x":1})");
  EXPECT_EQ(loaded.origin.source_directory, "/files");
  EXPECT_TRUE(world.disk->list_unfinished(std::nullopt, 10).empty());
}

TEST(Commit, NothingStartsBeforeTheAcknowledgement) {
  World world;
  // Each commit takes effect at once, but the answer takes a second.
  world.faults = [](StoreCall) { return StoreFault{Kind::kNone, {}, milliseconds(1000)}; };
  std::vector<TimePoint> starts;
  world.runtime->decide = [&](const runtime::TaskSpec& task) {
    starts.push_back(world.executor.now());
    return succeed()(task);
  };
  world.submit(kTwoSteps);
  world.run();
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_EQ((starts[0] - World::kStart).count(), 1000);
  EXPECT_EQ((starts[1] - World::kStart).count(), 1000 + 10 + 1000);
}

TEST(Commit, EventsDuringACommitAreOneCommitMore) {
  World world;
  const WorkflowId id = world.submit(
      "state: {i: [1, 2, 3, 4, 5]}\nsteps: [{id: m, type: map, command: [x], map: {input_path: "
      "i}}]");
  world.run();
  std::size_t commits = 0;
  world.faults = [&](StoreCall call) {
    if (call == StoreCall::kCommit) ++commits;
    return StoreFault{Kind::kNone, {}, milliseconds(100)};
  };
  for (std::uint32_t task = 0; task < 5; ++task) {
    world.runtime->finish(world.attempt(id, 0, task), "1");
    world.run_for(milliseconds(1));
  }
  world.run();
  EXPECT_EQ(world.status(id), "completed");
  // The first result; the four that came meanwhile; the end.
  EXPECT_EQ(commits, 3u);
  EXPECT_EQ(world.count(id, "tasks_succeeded"), 2u);
}

TEST(Commit, IsTriedAgainUntilTheStoreTakesIt) {
  for (const Kind kind : {Kind::kUnavailable, Kind::kLostBefore, Kind::kLostAfter}) {
    World world;
    world.runtime->decide = succeed();
    int failures = 0;
    world.faults = [&](StoreCall call) {
      if (call != StoreCall::kCommit || ++failures % 4 == 0) return StoreFault{};
      return StoreFault{kind, {}, {}};
    };
    const WorkflowId id = world.submit(kTwoSteps);
    world.run();
    EXPECT_EQ(world.status(id), "completed");
    EXPECT_EQ(world.count(id, "tasks_dispatched"), 2u);
    EXPECT_EQ(world.count(id, "tasks_succeeded"), 2u);
    EXPECT_EQ(world.trouble.size(), 9u);  // three commits, each refused three times
  }
}

TEST(Commit, WaitsGrowToTheirBound) {
  World world;
  bool down = true;
  world.faults = [&](StoreCall call) {
    return call == StoreCall::kCommit && down ? StoreFault{Kind::kUnavailable, {}, {}}
                                              : StoreFault{};
  };
  std::optional<WorkflowId> acknowledged;
  world.server->submit({std::string("name: t\n") + kTwoSteps, "/", {}},
                       [&](const Result<Submitted>& made) { acknowledged = made.value().id; });
  world.run_for(milliseconds(20'000));
  EXPECT_FALSE(acknowledged) << "nothing is acknowledged that is not stored";
  std::vector<std::int64_t> waits;
  for (std::size_t i = 1; i < world.trouble.size(); ++i)
    waits.push_back((world.trouble[i].first - world.trouble[i - 1].first).count());
  ASSERT_GE(waits.size(), 8u);
  waits.resize(8);
  EXPECT_EQ(waits, (std::vector<std::int64_t>{50, 100, 200, 400, 800, 1600, 2000, 2000}));
  down = false;
  EXPECT_TRUE(world.run_until([&] { return acknowledged.has_value(); }));
  EXPECT_TRUE(world.run_until([&] { return world.runtime->starts == 1; }));
}

TEST(Commit, AFullStoreTakesTheWorkflowOnceThereIsRoom) {
  World world;
  world.runtime->decide = succeed();
  world.disk->set_full(true);
  std::optional<WorkflowId> acknowledged;
  world.server->submit({std::string("name: t\n") + kTwoSteps, "/", {}},
                       [&](const Result<Submitted>& made) { acknowledged = made.value().id; });
  world.run_for(milliseconds(5000));
  EXPECT_FALSE(acknowledged);
  EXPECT_EQ(world.trouble.front().second, ErrorCode::kResource);
  world.disk->set_full(false);
  world.run();
  ASSERT_TRUE(acknowledged);
  EXPECT_EQ(world.status(*acknowledged), "completed");
}

TEST(Commit, AnotherOwnerEndsOurWork) {
  World world;
  world.options.max_tasks = 2;
  world.crash();
  world.open();
  const std::string map =
      "state: {i: [1, 2, 3, 4]}\nsteps: [{id: m, type: map, command: [x], map: {input_path: i}}]";
  const WorkflowId id = world.submit(map);
  world.run();
  ASSERT_EQ(world.runtime->running.size(), 2u);
  // Another workflow has no slot, and nothing will happen to it unless slots become free.
  const WorkflowId waiting = world.submit(kTwoSteps);
  world.run();
  ASSERT_TRUE(world.disk->claim(id, world.disk->next_epoch()));
  world.runtime->obeys_stop = false;
  world.runtime->finish(world.attempt(id, 0, 0), "1");
  world.run();
  ASSERT_EQ(world.abandoned.size(), 1u);
  EXPECT_EQ(world.abandoned[0], std::pair(id, ErrorCode::kFenced));
  EXPECT_EQ(world.server->find(id), nullptr);
  EXPECT_EQ(world.status(id), "running");
  const std::vector<AttemptId>& stopped = world.runtime->stopped;
  EXPECT_NE(std::find(stopped.begin(), stopped.end(), world.attempt(id, 0, 1)), stopped.end());
  EXPECT_TRUE(world.runtime->running.contains(world.attempt(waiting, 0, 0)));
  // What still comes of it is nobody's.
  world.runtime->finish(world.attempt(id, 0, 1), "1");
  world.run();
  EXPECT_EQ(world.count(id, "tasks_succeeded"), 0u);
}

TEST(Commit, OfAnIdThatExistsIsRefused) {
  World world;
  world.submit(kTwoSteps);
  world.next_id = 1;
  std::optional<Error> error;
  world.server->submit({std::string("name: t\n") + kTwoSteps, "/", {}},
                       [&](const Result<Submitted>& made) { error = made.error(); });
  world.run_until([&] { return error.has_value(); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kConflict);
}

TEST(Commit, ACancelDuringACommitComesNext) {
  World world;
  const WorkflowId id = world.submit(
      "state: {i: [1, 2]}\nsteps: [{id: m, type: map, command: [x], map: {input_path: i}}, {id: b, "
      "command: [x]}]");
  world.run();
  world.faults = [](StoreCall) { return StoreFault{Kind::kNone, {}, milliseconds(100)}; };
  world.runtime->finish(world.attempt(id, 0, 0), "1");
  world.run_for(milliseconds(10));
  world.cancel(id, "by hand");
  world.cancel(id, "again");
  world.run_for(milliseconds(50));
  EXPECT_TRUE(world.runtime->stopped.empty()) << "it is not decided before it is stored";
  world.run();
  EXPECT_EQ(world.runtime->stopped, std::vector{world.attempt(id, 0, 1)});
  EXPECT_EQ(world.status(id), "cancelled");
  EXPECT_EQ(world.count(id, "tasks_cancelled"), 1u);
}

TEST(Commit, ACancelBeforeTheFirstAcknowledgementStartsNothing) {
  World world;
  world.faults = [](StoreCall) { return StoreFault{Kind::kNone, {}, milliseconds(100)}; };
  std::optional<WorkflowId> id;
  world.server->submit({std::string("name: t\n") + kTwoSteps, "/", {}},
                       [&](const Result<Submitted>& given) { id = given.value().id; });
  world.run_for(milliseconds(10));
  const WorkflowId early = world.disk->list({.limit = 1}).workflows.at(0).id;
  world.cancel(early, "at once");
  world.run();
  EXPECT_EQ(world.status(early), "cancelled");
}

TEST(Commit, ReportsThatComeTwiceLateOrFromNowhereAreRecordedAndChangeNothing) {
  World world;
  const WorkflowId id = world.submit(kTwoSteps);
  world.run();
  world.runtime->finish(world.attempt(id, 0, 0), R"({"first":1})");
  world.runtime->finish(world.attempt(id, 0, 0), R"({"second":2})");
  world.runtime->finish(world.attempt(id, 9, 0), "1");
  world.runtime->finish({WorkflowId::from_parts(1, 1, 1), {}, {}, Attempt{1}}, "1");
  world.run();
  EXPECT_EQ(world.count(id, "result_refused"), 1u);
  EXPECT_FALSE(world.stored(id).state.contains("second"));
  world.runtime->finish(world.attempt(id, 1, 0), "1");
  world.run();
  EXPECT_EQ(world.status(id), "completed");
  world.runtime->finish(world.attempt(id, 1, 0), "2");
  world.run();
}

TEST(Commit, AnInvalidWorkflowIsRefusedWithEveryReason) {
  World world;
  std::optional<Error> error;
  world.server->submit(
      {"name: t\nsteps: [{id: a, command: [x], dependson: [b]}, {id: a}]", "/", {}},
      [&](const Result<Submitted>& made) { error = made.error(); });
  world.run();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, ErrorCode::kInvalid);
  EXPECT_NE(error->message.find("dependson"), std::string::npos);
  EXPECT_NE(error->message.find("already defined"), std::string::npos);
}

TEST(Commit, AServerMayGoAtAnyMoment) {
  // Under a sanitizer this shows what outlives it.
  for (int steps = 0; steps < 60; ++steps) {
    World world;
    world.runtime->decide = succeed("1", milliseconds(3));
    world.faults = [](StoreCall) {
      return StoreFault{Kind::kNone, milliseconds(1), milliseconds(1)};
    };
    std::optional<WorkflowId> id;
    world.server->submit({"name: t\nconfig: {timeout: 1h}\nstate: {i: [1, 2, 3]}\nsteps:\n"
                          "- {id: m, type: map, command: [x], map: {input_path: i}}\n"
                          "- {id: f, type: map, command: [x], map: {input_file: f}}\n",
                          "/",
                          {}},
                         [&](const Result<Submitted>& given) { id = given.value().id; });
    for (int i = 0; i < steps && world.executor.step(); ++i) {
    }
    world.crash();
    world.run();
  }
}

TEST(Commit, AfterShutdownNothingMoreIsStored) {
  World world;
  const WorkflowId id = world.submit(kTwoSteps);
  world.run();
  const std::size_t records = world.stored(id).records.size();
  bool done = false;
  world.server->shutdown([&] { done = true; });
  world.run();
  EXPECT_TRUE(done);
  EXPECT_TRUE(world.runtime->is_shut_down);
  EXPECT_EQ(world.stored(id).records.size(), records);
  world.crash();
  world.open();
  world.runtime->decide = succeed();
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_EQ(world.status(id), "completed");
}

}  // namespace
}  // namespace agentainer::server

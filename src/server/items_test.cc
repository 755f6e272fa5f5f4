// Items of a map that come from a file, and results that go back.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "server/test_world.h"

namespace agentainer::server {
namespace {

using store::StoreCall;
using store::StoreFault;

std::string item_of(const runtime::TaskSpec& task) {
  return to_text(parse_json(task.document)->at("input").at("item"));
}

auto echo() {
  return [](const runtime::TaskSpec& task) {
    ScriptedRuntime::Ending ending;
    ending.report.succeeded = true;
    ending.report.result = item_of(task);
    return std::optional(ending);
  };
}

TEST(Items, OfAFileReachTheirTasks) {
  World world;
  world.items.files["/files/f"] = {"1", R"({"a":[2]})", R"("three")"};
  world.items.files["/absolute"] = {"9"};
  world.runtime->decide = echo();
  const WorkflowId id = world.submit(
      "steps:\n- {id: m, type: map, command: [x], map: {input_file: f}}\n"
      "- {id: n, type: map, command: [x], map: {input_file: f, batch_size: 2}}\n"
      "- {id: o, type: map, command: [x], map: {input_file: /absolute}}\n");
  world.run();
  const store::LoadedWorkflow loaded = world.stored(id);
  EXPECT_EQ(loaded.state.at("m_results"), R"([1,{"a":[2]},"three"])");
  EXPECT_EQ(loaded.state.at("n_results"), R"([1,{"a":[2]},"three"])");
  EXPECT_EQ(loaded.state.at("o_results"), "[9]");
  EXPECT_EQ(world.items.opened, 3u);
}

TEST(Items, OfAStepThatHasEndedAreLetGo) {
  World world;
  world.items.files["/files/f"] = {"1"};
  world.runtime->decide =
      [](const runtime::TaskSpec& task) -> std::optional<ScriptedRuntime::Ending> {
    if (task.agent->step_id == "last") return std::nullopt;
    return echo()(task);
  };
  world.submit(
      "steps:\n- {id: m, type: map, command: [x], map: {input_file: f}}\n- {id: last, command: "
      "[x]}");
  world.run();
  EXPECT_EQ(world.runtime->running.size(), 1u);
  EXPECT_EQ(world.items.open(), 0u);
}

TEST(Items, ABrokenItemFailsItsTaskAlone) {
  World world;
  world.items.files["/files/f"] = {"1", "broken", "3"};
  world.runtime->decide = echo();
  const WorkflowId id = world.submit(
      "steps:\n- {id: m, type: map, command: [x], retry: {max_attempts: 3}, map: {input_file: f, "
      "error_handling: continue_on_error}}");
  world.run();
  EXPECT_EQ(world.status(id), "completed");
  EXPECT_EQ(world.stored(id).state.at("m_results"), "[1,null,3]");
  EXPECT_EQ(world.count(id, "attempt_failed"), 1u);  // it is no better the second time
  EXPECT_NE(world.stored(id).step_outputs.at("m/errors").find("a broken line"), std::string::npos);
}

TEST(Items, AMissingFileFailsTheStep) {
  World world;
  const WorkflowId id =
      world.submit("steps:\n- {id: m, type: map, command: [x], map: {input_file: f}}");
  world.run();
  EXPECT_EQ(world.status(id), "failed");
  EXPECT_NE(world.stored(id).records.back().find("/files/f is not there"), std::string::npos);
}

TEST(Items, AnAttemptStoppedWhileItWaitsForThemDoesNotStart) {
  World world;
  world.items.files["/files/f"] = {"1", "2"};
  const WorkflowId id =
      world.submit("steps:\n- {id: m, type: map, command: [x], map: {input_file: f}}");
  world.run();
  world.crash();
  world.items.delay = milliseconds(1000);
  world.open();
  ASSERT_TRUE(world.resume(id));
  world.run_for(milliseconds(100));  // dispatched again; the file is being opened
  EXPECT_EQ(world.count(id, "tasks_dispatched"), 2u);
  world.cancel(id, "by hand");
  world.run();
  EXPECT_EQ(world.runtime->starts, 0u);
  EXPECT_EQ(world.status(id), "cancelled");
}

TEST(Items, ACancelWhileTheyAreCounted) {
  World world;
  world.items.files["/files/f"] = {"1", "2"};
  world.items.delay = milliseconds(1000);
  const WorkflowId id =
      world.submit("steps:\n- {id: m, type: map, command: [x], map: {input_file: f}}");
  world.cancel(id, "by hand");
  world.run();
  EXPECT_EQ(world.status(id), "cancelled");
}

TEST(Items, AnExpressionThatFailsFailsItsTask) {
  World world;
  world.runtime->decide = echo();
  const WorkflowId id = world.submit(
      "state: {i: [{\"u\": 1}, {}]}\nsteps:\n"
      "- {id: m, type: map, command: [\"${{ item.u }}\"], retry: {max_attempts: 5}, map: "
      "{input_path: i, error_handling: continue_on_error}}");
  world.run();
  EXPECT_EQ(world.stored(id).state.at("m_results"), R"([{"u":1},null])");
  EXPECT_NE(world.stored(id).step_outputs.at("m/errors").find(R"("cause":"expression")"),
            std::string::npos);
}

TEST(Results, OfManyTasksComeBackInOrder) {
  Options options;
  options.max_tasks = 97;
  World world(options);
  world.runtime->on_start = nullptr;
  std::vector<std::string>& file = world.items.files["/files/f"];
  for (int i = 0; i < 20'000; ++i) file.push_back(std::to_string(i));
  world.runtime->decide = [n = 0](const runtime::TaskSpec& task) mutable {
    auto ending = echo()(task);
    ending->duration = milliseconds((n += 37) % 101);
    return ending;
  };
  const WorkflowId id =
      world.submit("steps:\n- {id: m, type: map, command: [x], map: {input_file: f}}");
  world.run();
  std::string expected = "[0";
  for (int i = 1; i < 20'000; ++i) expected += fmt::format(",{}", i);
  EXPECT_EQ(world.stored(id).state.at("m_results"), expected + "]");
}

TEST(Results, LargerThanTheBoundFailTheStep) {
  Options options;
  options.max_collected_bytes = 3 * 1024 * 1024;
  World world(options);
  world.runtime->decide = [](const runtime::TaskSpec&) {
    ScriptedRuntime::Ending ending;
    ending.report.succeeded = true;
    ending.report.result = fmt::format("\"{}\"", std::string(1024 * 1024, 'x'));
    return std::optional(ending);
  };
  const WorkflowId id = world.submit(
      "state: {i: [1, 2, 3, 4]}\nsteps: [{id: m, type: map, command: [x], map: {input_path: i}}]");
  world.run();
  EXPECT_EQ(world.status(id), "failed");
  EXPECT_NE(world.stored(id).records.back().find("larger than 3 MiB together"), std::string::npos);
}

TEST(Results, AreReadAgainWhenTheStoreWasNotThere) {
  World world;
  world.runtime->decide = echo();
  int reads = 0;
  world.faults = [&](StoreCall call) {
    if (call == StoreCall::kRead && ++reads <= 3)
      return StoreFault{StoreFault::Kind::kUnavailable, {}, {}};
    return StoreFault{};
  };
  const WorkflowId id = world.submit(
      "state: {i: [1, 2, 3, 4]}\nsteps: [{id: m, type: map, command: [x], map: {input_path: i}}]");
  world.run();
  EXPECT_EQ(world.status(id), "completed");
  EXPECT_EQ(world.stored(id).state.at("m_results"), "[1,2,3,4]");
  EXPECT_EQ(world.trouble.size(), 3u);
}

TEST(Results, OfASequentialStepAreMerged) {
  World world;
  world.runtime->decide = [](const runtime::TaskSpec&) {
    ScriptedRuntime::Ending ending;
    ending.report.succeeded = true;
    ending.report.result = R"( {"a" : {"b":1.5}, "c": null} )";
    return std::optional(ending);
  };
  const WorkflowId id = world.submit("steps: [{id: s, command: [x]}]");
  world.run();
  EXPECT_EQ(parse_json(world.stored(id).state.at("a")), *parse_json(R"({"b":1.5})"));
  EXPECT_EQ(world.stored(id).state.at("c"), "null");
}

TEST(Timers, FireWhenTheyAreDue) {
  World world;
  const WorkflowId id = world.submit(
      "config: {timeout: 10s}\nsteps: [{id: a, command: [x], retry: {max_attempts: 9, delay: "
      "3s}}]");
  world.runtime->decide = [](const runtime::TaskSpec&) {
    ScriptedRuntime::Ending ending;
    ending.report.cause = FailureCause::kExitCode;
    ending.report.message = "no";
    return std::optional(ending);
  };
  world.runtime->fail(world.attempt(id, 0, 0), FailureCause::kExitCode, "no");
  world.run();
  // Tries at 0, 3, 6 and 9 s; at 10 s the workflow's time is over.
  EXPECT_EQ(world.runtime->starts, 4u);
  EXPECT_EQ(world.executor.now(), World::kStart + milliseconds(10'000));
  EXPECT_EQ(world.status(id), "failed");
}

}  // namespace
}  // namespace agentainer::server

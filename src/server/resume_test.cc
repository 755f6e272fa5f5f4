// Taking up again what stopped: from any commit, whatever has changed meanwhile.

#include <gtest/gtest.h>

#include "server/recovery.h"
#include "server/test_world.h"
#include "workflow/parse.h"

namespace agentainer::server {
namespace {

const char* const kManySteps = R"(
config: {failure_strategy: continue_on_partial, max_parallel: 4}
state: {items: [1, 2, 3, 4, 5, 6, 7], n: 5}
steps:
  - {id: a, command: [x], retry: {max_attempts: 3, delay: 2s}}
  - {id: m, type: map, command: [x], depends_on: [a], retry: {max_attempts: 2, delay: 3s}, map: {input_path: items, error_handling: continue_on_error}}
  - {id: f, type: map, command: [x], depends_on: [a], map: {input_file: f.jsonl, batch_size: 2}}
  - {id: p, type: parallel, max_workers: 3, command: [x], depends_on: []}
  - {id: b, type: branch, depends_on: [p], branch: {condition: "state.n > 3", true_steps: [yes], false_steps: [no]}}
  - {id: yes, command: [x]}
  - {id: no, command: [x]}
  - {id: r, type: reduce, command: [x], depends_on: [m, f, yes, no]}
)";

/// Fails first attempts of some tasks, and some for good; the rest depends on the task alone.
std::optional<ScriptedRuntime::Ending> agents(const runtime::TaskSpec& task) {
  ScriptedRuntime::Ending ending;
  ending.duration = milliseconds(50 + 13 * to_int(task.id.task));
  const std::string& step = task.agent->step_id;
  const bool first = task.id.attempt == Attempt{1};
  if ((step == "a" && first) || (step == "m" && to_int(task.id.task) == 2)) {
    ending.report.cause = FailureCause::kExitCode;
    ending.report.exit_code = 1;
    ending.report.message = "not yet";
    return ending;
  }
  ending.report.succeeded = true;
  ending.report.result = fmt::format(R"({{"{}":{}}})", step, to_int(task.id.task));
  if (step == "f") ending.report.result = to_int(task.id.task) == 0 ? "[10,11]" : "[12]";
  return ending;
}

const std::vector<std::string> kFile{"10", R"({"b":1})", "12"};

void check_final_state(const store::LoadedWorkflow& loaded) {
  EXPECT_EQ(loaded.status, "completed");
  EXPECT_EQ(loaded.state.at("m_results"),
            R"([{"m":0},{"m":1},null,{"m":3},{"m":4},{"m":5},{"m":6}])");
  EXPECT_EQ(loaded.state.at("f_results"), "[10,11,12]");
  EXPECT_EQ(loaded.state.at("p_results"), R"([{"p":0},{"p":1},{"p":2}])");
  EXPECT_EQ(loaded.state.at("r"), "0");
  EXPECT_FALSE(loaded.state.contains("no"));
}

TEST(Resume, FromBehindEveryCommit) {
  World whole;
  whole.keep_snapshots = true;
  whole.items.files["/files/f.jsonl"] = kFile;
  whole.runtime->decide = agents;
  const WorkflowId id = whole.submit(kManySteps);
  whole.run();
  check_final_state(whole.stored(id));
  ASSERT_GT(whole.snapshots.size(), 20u);
  for (std::size_t i = 0; i + 1 < whole.snapshots.size(); ++i) {
    SCOPED_TRACE(fmt::format("behind commit {}", i + 1));
    World world(whole.snapshots[i], {});
    world.items.files["/files/f.jsonl"] = kFile;
    world.runtime->decide = agents;
    const Status resumed = world.resume(id);
    ASSERT_TRUE(resumed) << resumed.error().message;
    world.run();
    check_final_state(world.stored(id));
    // An attempt lost with the server is not the agent's failure.
    EXPECT_EQ(world.count(id, "workflow_resumed"), 1u);
  }
}

TEST(Resume, AgainAndAgain) {
  World world;
  world.items.files["/files/f.jsonl"] = kFile;
  const WorkflowId id = world.submit(kManySteps);
  for (int life = 0; world.status(id) == "running"; ++life) {
    ASSERT_LT(life, 100);
    world.runtime->decide = agents;
    world.run_for(milliseconds(170));
    world.crash();
    world.open();
    if (world.status(id) != "running") break;
    ASSERT_TRUE(world.resume(id));
  }
  check_final_state(world.stored(id));
}

TEST(Resume, WaitsAreNeitherForgottenNorShortened) {
  World world;
  const WorkflowId id =
      world.submit("steps: [{id: a, command: [x], retry: {max_attempts: 2, delay: 10s}}]");
  world.run();
  world.runtime->fail(world.attempt(id, 0, 0), FailureCause::kExitCode, "no");
  world.run_for(milliseconds(4000));
  world.crash();
  world.open();
  ASSERT_TRUE(world.resume(id));
  TimePoint started{};
  world.runtime->decide = [&](const runtime::TaskSpec&) {
    started = world.executor.now();
    return std::nullopt;
  };
  world.run();
  EXPECT_EQ(started, World::kStart + milliseconds(10'000));
}

TEST(Resume, OnAClockSetBackTheWorkflowsOwnTimeGoesOn) {
  World world;
  const WorkflowId id =
      world.submit("steps: [{id: a, command: [x], retry: {max_attempts: 2, delay: 10s}}]");
  world.run();
  world.runtime->fail(world.attempt(id, 0, 0), FailureCause::kExitCode, "no");
  world.run_for(milliseconds(4000));
  world.crash();
  world.run();
  world.executor.set_clock(World::kStart - std::chrono::hours(1));
  world.open();
  ASSERT_TRUE(world.resume(id));
  world.runtime->decide = agents;
  TimePoint started{};
  world.run_until([&] { return world.runtime->starts > 0; });
  started = world.executor.now();
  // The wait began with the failure, and all of it that is known to have passed is none.
  EXPECT_EQ(started, World::kStart - std::chrono::hours(1) + milliseconds(10'000));
  world.run();
  std::int64_t last = 0;
  for (const std::string& record : world.stored(id).records) {
    const std::int64_t at = parse_json(record)->at("at").to_number<std::int64_t>();
    EXPECT_GE(at, last);
    last = at;
  }
}

TEST(Resume, AttemptsThatStillRunAreKeptAndNotRunBesideThemselves) {
  World world;
  const WorkflowId id = world.submit(
      "state: {i: [1, 2, 3]}\nsteps: [{id: m, type: map, command: [x], map: {input_path: i}}]");
  world.run();
  world.runtime->finish(world.attempt(id, 0, 2), "3");
  world.run();
  world.crash();
  const AttemptId alive = world.attempt(id, 0, 0);
  const AttemptId outdated = world.attempt(id, 0, 2);
  world.open({alive, outdated});
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_EQ(world.runtime->starts, 1u);  // task 1 again; task 0 goes on
  EXPECT_TRUE(world.runtime->running.contains(world.attempt(id, 0, 1, 2)));
  EXPECT_EQ(world.runtime->stopped, std::vector{outdated});
  world.runtime->finish(alive, R"("kept")");
  world.runtime->finish(world.attempt(id, 0, 1, 2), "2");
  world.run();
  EXPECT_EQ(world.stored(id).state.at("m_results"), R"(["kept",2,3])");
}

TEST(Resume, AttemptsThatStillRunWhileItStopsAreToldAgain) {
  World world;
  const WorkflowId id = world.submit("steps: [{id: a, command: [x]}]");
  world.run();
  world.runtime->obeys_stop = false;
  world.cancel(id, "by hand");
  world.run();
  world.crash();
  world.open({world.attempt(id, 0, 0)});
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_EQ(world.runtime->stopped, std::vector{world.attempt(id, 0, 0)});
  EXPECT_EQ(world.status(id), "cancelled");
}

TEST(Resume, AnAttemptThatReportsBeforeItsWorkflowIsTakenUpIsLost) {
  World world;
  const WorkflowId id = world.submit("steps: [{id: a, command: [x]}]");
  world.run();
  world.crash();
  world.open({world.attempt(id, 0, 0)});
  world.runtime->finish(world.attempt(id, 0, 0), "1");
  world.run();
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_TRUE(world.runtime->running.contains(world.attempt(id, 0, 0, 2)));
}

TEST(Resume, AChangedFileFailsWhatIsLeftOfTheMap) {
  World world;
  world.items.files["/files/f"] = {"1", "2", "3"};
  const WorkflowId id = world.submit(
      "steps: [{id: m, type: map, command: [x], map: {input_file: f, max_concurrency: 1}}]");
  world.run();
  world.runtime->finish(world.attempt(id, 0, 0), R"("one")");
  world.run();
  world.crash();
  world.items.files["/files/f"] = {"1", "changed", "3"};
  world.open();
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_EQ(world.runtime->starts, 0u);
  EXPECT_EQ(world.status(id), "failed");
  EXPECT_NE(world.stored(id).records.back().find("is not the file the step started with"),
            std::string::npos);
}

TEST(Resume, AMissingFileFailsWhatIsLeftOfTheMap) {
  World world;
  world.items.files["/files/f"] = {"1", "2"};
  const WorkflowId id =
      world.submit("steps: [{id: m, type: map, command: [x], map: {input_file: f}}]");
  world.run();
  world.crash();
  world.items.files.clear();
  world.open();
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_EQ(world.status(id), "failed");
}

TEST(Resume, SaysWhyItCannot) {
  World world;
  EXPECT_EQ(world.resume(WorkflowId::from_parts(1, 2, 3)).error().code, ErrorCode::kNotFound);
  world.runtime->decide = agents;
  const WorkflowId id = world.submit("steps: [{id: yes, command: [x]}]");
  world.run();
  EXPECT_EQ(world.resume(id).error().code, ErrorCode::kConflict);
  const WorkflowId other = world.submit("steps: [{id: yes, command: [x], condition: \"true\"}]");
  world.crash();
  world.open();
  ASSERT_TRUE(world.disk->claim(other, world.disk->next_epoch()));
  EXPECT_EQ(world.resume(other).error().code, ErrorCode::kFenced);
}

TEST(Resume, WhatRunsHereStaysAsItIs) {
  World world;
  const WorkflowId id = world.submit("steps: [{id: a, command: [x]}]");
  world.run();
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_EQ(world.runtime->starts, 1u);
  EXPECT_EQ(world.count(id, "workflow_resumed"), 0u);
}

/// What a store gives back is not believed.
class Rebuild : public testing::Test {
 protected:
  void SetUp() override {
    World world;
    world.items.files["/files/f.jsonl"] = kFile;
    world.runtime->decide = agents;
    const WorkflowId id = world.submit(kManySteps);
    world.run_until([&] { return world.count(id, "tasks_succeeded") > 5; });
    sound_ = world.stored(id);
    definition_ = workflow::parse(sound_.origin.definition).definition;
    ASSERT_TRUE(rebuild(sound_, definition_));
  }
  void refuses(const store::LoadedWorkflow& damaged, std::string_view reason) {
    const auto state = rebuild(damaged, definition_);
    ASSERT_FALSE(state) << reason;
    EXPECT_EQ(state.error().code, ErrorCode::kInvalid);
    EXPECT_NE(state.error().message.find(reason), std::string::npos) << state.error().message;
  }

  store::LoadedWorkflow sound_;
  std::shared_ptr<const workflow::Definition> definition_;
};

TEST_F(Rebuild, RefusesADamagedHistory) {
  store::LoadedWorkflow damaged = sound_;
  damaged.records.pop_back();
  refuses(damaged, "but says it has");
  damaged = sound_;
  damaged.records[5] = "{}";
  refuses(damaged, "unknown record type");
  damaged = sound_;
  damaged.records.insert(damaged.records.begin() + 3, damaged.records[3]);
  refuses(damaged, "not legal");
}

TEST_F(Rebuild, RefusesDamagedTexts) {
  store::LoadedWorkflow damaged = sound_;
  damaged.state["n"] = "nonsense";
  refuses(damaged, "state key 'n'");
  damaged = sound_;
  ASSERT_TRUE(damaged.step_outputs.contains("a"));
  damaged.step_outputs["a"] = "{";
  refuses(damaged, "output of step a is damaged");
  damaged.step_outputs.erase("a");
  refuses(damaged, "output of step a is missing");
  damaged = sound_;
  ASSERT_TRUE(damaged.step_outputs.contains("m/items"));
  damaged.step_outputs["m/items"] = "[1]";
  refuses(damaged, "items of step m are damaged");
  damaged.step_outputs.erase("m/items");
  refuses(damaged, "items of step m are damaged");
}

TEST_F(Rebuild, TakesTheStateAsAgentsLeftIt) {
  store::LoadedWorkflow changed = sound_;
  changed.state["by an agent"] = "[1]";
  changed.state.erase("n");
  const auto state = rebuild(changed, definition_);
  ASSERT_TRUE(state);
  EXPECT_EQ(*state->data.text("by an agent"), "[1]");
  EXPECT_FALSE(state->data.text("n"));
}

}  // namespace
}  // namespace agentainer::server

// What people ask of a running workflow: each is answered once, and when what is said is durable.

#include <gtest/gtest.h>

#include <algorithm>

#include "server/recovery.h"
#include "server/test_world.h"

namespace agentainer::server {
namespace {

using engine::StateUpdate;
using engine::StateUpdateResult;
using store::StoreCall;
using store::StoreFault;
using Kind = StateUpdate::Kind;

const char* const kOneStep = "steps: [{id: a, command: [x]}]";

/// The answers to one kind of request, in their order, as text.
struct Answers {
  std::vector<std::string> all;

  auto take() {
    return [this](const Result<StateUpdateResult>& answer) {
      all.push_back(answer ? (answer->changed ? "changed " : "unchanged ") + answer->text
                           : std::string(to_string(answer.error().code)));
    };
  }
};

TEST(StateUpdates, AreStoredAndAnsweredInTheirOrder) {
  World world;
  const WorkflowId id = world.submit(kOneStep, {{"old", 1}});
  Answers answers;
  const auto update = [&](Kind kind, std::string key, std::string text,
                          std::optional<std::string> expected = std::nullopt) {
    world.server->update_state(id, {kind, std::move(key), std::move(text), std::move(expected)},
                               answers.take());
  };
  update(Kind::kSet, "new", R"({"a":[1]})");
  update(Kind::kDelete, "old", "");
  update(Kind::kIncrement, "n", "");
  update(Kind::kIncrement, "n", "41");
  update(Kind::kAppend, "list", "1");
  update(Kind::kAddToSet, "list", "1.0");
  update(Kind::kCompareAndSwap, "n", "0", "42");
  update(Kind::kCompareAndSwap, "n", "1", "42");
  update(Kind::kSet, "bad", "{");
  update(Kind::kSet, "\xff", "1");
  EXPECT_TRUE(answers.all.empty());
  world.run();
  EXPECT_EQ(answers.all,
            (std::vector<std::string>{R"(changed {"a":[1]})", "changed null", "changed 1",
                                      "changed 42", "changed [1]", "unchanged [1]", "changed 0",
                                      "unchanged 0", "invalid", "invalid"}));
  EXPECT_EQ(world.stored(id).state, (std::map<std::string, std::string>{
                                        {"new", R"({"a":[1]})"}, {"n", "0"}, {"list", "[1]"}}));
}

TEST(StateUpdates, AreAnsweredWhenTheyAreDurableAndNotBefore) {
  World world;
  const WorkflowId id = world.submit(kOneStep);
  world.run();
  world.faults = [](StoreCall) {
    return StoreFault{StoreFault::Kind::kNone, milliseconds(50), milliseconds(50)};
  };
  Answers answers;
  world.server->update_state(id, {Kind::kSet, "a", "1", {}}, answers.take());
  world.run_for(milliseconds(99));
  EXPECT_TRUE(answers.all.empty());
  // What changes nothing says so at once, unless it rests on what is not durable yet.
  world.server->update_state(id, {Kind::kDelete, "b", "", {}}, answers.take());
  world.server->update_state(id, {Kind::kIncrement, "a", "", {}}, answers.take());
  world.server->update_state(id, {Kind::kDelete, "b", "", {}}, answers.take());
  world.run_for(milliseconds(2));
  EXPECT_EQ(answers.all, std::vector<std::string>{"changed 1"});
  world.run();
  EXPECT_EQ(answers.all, (std::vector<std::string>{"changed 1", "unchanged null", "changed 2",
                                                   "unchanged null"}));
}

TEST(StateUpdates, WhatIsAnsweredSurvivesACrash) {
  World world;
  const WorkflowId id = world.submit(kOneStep);
  Answers answers;
  for (int i = 0; i < 5; ++i)
    world.server->update_state(id, {Kind::kIncrement, "n", "2", {}}, answers.take());
  ASSERT_TRUE(world.run_until([&] { return answers.all.size() == 5; }));
  world.crash();
  world.open();
  ASSERT_TRUE(world.resume(id));
  world.server->update_state(id, {Kind::kIncrement, "n", "1", {}}, answers.take());
  world.run();
  EXPECT_EQ(answers.all.back(), "changed 11");
}

TEST(StateUpdates, EachIsAnsweredEvenWhenTheWorkflowEndsOrIsLost) {
  World world;
  Answers answers;
  world.server->update_state(WorkflowId{}, {Kind::kSet, "a", "1", {}}, answers.take());
  world.run();
  EXPECT_EQ(answers.all, std::vector<std::string>{"not found"});

  answers.all.clear();
  WorkflowId id = world.submit(kOneStep);
  world.run();
  world.faults = [](StoreCall) {
    return StoreFault{StoreFault::Kind::kNone, {}, milliseconds(10)};
  };
  world.runtime->finish(world.attempt(id, 0, 0), "1");
  world.run_for(milliseconds(5));  // its end is being committed
  world.server->update_state(id, {Kind::kSet, "a", "1", {}}, answers.take());
  world.run();
  EXPECT_EQ(answers.all, std::vector<std::string>{"conflict"});
  EXPECT_FALSE(world.stored(id).state.contains("a"));

  answers.all.clear();
  id = world.submit(kOneStep);
  world.run();
  world.disk->claim(id, Epoch{1000});
  world.server->update_state(id, {Kind::kSet, "a", "1", {}}, answers.take());
  world.run();
  EXPECT_EQ(answers.all, std::vector<std::string>{"fenced"});

  answers.all.clear();
  id = world.submit(kOneStep);
  world.server->update_state(id, {Kind::kSet, "a", "1", {}}, answers.take());
  world.server->shutdown([] {});
  world.run();
  EXPECT_EQ(answers.all, std::vector<std::string>{"outcome unknown"});
}

/// The answers to pause, unpause and the like.
auto take_status(std::vector<std::string>& all) {
  return [&all](const Status& answer) {
    all.push_back(answer ? "done" : std::string(to_string(answer.error().code)));
  };
}

TEST(Pause, HoldsAcrossARestartAndKeepsNoSlots) {
  Options options;
  options.max_tasks = 1;
  World world(options);
  const WorkflowId id = world.submit("steps: [{id: a, command: [x]}, {id: b, command: [x]}]");
  world.run();
  std::vector<std::string> answers;
  world.server->pause(id, take_status(answers));
  world.server->pause(id, take_status(answers));
  world.run();
  EXPECT_EQ(answers, (std::vector<std::string>{"done", "conflict"}));
  EXPECT_EQ(world.status(id), "running");
  world.runtime->finish(world.attempt(id, 0, 0), "1");
  world.run();
  EXPECT_TRUE(world.runtime->running.empty());

  world.crash();
  world.open();
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_TRUE(world.server->find(id)->paused_at);
  EXPECT_TRUE(world.runtime->running.empty());
  // The one slot is free for another.
  const WorkflowId other = world.submit(kOneStep);
  world.run();
  world.runtime->finish(world.attempt(other, 0, 0), "1");
  world.run();
  EXPECT_EQ(world.status(other), "completed");

  world.server->unpause(id, take_status(answers));
  world.server->unpause(id, take_status(answers));
  world.server->unpause(other, take_status(answers));
  world.run();
  EXPECT_EQ(answers,
            (std::vector<std::string>{"done", "conflict", "conflict", "done", "conflict"}));
  world.runtime->finish(world.attempt(id, 1, 0), "1");
  world.run();
  EXPECT_EQ(world.status(id), "completed");
}

TEST(Signals, AreDurableWhenAnsweredAndEndTheWaitOfALaterLife) {
  World world;
  const WorkflowId id = world.submit(
      "steps: [{id: a, command: [x]}, {id: v, type: wait, signal: go}, "
      "{id: w, type: wait, signal: go}]");
  world.run();
  std::vector<std::string> answers;
  world.server->signal(id, "go", R"({"by":"hand"})", take_status(answers));
  world.server->signal(id, "", "1", take_status(answers));
  world.server->signal(id, "go", "{", take_status(answers));
  world.server->signal(WorkflowId{}, "go", "1", take_status(answers));
  ASSERT_TRUE(world.run_until([&] { return answers.size() == 4; }));
  EXPECT_EQ(answers, (std::vector<std::string>{"not found", "done", "invalid", "invalid"}));
  world.crash();
  world.open();
  ASSERT_TRUE(world.resume(id));
  world.run();
  world.runtime->finish(world.attempt(id, 0, 0, 2), "1");
  world.run();
  EXPECT_EQ(world.stored(id).step_outputs.at("v"), R"({"by":"hand"})");
  EXPECT_EQ(world.status(id), "running");  // one signal, one step
  world.crash();
  world.open();
  ASSERT_TRUE(world.resume(id));
  world.run();
  EXPECT_EQ(world.status(id), "running");
  world.server->signal(id, "go", "2", take_status(answers));
  world.run();
  EXPECT_EQ(world.status(id), "completed");
  EXPECT_EQ(world.stored(id).step_outputs.at("w"), "2");
  world.server->signal(id, "go", "3", take_status(answers));
  world.run();
  EXPECT_EQ(answers.back(), "conflict");
}

TEST(Signals, ARestartDoesNotLengthenAWait) {
  for (const char* wait : {"duration: 60s", "signal: go, timeout: 60s, on_timeout: continue",
                           "until: 2027-01-15T08:01:00Z"}) {
    World world;
    const WorkflowId id = world.submit(fmt::format("steps: [{{id: w, type: wait, {}}}]", wait));
    for (int i = 0; i < 5; ++i) {
      world.run_for(milliseconds(10'000));
      world.crash();
      world.open();
      ASSERT_TRUE(world.resume(id));
    }
    world.run_until([&] { return !world.ended.empty(); });
    EXPECT_EQ(world.status(id), "completed") << wait;
    EXPECT_EQ((world.executor.now() - World::kStart).count(), 60'000) << wait;
  }
}

TEST(Signals, NoMoreAreKeptThanAThousandAndADamagedOneIsSaid) {
  World world;
  const WorkflowId id = world.submit(kOneStep);
  world.run();
  std::vector<std::string> answers;
  for (int i = 0; i < 1001; ++i)
    world.server->signal(id, fmt::format("s{}", i), "1", take_status(answers));
  world.server->signal(id, "s0", "2", take_status(answers));
  std::string large(engine::kMaxSignalBytes + 1, 'x');
  large.front() = large.back() = '"';
  world.server->signal(id, "large", large, take_status(answers));
  world.run();
  ASSERT_EQ(answers.size(), 1003u);
  EXPECT_EQ(std::count(answers.begin(), answers.begin() + 1000, "done"), 1000);
  EXPECT_EQ(answers[1000], to_string(ErrorCode::kResource));
  EXPECT_EQ(answers[1001], "done");
  EXPECT_EQ(answers[1002], "invalid");
  world.crash();
  world.open();
  ASSERT_TRUE(world.resume(id));
  EXPECT_EQ(*world.server->find(id)->signals.at("s0"), "2");

  store::LoadedWorkflow loaded = world.stored(id);
  const auto definition = world.server->find(id)->definition;
  EXPECT_TRUE(rebuild(loaded, definition).has_value());
  loaded.step_outputs.at("/signal/s7") = "{";
  EXPECT_FALSE(rebuild(loaded, definition).has_value());
  loaded.step_outputs.erase("/signal/s7");
  EXPECT_FALSE(rebuild(loaded, definition).has_value());
}

TEST(Look, ShowsNothingThatIsNotDurable) {
  World world;
  const WorkflowId id = world.submit("steps: [{id: a, command: [x]}]");
  world.run();
  store::StoreFault slow;
  slow.effect_delay = milliseconds(100);
  world.faults = [&](store::StoreCall) { return slow; };
  world.runtime->finish(world.attempt(id, 0, 0), "1");
  world.run_for(milliseconds(50));
  ASSERT_EQ(world.server->find(id)->status, engine::WorkflowStatus::kCompleted);
  ASSERT_EQ(world.status(id), "running");

  std::string shown;
  world.server->look(id, [&](const Result<const engine::WorkflowState*>& state) {
    shown = std::string(to_string((*state)->status)) + ", stored " + world.status(id);
  });
  EXPECT_EQ(shown, "");
  world.run();
  EXPECT_EQ(shown, "completed, stored completed");
}

TEST(Look, SaysSoWhenTheStoreDoesNotAnswer) {
  World world;
  const WorkflowId id = world.submit("steps: [{id: a, command: [x]}]");
  world.run();
  world.faults = [](store::StoreCall) {
    return store::StoreFault{store::StoreFault::Kind::kUnavailable, milliseconds(10), {}};
  };
  world.runtime->finish(world.attempt(id, 0, 0), "1");
  world.run_for(milliseconds(1));
  std::optional<ErrorCode> code;
  world.server->look(id, [&](const Result<const engine::WorkflowState*>& state) {
    code = state ? ErrorCode::kInternal : state.error().code;
  });
  world.run_for(milliseconds(20));
  EXPECT_EQ(code, ErrorCode::kUnavailable);
}

}  // namespace
}  // namespace agentainer::server

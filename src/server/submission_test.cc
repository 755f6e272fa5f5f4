// Submissions that are repeated, that wait to be started, that are cancelled or removed.

#include <gtest/gtest.h>

#include <deque>

#include "server/test_world.h"

namespace agentainer::server {
namespace {

using store::StoreCall;
using store::StoreFault;
using Kind = store::StoreFault::Kind;

const std::string kWorkflow = "name: test\nsteps: [{id: a, command: [x]}, {id: b, command: [x]}]";

/// A world that keeps the answers to what it asks.
class Asking : public World {
 public:
  using World::World;

  std::optional<Result<Submitted>>& ask(std::string key, std::string digest, bool start = true) {
    auto& answer = submissions_.emplace_back();
    server->submit({kWorkflow, "/files", {}, start, std::move(key), std::move(digest)},
                   [&answer](Result<Submitted> made) { answer = std::move(made); });
    return answer;
  }
  Result<Submitted> submit_with(std::string key, std::string digest, bool start = true) {
    auto& answer = ask(std::move(key), std::move(digest), start);
    EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
    return answer.value_or(fail(ErrorCode::kInternal, "no answer"));
  }
  WorkflowId submit_pending() { return submit_with("", "", false).value().id; }

  Status answer_of(const std::function<void(Server::DoneStatus)>& call) {
    std::optional<Status> answer;
    call([&](const Status& status) { answer = status; });
    EXPECT_FALSE(answer) << "answered inside the call";
    EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
    return answer.value_or(fail(ErrorCode::kInternal, "no answer"));
  }
  Status start(const WorkflowId& id) {
    return answer_of([&](auto done) { server->start(id, done); });
  }
  Status cancel_and_wait(const WorkflowId& id) {
    return answer_of([&](auto done) { server->cancel(id, "by hand", done); });
  }
  Status remove(const WorkflowId& id) {
    return answer_of([&](auto done) { server->remove(id, done); });
  }
  void succeed_at_once() {
    runtime->decide = [](const runtime::TaskSpec&) {
      ScriptedRuntime::Ending ending;
      ending.report.succeeded = true;
      ending.report.result = "null";
      return std::optional(ending);
    };
  }

 private:
  std::deque<std::optional<Result<Submitted>>> submissions_;
};

ErrorCode code(const Status& status) {
  EXPECT_FALSE(status.has_value());
  return status ? ErrorCode::kInternal : status.error().code;
}
template <typename T>
ErrorCode code(const Result<T>& result) {
  return code(result.map([](const auto&) {}));
}

TEST(RequestKey, TheSameRequestGivesTheSameWorkflow) {
  Asking world;
  const auto first = world.submit_with("key", "digest");
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->is_new);
  const auto again = world.submit_with("key", "digest");
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->is_new);
  EXPECT_EQ(again->id, first->id);
  EXPECT_EQ(code(world.submit_with("key", "something else")), ErrorCode::kConflict);
  const auto other = world.submit_with("other", "digest");
  ASSERT_TRUE(other);
  EXPECT_TRUE(other->is_new);
  world.crash();
  world.open();
  EXPECT_EQ(world.submit_with("key", "digest")->id, first->id) << "after a restart";
  EXPECT_TRUE(world.abandoned.empty()) << "nobody had heard of the workflows that were not made";
  EXPECT_EQ(world.disk->list({}).workflows.size(), 2u);
}

TEST(RequestKey, OfManyAtOnceOneMakesAWorkflow) {
  Asking world;
  world.succeed_at_once();
  world.faults = [](StoreCall) {
    return StoreFault{Kind::kNone, milliseconds(5), milliseconds(5)};
  };
  std::vector<std::optional<Result<Submitted>>*> answers;
  for (int i = 0; i < 10; ++i) answers.push_back(&world.ask("key", "digest"));
  world.run();
  int made = 0;
  for (const auto* answer : answers) {
    ASSERT_TRUE(*answer && **answer);
    EXPECT_EQ((**answer)->id, (*answers[0])->value().id);
    made += (**answer)->is_new ? 1 : 0;
  }
  EXPECT_EQ(made, 1);
  EXPECT_EQ(world.ended.size(), 1u);
  EXPECT_EQ(world.runtime->starts, 2u);
  EXPECT_EQ(world.server->running(), 0u);
}

TEST(RequestKey, CostsOneReadMoreAndOnlyWhenItWasUsed) {
  Asking world;
  std::vector<StoreCall> calls;
  world.faults = [&](StoreCall call) {
    calls.push_back(call);
    return StoreFault{};
  };
  ASSERT_TRUE(world.submit_with("", ""));
  EXPECT_EQ(calls, std::vector{StoreCall::kCommit});
  calls.clear();
  ASSERT_TRUE(world.submit_with("key", "digest"));
  EXPECT_EQ(calls, std::vector{StoreCall::kCommit});
  calls.clear();
  ASSERT_TRUE(world.submit_with("key", "digest"));
  EXPECT_EQ(calls, (std::vector{StoreCall::kCommit, StoreCall::kRead}));
}

TEST(RequestKey, ALostAnswerDoesNotMakeTheWorkflowAnOldOne) {
  Asking world;
  int commits = 0;
  world.faults = [&](StoreCall call) {
    return call == StoreCall::kCommit && ++commits == 1 ? StoreFault{Kind::kLostAfter, {}, {}}
                                                        : StoreFault{};
  };
  const auto made = world.submit_with("key", "digest");
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->is_new);
  EXPECT_EQ(commits, 2);
}

TEST(RequestKey, ThatCannotBeLookedUpIsAnErrorOfTheStore) {
  Asking world;
  ASSERT_TRUE(world.submit_with("key", "digest"));
  world.faults = [](StoreCall call) {
    return call == StoreCall::kRead ? StoreFault{Kind::kUnavailable, {}, {}} : StoreFault{};
  };
  EXPECT_EQ(code(world.submit_with("key", "digest")), ErrorCode::kUnavailable);
}

TEST(RequestKey, LastsADay) {
  Asking world;
  const WorkflowId first = world.submit_with("key", "digest")->id;
  world.run_for(store::kRequestLifetime);
  const auto next = world.submit_with("key", "something else");
  ASSERT_TRUE(next);
  EXPECT_TRUE(next->is_new);
  EXPECT_NE(next->id, first);
}

TEST(RequestKey, HasABound) {
  Asking world;
  EXPECT_TRUE(world.submit_with(std::string(store::kMaxRequestKeyBytes, 'k'), ""));
  EXPECT_EQ(code(world.submit_with(std::string(store::kMaxRequestKeyBytes + 1, 'k'), "")),
            ErrorCode::kInvalid);
}

TEST(Pending, WaitsInTheStoreUntilItIsStarted) {
  Asking world;
  world.succeed_at_once();
  const WorkflowId id = world.submit_pending();
  world.run();
  EXPECT_EQ(world.status(id), "pending");
  EXPECT_EQ(world.server->running(), 0u) << "it takes no memory";
  EXPECT_EQ(world.runtime->starts, 0u);
  EXPECT_TRUE(world.start(id));
  EXPECT_EQ(world.count(id, "workflow_started"), 1u) << "durable when it is answered";
  EXPECT_EQ(code(world.start(id)), ErrorCode::kConflict) << "it runs";
  world.run();
  EXPECT_EQ(world.status(id), "completed");
  EXPECT_EQ(code(world.start(id)), ErrorCode::kConflict) << "it has ended";
  EXPECT_EQ(code(world.start(WorkflowId::from_parts(1, 2, 3))), ErrorCode::kNotFound);
  EXPECT_EQ(world.count(id, "workflow_resumed"), 0u);
}

TEST(Pending, StaysSoThroughRestarts) {
  Asking world;
  const WorkflowId id = world.submit_pending();
  for (int life = 0; life < 3; ++life) {
    world.crash();
    world.open();
    EXPECT_TRUE(world.answer_of([&](auto done) { world.server->take_over(done); }));
    EXPECT_EQ(world.status(id), "pending");
    EXPECT_EQ(world.server->running(), 0u);
    EXPECT_TRUE(world.disk->list_unfinished(std::nullopt, 1)[0].owner_alive)
        << "claimed, so that it is not found again and again";
  }
  world.succeed_at_once();
  EXPECT_TRUE(world.start(id));
  world.run();
  EXPECT_EQ(world.status(id), "completed");
}

TEST(Pending, MayBeStartedAsSoonAsItIsThere) {
  Asking world;
  world.succeed_at_once();
  std::optional<Status> started;
  std::optional<WorkflowId> id;
  world.server->submit({kWorkflow, "/", {}, false}, [&](const Result<Submitted>& made) {
    id = made.value().id;
    world.server->start(*id, [&](const Status& status) { started = status; });
  });
  world.run();
  ASSERT_TRUE(started);
  EXPECT_TRUE(*started);
  EXPECT_EQ(world.status(*id), "completed");
}

TEST(Pending, OfTwoStartsAtOnceOneCounts) {
  Asking world;
  const WorkflowId id = world.submit_pending();
  std::vector<bool> answers;
  for (int i = 0; i < 2; ++i)
    world.server->start(id, [&](const Status& status) { answers.push_back(status.has_value()); });
  world.run();
  EXPECT_EQ(answers, (std::vector{true, false}));
  EXPECT_EQ(world.count(id, "workflow_started"), 1u);
  EXPECT_EQ(world.runtime->starts, 1u);
}

TEST(Pending, IsCancelledAtOnce) {
  Asking world;
  const WorkflowId id = world.submit_pending();
  EXPECT_TRUE(world.cancel_and_wait(id));
  EXPECT_EQ(world.status(id), "cancelled");
  EXPECT_EQ(world.ended, std::vector{id});
  EXPECT_TRUE(world.disk->list_unfinished(std::nullopt, 1).empty());
  EXPECT_EQ(code(world.cancel_and_wait(id)), ErrorCode::kConflict);
  EXPECT_EQ(code(world.start(id)), ErrorCode::kConflict);
}

TEST(Pending, MayBeStartedByAnOlderServerThanTheOneThatMadeIt) {
  Asking world;
  const WorkflowId id = world.submit_pending();
  const WorkflowId running = world.submit("steps: [{id: a, command: [x]}]");
  ASSERT_TRUE(world.disk->claim(id, world.disk->next_epoch()));
  world.succeed_at_once();
  EXPECT_TRUE(world.start(id));
  world.run_until([&] { return world.status(id) == "completed"; });
  EXPECT_EQ(world.status(id), "completed");
  world.runtime->finish(world.attempt(running, 0, 0), "1");
  world.run();
  EXPECT_EQ(world.status(running), "completed") << "its owner is the earlier epoch";
  EXPECT_TRUE(world.abandoned.empty());
}

TEST(Cancel, IsAnsweredWhenItIsStored) {
  Asking world;
  const WorkflowId id = world.submit("steps: [{id: a, command: [x]}]");
  world.run();
  world.faults = [](StoreCall) { return StoreFault{Kind::kNone, milliseconds(100), {}}; };
  std::optional<Status> answer;
  world.server->cancel(id, "by hand", [&](const Status& status) { answer = status; });
  world.run_for(milliseconds(90));
  EXPECT_FALSE(answer);
  EXPECT_TRUE(world.run_until([&] { return answer.has_value(); }));
  EXPECT_TRUE(*answer);
  EXPECT_EQ(world.count(id, "workflow_stopping"), 1u);
  world.run();
  EXPECT_EQ(world.status(id), "cancelled");
}

TEST(Cancel, ComesTooLateForWhatHasEnded) {
  Asking world;
  EXPECT_EQ(code(world.cancel_and_wait(WorkflowId::from_parts(1, 2, 3))), ErrorCode::kNotFound);
  const WorkflowId id = world.submit("steps: [{id: a, command: [x]}]");
  world.run();
  // The end and the cancellation arrive together, then the cancellation while the end is stored.
  world.faults = [](StoreCall) { return StoreFault{Kind::kNone, milliseconds(100), {}}; };
  world.runtime->finish(world.attempt(id, 0, 0), "1");
  std::vector<ErrorCode> answers;
  const auto note = [&](const Status& status) { answers.push_back(code(status)); };
  while (world.runtime->running.contains(world.attempt(id, 0, 0))) world.executor.step();
  world.executor.post([&] { world.server->cancel(id, "by hand", note); });
  world.run_for(milliseconds(50));
  world.server->cancel(id, "by hand", note);
  world.run();
  EXPECT_EQ(answers, (std::vector{ErrorCode::kConflict, ErrorCode::kConflict}));
  EXPECT_EQ(world.status(id), "completed");
  EXPECT_EQ(code(world.cancel_and_wait(id)), ErrorCode::kConflict);
}

TEST(Cancel, OfAWorkflowWhoseServerIsDeadTakesItUp) {
  Asking world;
  const WorkflowId id = world.submit("steps: [{id: a, command: [x]}]");
  world.run();
  world.crash();
  world.open();
  EXPECT_TRUE(world.cancel_and_wait(id));
  world.run();
  EXPECT_EQ(world.status(id), "cancelled");
  EXPECT_EQ(world.runtime->starts, 0u);
}

TEST(Cancel, LeavesWorkflowsOfOtherServersToThem) {
  Asking world;
  const WorkflowId id = world.submit("steps: [{id: a, command: [x]}]");
  world.run();
  world.crash();
  world.open();
  const Epoch theirs = world.disk->next_epoch();
  ASSERT_TRUE(world.disk->claim(id, theirs));
  EXPECT_EQ(code(world.cancel_and_wait(id)), ErrorCode::kFenced);
  EXPECT_EQ(world.stored(id).epoch, theirs);
}

TEST(Remove, DeletesWhatHasEnded) {
  Asking world;
  const WorkflowId id = world.submit(
      "state: {i: [1, 2, 3]}\nsteps: [{id: m, type: map, command: [x], map: {input_path: i}}]");
  world.run();
  EXPECT_EQ(code(world.remove(id)), ErrorCode::kConflict) << "it runs";
  for (std::uint32_t task = 0; task < 3; ++task)
    world.runtime->finish(world.attempt(id, 0, task), "1");
  world.run();
  ASSERT_EQ(world.status(id), "completed");
  EXPECT_TRUE(world.remove(id));
  EXPECT_TRUE(world.disk->list({}).workflows.empty());
  EXPECT_EQ(code(world.remove(id)), ErrorCode::kNotFound);

  const WorkflowId pending = world.submit_pending();
  EXPECT_EQ(code(world.remove(pending)), ErrorCode::kConflict) << "it has not ended";
  EXPECT_TRUE(world.cancel_and_wait(pending));
  EXPECT_TRUE(world.remove(pending)) << "it never had a task";
}

}  // namespace
}  // namespace agentainer::server

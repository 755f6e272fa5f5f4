#include "engine/engine.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/task_input.h"
#include "engine/test_harness.h"

namespace agentainer::engine {
namespace {

const WorkflowId kId = WorkflowId::from_parts(5, 6, 7);

AttemptId attempt(std::uint32_t task, std::uint32_t number) {
  return {kId, StepIndex{1}, TaskIndex{task}, Attempt{number}};
}

TEST(RetryDelay, FollowsTheBackoff) {
  workflow::RetryPolicy policy;
  policy.delay = milliseconds(100);
  policy.max_delay = milliseconds(750);
  const auto delays = [&](workflow::Backoff backoff) {
    policy.backoff = backoff;
    std::vector<std::int64_t> found;
    for (std::uint32_t failures : {1u, 2u, 3u, 4u, 5u, 1000u})
      found.push_back(retry_delay(policy, failures, attempt(0, failures)).count());
    return found;
  };
  using Delays = std::vector<std::int64_t>;
  EXPECT_EQ(delays(workflow::Backoff::kConstant), (Delays{100, 100, 100, 100, 100, 100}));
  EXPECT_EQ(delays(workflow::Backoff::kLinear), (Delays{100, 200, 300, 400, 500, 750}));
  EXPECT_EQ(delays(workflow::Backoff::kExponential), (Delays{100, 200, 400, 750, 750, 750}));
}

TEST(RetryDelay, JitterShortensWithinItsBoundsAndSpreads) {
  workflow::RetryPolicy policy;
  policy.delay = milliseconds(1000);
  policy.jitter = 0.4;
  std::set<std::int64_t> seen;
  std::int64_t sum = 0;
  for (std::uint32_t task = 0; task < 1000; ++task) {
    const milliseconds delay = retry_delay(policy, 1, attempt(task, 1));
    EXPECT_EQ(delay, retry_delay(policy, 1, attempt(task, 1)));  // a replay draws the same
    EXPECT_GE(delay.count(), 600 - 1);
    EXPECT_LE(delay.count(), 1000);
    seen.insert(delay.count());
    sum += delay.count();
  }
  EXPECT_GT(seen.size(), 300u);
  EXPECT_NEAR(static_cast<double>(sum) / 1000, 800, 20);
  policy.jitter = 1.0;
  for (std::uint32_t number = 1; number < 100; ++number) {
    const milliseconds delay = retry_delay(policy, 1, attempt(3, number));
    EXPECT_GE(delay.count(), 0);
    EXPECT_LE(delay.count(), 1000);
  }
}

TEST(TaskTable, RefusesWhatTheTableOfChangesDoesNotHave) {
  for (int from = 0; from < 6; ++from)
    for (int to = 0; to < 6; ++to) {
      const auto make = [&] {
        TaskTable table;
        table.resize(1);
        // The way to each status.
        const auto status = static_cast<TaskStatus>(from);
        if (status == TaskStatus::kCancelled) table.move(TaskIndex{0}, TaskStatus::kCancelled);
        if (status != TaskStatus::kCancelled && status != TaskStatus::kWaiting) {
          table.move(TaskIndex{0}, TaskStatus::kRunning);
          if (status != TaskStatus::kRunning) table.move(TaskIndex{0}, status);
        }
        return table;
      };
      const auto target = static_cast<TaskStatus>(to);
      if (is_legal(static_cast<TaskStatus>(from), target)) {
        TaskTable table = make();
        table.move(TaskIndex{0}, target);
        EXPECT_EQ(table.status(TaskIndex{0}), target);
        EXPECT_EQ(table.count(target), 1u);
      } else {
        EXPECT_DEATH(
            {
              TaskTable table = make();
              table.move(TaskIndex{0}, target);
            },
            "tasks change status only as the table allows");
      }
    }
}

TEST(TaskTable, AttemptNumbersOnlyGrow) {
  TaskTable table;
  table.resize(2);
  table.set_attempt(TaskIndex{1}, Attempt{3});
  EXPECT_EQ(table.attempt(TaskIndex{1}), Attempt{3});
  EXPECT_DEATH(table.set_attempt(TaskIndex{1}, Attempt{3}), "attempt numbers only grow");
  EXPECT_DEATH(table.set_attempt(TaskIndex{0}, Attempt{65'536}), "at most 65,535");
}

TEST(Create, LaysInputsOverTheInitialState) {
  Harness harness("name: t\nstate: {a: 1, b: {c: 2}}\nsteps: [{id: s, command: [x]}]",
                  {{"b", 3}, {"new", "n"}});
  EXPECT_EQ(harness.state().data.to_text(), R"({"a":1,"b":3,"new":"n"})");
  EXPECT_EQ(harness.last().state.size(), 3u);
}

TEST(Apply, TheSameEventsGiveTheSameEffects) {
  const auto run = [] {
    Harness harness(R"(
name: t
state: {items: [1, 2, 3, 4, 5]}
steps:
  - {id: m, type: map, command: [x], retry: {max_attempts: 5, jitter: 0.5}, map: {input_path: items}}
)");
    harness.slots = 3;
    std::string out;
    const auto note = [&](const Effects& effects) { out += describe(effects, harness.state()); };
    note(harness.apply({StartRequested{}}));
    for (int i = 0; i < 3; ++i) {
      const StartAttempt first = attempts_in_flight(harness.state()).front();
      note(harness.apply({harness.failure(first.step, first.task, FailureCause::kExitCode, "no")}));
      harness.pass(milliseconds(700));
      note(harness.apply({TimePassed{}}));
    }
    return out;
  };
  EXPECT_EQ(run(), run());
}

TEST(Apply, InvalidUtf8InMessagesLeavesLiveStateAndHistoryAlike) {
  // The harness compares them after every step.
  const std::string hostile = std::string(5000, 'x') + "\xff\xfe\n" + std::string(9000, '\xc3');
  Harness harness("name: t\nsteps: [{id: s, command: [x]}]");
  harness.apply({StartRequested{}});
  harness.apply({harness.failure(StepIndex{0}, TaskIndex{0}, FailureCause::kExitCode, hostile)});
  EXPECT_TRUE(has_ended(harness.state().status));
  EXPECT_LE(harness.state().reason.size(), 3 * kMaxReasonBytes);

  Harness cancelled("name: t\nsteps: [{id: s, command: [x]}, {id: r, command: [x]}]");
  cancelled.apply({StartRequested{}, CancelRequested{"\xc3\x28 because"}});
  EXPECT_EQ(cancelled.state().step(StepIndex{1}).reason, "\xEF\xBF\xBD( because");

  Harness file("name: t\nsteps: [{id: m, type: map, command: [x], map: {input_file: f}}]");
  file.apply({StartRequested{}});
  file.apply({ItemsRead{StepIndex{0}, 0, "", "input_file \xff: no such file"}});
  EXPECT_EQ(file.state().status, WorkflowStatus::kFailed);
}

TEST(Apply, AttemptNumbersEndAtTheirLimit) {
  Harness harness("name: t\nsteps: [{id: s, command: [x]}]");
  harness.apply({StartRequested{}});
  // Uncounted losses are retried at once, so each batch may hold many attempts of the same task.
  WorkflowState state =
      harness.state().definition ? harness.rebuild(harness.commits()) : WorkflowState();
  std::uint32_t number = 1;
  while (!has_ended(state.status)) {
    AttemptEnded lost;
    lost.attempt = Attempt{number};
    lost.counts = false;
    std::vector<Event> events{lost};
    (void)apply(state, events, {Harness::kStart, 10, true});
    ++number;
    ASSERT_LE(number, 65'536u);
  }
  EXPECT_EQ(number - 1, 65'535u);
  EXPECT_EQ(state.status, WorkflowStatus::kFailed);
}

/// Events that no honest server or runtime would send must be refused or ignored, never abort.
TEST(Apply, SurvivesNonsense) {
  const char* const kWorkflow = R"(
name: t
state: {items: [1, 2, 3]}
config: {failure_strategy: continue_on_partial, timeout: 30s}
steps:
  - {id: a, command: [x], retry: {max_attempts: 2, delay: 1s}, step_timeout: 20s}
  - {id: m, type: map, command: [x], depends_on: [], map: {input_path: items, error_handling: continue_on_error, max_failures: 2}}
  - {id: f, type: map, command: [x], depends_on: [], map: {input_file: f, batch_size: 2}}
  - {id: b, type: branch, depends_on: [a], branch: {condition: "true", true_steps: [yes], false_steps: [no]}}
  - {id: yes, command: [x]}
  - {id: no, command: [x]}
  - {id: r, type: reduce, command: [x], depends_on: [m, f, yes, no]}
  - {id: w, type: wait, signal: go, timeout: 3s, on_timeout: continue, depends_on: []}
  - {id: v, type: wait, signal: go, depends_on: [a]}
  - {id: t, type: wait, duration: 2s, depends_on: [a]}
)";
  namespace gen = rc::gen;
  const auto event = []() -> Event {
    const StepIndex step{*gen::inRange<std::uint32_t>(0, 9)};
    const TaskIndex task{*gen::inRange<std::uint32_t>(0, 4)};
    switch (*gen::inRange(0, 12)) {
      case 0:
        return StartRequested{};
      case 1:
        return ItemsRead{StepIndex{*gen::inRange<std::uint32_t>(0, 7)},
                         *gen::inRange<std::uint32_t>(0, 5), "print",
                         *gen::element<std::string>("", "", "unreadable")};
      case 2:
        return ResultsCollected{StepIndex{*gen::inRange<std::uint32_t>(0, 7)}, "[1,2,3]", "[]",
                                *gen::element<std::string>("", "", "too large")};
      case 3:
        return TimePassed{};
      case 4:
        if (*gen::inRange(0, 8) == 0) return CancelRequested{"by hand"};
        if (*gen::inRange(0, 3) == 0) return PauseRequested{1};
        if (*gen::inRange(0, 3) == 0)
          return SignalSent{1, *gen::element<std::string>("go", "x", " "),
                            *gen::element<std::string>("1", "nonsense")};
        if (*gen::inRange(0, 2) == 0) return UnpauseRequested{1};
        return SlotsFreed{};
      case 5:
        return StateUpdateRequested{
            1,
            {static_cast<StateUpdate::Kind>(*gen::inRange(0, 6)),
             *gen::element<std::string>("items", "x", ""),
             *gen::element<std::string>("[1]", "1", "", "nonsense"), std::nullopt}};
      default: {
        AttemptEnded ended;
        ended.step = step;
        ended.task = task;
        ended.attempt = Attempt{*gen::inRange<std::uint32_t>(0, 3)};
        ended.succeeded = *gen::arbitrary<bool>();
        ended.result = *gen::element<std::string>("{}", "[1,2]", "[1]", "nonsense", "");
        ended.cause = static_cast<FailureCause>(*gen::inRange(0, 9));
        ended.retryable = *gen::arbitrary<bool>();
        ended.counts = *gen::arbitrary<bool>();
        return ended;
      }
    }
  };
  const bool ok = rc::check([&] {
    Harness harness(kWorkflow);
    harness.slots = *gen::inRange<std::uint32_t>(1, 6);
    const int steps = *gen::inRange(1, 40);
    for (int i = 0; i < steps; ++i) {
      std::vector<Event> events;
      const int batch = *gen::inRange(0, 4);
      for (int k = 0; k < batch; ++k) events.push_back(event());
      if (i == 1) events.insert(events.begin(), StartRequested{});
      harness.pass(milliseconds(*gen::inRange(0, 2000)));
      harness.apply(std::move(events));
    }
    harness.finish_after_crash(*gen::inRange<std::size_t>(1, harness.commits() + 1));
    RC_ASSERT(!testing::Test::HasFailure());
  });
  EXPECT_TRUE(ok);
}

TEST(WantsSlots, OnlyWhereMoreSlotsWouldHelp) {
  Harness harness(R"(
name: t
config: {max_parallel: 3}
state: {items: [1, 2, 3, 4, 5]}
steps:
  - {id: m, type: map, command: [x], map: {input_path: items, max_concurrency: 2}, depends_on: []}
  - {id: a, command: [x], depends_on: []}
  - {id: b, command: [x], depends_on: []}
)");
  EXPECT_FALSE(wants_slots(harness.state()));
  harness.slots = 1;
  harness.apply({StartRequested{}});
  EXPECT_TRUE(wants_slots(harness.state()));
  harness.slots = 10;
  harness.apply({SlotsFreed{}});
  EXPECT_EQ(harness.state().in_flight, 3u);
  EXPECT_FALSE(wants_slots(harness.state()));
}

TEST(ReuseFreed, SlotsGoBackToTheServerUnlessTheyMayBeKept) {
  for (const bool reuse : {false, true}) {
    Harness harness(
        "name: t\nstate: {i: [1, 2, 3]}\nsteps: [{id: m, type: map, command: [x], map: "
        "{input_path: i}}]");
    harness.slots = 1;
    harness.reuse_freed = reuse;
    harness.apply({StartRequested{}});
    harness.apply({harness.success(StepIndex{0}, TaskIndex{0}, "1")});
    EXPECT_EQ(harness.state().in_flight, reuse ? 1u : 0u);
    EXPECT_TRUE(wants_slots(harness.state()));
  }
}

TEST(TaskInputs, FollowTheStateAndForgetSteps) {
  std::string source = "name: t\nstate: {shared: 1}\nsteps:\n";
  for (int i = 0; i < 50; ++i)
    source += fmt::format("  - {{id: s{}, command: [x], depends_on: []}}\n", i);
  Harness harness(source);
  harness.apply({StartRequested{}});
  TaskInputs inputs(harness.state());
  for (std::uint32_t i = 0; i < 50; ++i)
    EXPECT_NE(inputs.make(StepIndex{i}, TaskIndex{0}, Attempt{1}, std::nullopt)
                  ->document.find(R"("shared":1)"),
              std::string::npos);
  harness.apply({StateUpdateRequested{1, {StateUpdate::Kind::kSet, "shared", "2", {}}}});
  EXPECT_NE(inputs.make(StepIndex{7}, TaskIndex{0}, Attempt{1}, std::nullopt)
                ->document.find(R"("shared":2)"),
            std::string::npos);
}

}  // namespace
}  // namespace agentainer::engine

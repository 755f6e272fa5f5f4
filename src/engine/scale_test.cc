// Sizes at which anything quadratic would take hours: these end within the test's time limit only
// because an event costs what it does, not what there is.

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/task_input.h"
#include "workflow/parse.h"

namespace agentainer::engine {
namespace {

constexpr TimePoint kStart{milliseconds(1000)};

WorkflowState make(const std::string& source) {
  workflow::ParseResult parsed = workflow::parse(source);
  EXPECT_TRUE(parsed.definition) << render(parsed.diagnostics, "test", "", false).substr(0, 1000);
  return make_state(WorkflowId::from_parts(1, 2, 3), parsed.definition);
}

Event ended(const StartAttempt& attempt, bool succeeded) {
  AttemptEnded event;
  event.step = attempt.step;
  event.task = attempt.task;
  event.attempt = attempt.attempt;
  event.succeeded = succeeded;
  event.result = "1";
  event.cause = FailureCause::kExitCode;
  event.message = "no";
  return event;
}

/// Runs with so many slots, a batch of events for each attempt's end; gives the number of batches.
std::size_t run(WorkflowState& state, std::uint32_t slots, std::size_t batch,
                bool (*succeeds)(const StartAttempt&)) {
  std::vector<Event> events{StartRequested{}};
  std::vector<StartAttempt> running;
  std::size_t batches = 0;
  TimePoint now = kStart;
  (void)create(state, {}, now);
  for (std::size_t next = 0;; ++batches) {
    const Effects effects =
        apply(state, events, {now, slots - std::min(slots, state.in_flight), true});
    events.clear();
    if (has_ended(state.status)) return batches;
    for (const Action& action : effects.actions) {
      if (const auto* start = std::get_if<StartAttempt>(&action)) running.push_back(*start);
      if (const auto* collect = std::get_if<CollectResults>(&action))
        events.emplace_back(ResultsCollected{collect->step, "[]", "[]", ""});
    }
    for (std::size_t i = 0; i < batch && next < running.size(); ++i, ++next)
      events.push_back(ended(running[next], succeeds(running[next])));
    if (!events.empty()) continue;
    const std::optional<TimePoint> due = next_deadline(state);
    if (!due && !wants_slots(state)) {
      ADD_FAILURE() << "it is stuck";
      return batches;
    }
    now = std::max(now, due.value_or(now));
  }
}

bool always(const StartAttempt&) { return true; }

TEST(Scale, AHundredThousandStepsOneAfterAnother) {
  std::string source = "name: t\nsteps:\n";
  for (int i = 0; i < 100'000; ++i) source += fmt::format("- {{id: s{}, command: [x]}}\n", i);
  WorkflowState state = make(source);
  EXPECT_EQ(run(state, 64, 64, always), 100'000u);
  EXPECT_EQ(state.status, WorkflowStatus::kCompleted);
}

TEST(Scale, AHundredThousandStepsAtTheSameTimeWithFewSlots) {
  std::string source = "name: t\nsteps:\n";
  for (int i = 0; i < 100'000; ++i)
    source += fmt::format("- {{id: s{}, command: [x], depends_on: []}}\n", i);
  WorkflowState state = make(source);
  run(state, 4, 1, always);
  EXPECT_EQ(state.status, WorkflowStatus::kCompleted);
}

TEST(Scale, FiftyThousandFailedStepsSkipFiftyThousandOthers) {
  std::string source = "name: t\nconfig: {failure_strategy: continue}\nsteps:\n";
  for (int i = 0; i < 50'000; ++i)
    source += fmt::format(
        "- {{id: s{}, command: [x], depends_on: []}}\n- {{id: t{}, command: [x]}}\n", i, i);
  WorkflowState state = make(source);
  run(state, 4, 1, [](const StartAttempt&) { return false; });
  EXPECT_EQ(state.failed_steps, 50'000u);
}

TEST(Scale, ADecisionWithAHundredThousandTargets) {
  std::string source =
      "name: t\nsteps:\n- id: d\n  type: decision\n  decision_node:\n    branches:\n";
  for (int half = 0; half < 2; ++half) {
    source += fmt::format("    - {{id: h{}, condition: \"{}\", next_steps: [", half, half == 1);
    for (int i = 0; i < 49'999; ++i)
      source += fmt::format("{}s{}", i == 0 ? "" : ", ", 2 * i + half);
    source += "]}\n";
  }
  for (int i = 0; i < 99'998; ++i) source += fmt::format("- {{id: s{}, command: [x]}}\n", i);
  WorkflowState state = make(source);
  run(state, 64, 64, always);
  EXPECT_EQ(state.status, WorkflowStatus::kCompleted);
}

TEST(Scale, AMillionItemsOneEventAtATime) {
  std::string source =
      "name: t\nsteps:\n- {id: m, type: map, command: [x], map: {input_path: items}}\n";
  WorkflowState state = make(source);
  std::string items = "[";
  for (int i = 0; i < 1'000'000; ++i) items += "1,";
  items.back() = ']';
  state.data.set("items", std::make_shared<const std::string>(std::move(items)));
  run(state, 64, 1, always);
  EXPECT_EQ(state.status, WorkflowStatus::kCompleted);
  EXPECT_EQ(state.step(StepIndex{0}).tasks.count(TaskStatus::kSucceeded), 1'000'000u);
}

TEST(Scale, AMillionItemsThatAllFailOnce) {
  std::string source = R"(
name: t
steps:
- id: m
  type: map
  command: [x]
  retry: {max_attempts: 2, delay: 1h}
  map: {input_path: items, error_handling: continue_on_error}
)";
  WorkflowState state = make(source);
  std::string items = "[";
  for (int i = 0; i < 1'000'000; ++i) items += "1,";
  items.back() = ']';
  state.data.set("items", std::make_shared<const std::string>(std::move(items)));
  run(state, 64, 8, [](const StartAttempt& attempt) { return attempt.attempt == Attempt{2}; });
  EXPECT_EQ(state.step(StepIndex{0}).tasks.count(TaskStatus::kSucceeded), 1'000'000u);
}

TEST(Scale, TasksThatReadALargeOutput) {
  const std::string source = R"(
name: t
steps:
- {id: list, command: [x]}
- {id: m, type: map, command: ["${{ steps.list.output[index] }}"], input: {}, map: {input_path: steps.list.output}}
)";
  WorkflowState state = make(source);
  (void)create(state, {}, kStart);
  std::vector<Event> events{StartRequested{}};
  (void)apply(state, events, {kStart, 1});
  AttemptEnded done;
  done.attempt = Attempt{1};
  done.succeeded = true;
  done.result = "[";
  for (int i = 0; i < 100'000; ++i) done.result += fmt::format("\"item {}\",", i);
  done.result.back() = ']';
  events = {done};
  (void)apply(state, events, {kStart, 0, true});
  TaskInputs inputs(state);
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const Result<TaskInput> input =
        inputs.make(StepIndex{1}, TaskIndex{i}, Attempt{1}, std::nullopt);
    ASSERT_TRUE(input) << input.error().message;
    ASSERT_EQ(input->command.front(), fmt::format("item {}", i));
  }
}

}  // namespace
}  // namespace agentainer::engine

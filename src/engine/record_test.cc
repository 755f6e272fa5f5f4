#include "engine/record.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "engine/engine.h"
#include "workflow/parse.h"

namespace agentainer::engine {
namespace {

std::shared_ptr<const workflow::Definition> definition() {
  static const auto parsed = workflow::parse(R"(
name: records
state: {items: [1, 2, 3, 4, 5, 6, 7, 8, 9]}
config: {failure_strategy: continue}
steps:
  - {id: a, command: [x], retry: {max_attempts: 3}}
  - {id: m, type: map, command: [x], retry: {max_attempts: 3}, map: {input_path: items}, depends_on: []}
  - {id: p, type: parallel, max_workers: 4, command: [x], depends_on: []}
  - {id: b, type: branch, branch: {condition: "true", true_steps: [yes], false_steps: [no]}}
  - {id: yes, command: [x]}
  - {id: no, command: [x]}
)");
  EXPECT_TRUE(parsed.definition) << render(parsed.diagnostics, "test", "", false);
  return parsed.definition;
}

namespace gen = rc::gen;

rc::Gen<std::string> text() {
  return gen::oneOf(
      gen::map(gen::string<std::string>(), [](const std::string& s) { return bounded(s); }),
      gen::element<std::string>("", "\"", "\\", "\n\r\t", std::string("\0", 1), "\x7f\x1b[31m",
                                "<script>", "\xE2\x80\xAE", "\xF0\x9F\x98\x80",
                                "{\"type\":\"x\"}"));
}
rc::Gen<std::uint32_t> number() {
  return gen::oneOf(gen::arbitrary<std::uint32_t>(), gen::inRange<std::uint32_t>(0, 10));
}
rc::Gen<StepIndex> step() {
  return gen::map(gen::inRange<std::uint32_t>(0, 6), [](std::uint32_t i) { return StepIndex{i}; });
}
rc::Gen<std::vector<TaskRun>> runs() {
  return gen::container<std::vector<TaskRun>>(
      gen::map(gen::tuple(number(), number(), number()), [](const auto& t) {
        return TaskRun{std::get<0>(t), std::get<1>(t), std::get<2>(t)};
      }));
}

RecordBody random_body(std::size_t kind) {
  switch (kind) {
    case 0:
      return WorkflowCreated{*text()};
    case 1:
      return WorkflowStarted{};
    case 2:
      return WorkflowStopping{*gen::element(WorkflowStatus::kFailed, WorkflowStatus::kCancelled),
                              *text()};
    case 3:
      return WorkflowEnded{*gen::element(WorkflowStatus::kCompleted, WorkflowStatus::kFailed),
                           *text()};
    case 4:
      return WorkflowResumed{};
    case 5:
      return StepStarted{
          *step(), *number(), *number(), *text(),
          *gen::arbitrary<bool>()
              ? std::optional(TimePoint(milliseconds(*gen::arbitrary<std::int64_t>())))
              : std::nullopt};
    case 6:
      return StepStopping{*step(), *gen::element(StepStatus::kFailed, StepStatus::kCancelled),
                          *text()};
    case 7:
      return StepEnded{*step(), *gen::element(StepStatus::kCompleted, StepStatus::kSkipped),
                       *text(), *text(), *gen::container<std::vector<StepIndex>>(step())};
    case 8:
      return TasksDispatched{*step(), *runs()};
    case 9:
      return TasksSucceeded{*step(), *runs(),
                            *gen::container<std::vector<std::uint32_t>>(number())};
    case 10:
      return TasksCancelled{*step(), *runs()};
    case 11: {
      AttemptFailed failed{*step(), TaskIndex{*number()}, Attempt{*number()},
                           static_cast<FailureCause>(*gen::inRange(0, 9))};
      failed.exit_code = *gen::inRange(-5, 300);
      failed.signal = *gen::inRange(0, 70);
      failed.message = *text();
      failed.duration_ms = *number();
      failed.counts = *gen::arbitrary<bool>();
      if (*gen::arbitrary<bool>()) failed.retry_delay_ms = *gen::arbitrary<std::int64_t>();
      return failed;
    }
    case 12:
      return ResultRefused{*step(), TaskIndex{*number()}, Attempt{*number()}};
    case 13:
      return WorkflowPaused{};
    case 14:
      return WorkflowUnpaused{};
    case 15:
      return SignalReceived{*text()};
    case 16:
      return SignalTaken{*step()};
    default:
      return StateChanged{*gen::container<std::vector<std::string>>(text())};
  }
}

TEST(Record, EncodingKeepsEverything) {
  const auto defined = definition();
  for (std::size_t kind = 0; kind < std::variant_size_v<RecordBody>; ++kind) {
    const bool ok = rc::check([&] {
      const Record record{TimePoint(milliseconds(*gen::arbitrary<std::int64_t>())),
                          random_body(kind)};
      const std::string text = encode(record, *defined);
      RC_ASSERT(check_json(text).has_value());
      RC_ASSERT(text.find('\n') == std::string::npos);
      const Result<Record> decoded = decode(text, *defined);
      RC_ASSERT(decoded.has_value());
      RC_ASSERT(*decoded == record);
      RC_ASSERT(encode(*decoded, *defined) == text);
    });
    EXPECT_TRUE(ok) << "kind " << kind;
  }
}

TEST(Record, OtherTextIsRefusedWithAReason) {
  const auto defined = definition();
  for (const char* text : {
           "",
           "null",
           "[]",
           "{}",
           R"({"type":"workflow_exploded","at":1})",
           R"({"type":"workflow_started","at":"now"})",
           R"({"type":"workflow_started","at":1.5})",
           R"({"type":"step_started","at":1,"step":"nobody","tasks":1,"items":1})",
           R"({"type":"step_started","at":1,"tasks":1,"items":1})",
           R"({"type":"step_started","at":1,"step":"a","tasks":-1,"items":1})",
           R"({"type":"step_started","at":1,"step":"a","tasks":4294967296,"items":1})",
           R"({"type":"step_ended","at":1,"step":"a","status":"happy"})",
           R"({"type":"step_ended","at":1,"step":"a","status":"failed","passed_over":["nobody"]})",
           R"({"type":"step_ended","at":1,"step":"a","status":"failed","passed_over":[1]})",
           R"({"type":"tasks_dispatched","at":1,"step":"m","tasks":[[0,1]]})",
           R"({"type":"tasks_dispatched","at":1,"step":"m","tasks":{}})",
           R"({"type":"tasks_dispatched","at":1,"step":"m","tasks":[[0,"1",1]]})",
           R"({"type":"attempt_failed","at":1,"step":"a","task":0,"attempt":1,"cause":"ennui"})",
           R"({"type":"state_changed","at":1,"keys":[1]})",
       }) {
    const Result<Record> decoded = decode(text, *defined);
    ASSERT_FALSE(decoded.has_value()) << text;
    EXPECT_EQ(decoded.error().code, ErrorCode::kInvalid);
    EXPECT_FALSE(decoded.error().message.empty());
  }
}

/// A sound history of the definition above, as text.
std::vector<std::string> sound_history() {
  const auto defined = definition();
  WorkflowState state = make_state(WorkflowId::from_parts(1, 2, 3), defined);
  std::vector<std::string> history;
  TimePoint now{milliseconds(1000)};
  const auto keep = [&](const Effects& effects) {
    for (const Record& record : effects.records) history.push_back(encode(record, *defined));
    return effects.actions;
  };
  keep(create(state, {}, now));
  std::vector<Event> events{StartRequested{}};
  for (int round = 0; round < 100 && !has_ended(state.status); ++round) {
    now += milliseconds(1500);
    const std::vector<Action> actions = keep(apply(state, events, {now, 4, true}));
    events.clear();
    for (const StartAttempt& attempt : attempts_in_flight(state)) {
      AttemptEnded ended;
      ended.step = attempt.step;
      ended.task = attempt.task;
      ended.attempt = attempt.attempt;
      ended.succeeded = (to_int(attempt.task) + to_int(attempt.attempt)) % 3 != 0;
      ended.result = "{}";
      events.emplace_back(ended);
    }
    for (const Action& action : actions)
      if (const auto* collect = std::get_if<CollectResults>(&action))
        events.emplace_back(ResultsCollected{collect->step, "[]", "[]", ""});
  }
  EXPECT_TRUE(has_ended(state.status));
  return history;
}

/// Replays as a server does, up to the first record that is refused.
std::size_t replay(const std::vector<std::string>& history) {
  const auto defined = definition();
  WorkflowState state = make_state(WorkflowId::from_parts(1, 2, 3), defined);
  for (const std::string& text : history) {
    const Result<Record> record = decode(text, *defined);
    if (!record || !check_record(state, *record)) break;
    transition(state, *record);
    ++state.sequence;
  }
  const std::uint64_t taken = state.sequence;
  rebuild_agenda(state);
  (void)dump(state);
  // What a server would do next must not abort either. It has made sure of the outputs.
  for (StepState& step : state.steps)
    if (!step.output && step.tasks.count(TaskStatus::kSucceeded) > 0)
      step.output = std::make_shared<const std::string>("{}");
  if (!has_ended(state.status) && taken > 0)
    (void)resume(state, {state.last_record + milliseconds(1), 10});
  return taken;
}

TEST(Record, ASoundHistoryReplays) {
  const std::vector<std::string> history = sound_history();
  EXPECT_GT(history.size(), 20u);
  EXPECT_EQ(replay(history), history.size());
}

TEST(Record, ADamagedHistoryIsRefusedAndNeverAborts) {
  const std::vector<std::string> sound = sound_history();
  const auto index = [](std::size_t size) { return *gen::inRange<std::size_t>(0, size); };
  const bool ok = rc::check([&] {
    std::vector<std::string> history = sound;
    const int damages = *gen::inRange(1, 4);
    for (int i = 0; i < damages && !history.empty(); ++i) {
      std::string& record = history[index(history.size())];
      switch (*gen::inRange(0, 7)) {
        case 0:
          history.erase(history.begin() + static_cast<std::ptrdiff_t>(index(history.size())));
          break;
        case 1:
          history.insert(history.begin() + static_cast<std::ptrdiff_t>(index(history.size())),
                         std::string(record));
          break;
        case 2:
          std::swap(record, history[index(history.size())]);
          break;
        case 3:
          record[index(record.size())] = *gen::arbitrary<char>();
          break;
        case 4:  // another number somewhere: attempts, tasks, times, counts
          for (std::size_t at = index(record.size()); at < record.size(); ++at)
            if (record[at] >= '0' && record[at] <= '9') {
              record[at] = static_cast<char>('0' + *gen::inRange(0, 10));
              break;
            }
          break;
        case 5:  // a run of tasks that stands there twice
          if (const std::size_t at = record.find("[["); at != std::string::npos)
            record.insert(at + 1, record.substr(at + 1, record.find(']') - at) + ",");
          break;
        default:  // another step
          if (const std::size_t at = record.find(R"("step":")"); at != std::string::npos)
            record[at + 8] = *gen::element('a', 'm', 'p', 'b');
      }
    }
    RC_ASSERT(replay(history) <= history.size());
  });
  EXPECT_TRUE(ok);
}

TEST(Bounded, CutsBetweenCharactersAndReplacesWhatIsNoText) {
  EXPECT_EQ(bounded("abc", 2), "ab");
  EXPECT_EQ(bounded("abc", 3), "abc");
  EXPECT_EQ(bounded("a\xc3\xa9z", 2), "a");
  EXPECT_EQ(bounded("a\xc3\xa9z", 3), "a\xc3\xa9");
  EXPECT_EQ(bounded("\xF0\x9F\x98\x80", 3), "");
  EXPECT_EQ(bounded("x\xFFy"), "x\xEF\xBF\xBDy");
  EXPECT_EQ(bounded(std::string(10, '\x80'), 1), "");
  const bool ok = rc::check([](const std::string& text) {
    const std::string cut = bounded(text, 5);
    RC_ASSERT(cut.size() <= 15u);
    RC_ASSERT(to_valid_utf8(cut) == cut);
  });
  EXPECT_TRUE(ok);
}

}  // namespace
}  // namespace agentainer::engine

// Runs the tables in scripts/*.txt: a workflow file, what happens to it, and what the engine makes
// of each. A case:
//
//     === its name
//     steps: …                    the workflow file (a name is added)
//     ---
//     > start                     an event; `&` lines below join its batch
//       workflow started          the effects expected, one a line (describe() in test_harness.h)
//     ? next                      a question: next, state, input STEP TASK, wants
//
// State updates are `set KEY JSON`, `delete KEY`, `increment KEY [AMOUNT]`, `append KEY JSON`,
// `add-to-set KEY JSON` and `swap KEY EXPECTED JSON`, with `nothing` for a key that must not be
// there. `signal NAME JSON` sends a signal.
//
// AGENTAINER_UPDATE_SCRIPTS=1 writes what happened into the files instead; read the difference.

#include <gtest/gtest.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/task_input.h"
#include "engine/test_harness.h"
#include "workflow/parse.h"

namespace agentainer::engine {
namespace {

/// Takes the next word off `text`.
std::string word(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string found(text.substr(0, end));
  text.remove_prefix(end);
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  return found;
}

std::uint32_t number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    throw std::runtime_error("not a number: " + std::string(text));
  return value;
}

class Script {
 public:
  /// Runs one case and gives its text back with what really happened.
  static std::string run(const std::string& workflow, const std::vector<std::string>& lines) {
    Script script("name: test\n" + workflow);
    for (const std::string& line : lines) script.take(line);
    script.flush();
    for (std::size_t i = 1; i <= script.harness_.commits(); ++i)
      script.harness_.finish_after_crash(i);
    return script.out_;
  }

 private:
  explicit Script(const std::string& workflow) : harness_(workflow) {}

  void take(const std::string& line) {
    if (line.starts_with('>') || line.starts_with('?')) flush();
    if (line.starts_with('>') || line.starts_with('&')) {
      out_ += line + "\n";
      std::string_view rest = std::string_view(line).substr(1);
      add(word(rest), rest);
      pending_ = true;
    } else if (line.starts_with('?')) {
      out_ += line + "\n";
      std::string_view rest = std::string_view(line).substr(1);
      out_ += "  " + answer(word(rest), rest) + "\n";
    } else if (line.starts_with('#') || line.empty()) {
      flush();
      out_ += line + "\n";
    }  // the rest is what is expected
  }

  void flush() {
    if (!pending_) return;
    pending_ = false;
    const Effects& effects = harness_.apply(std::exchange(events_, {}));
    out_ += describe(effects, harness_.state());
  }

  AttemptEnded attempt(std::string_view& rest) {
    AttemptEnded event;
    event.step = harness_.step(word(rest));
    const std::string place = word(rest);
    const std::size_t slash = place.find('/');
    event.task = TaskIndex{number(std::string_view(place).substr(0, slash))};
    event.attempt = slash == std::string::npos ? harness_.attempt(event.step, event.task)
                                               : Attempt{number(place.substr(slash + 1))};
    event.duration = milliseconds(10);
    return event;
  }

  void add(const std::string& verb, std::string_view rest) {
    if (verb == "start") {
      events_.emplace_back(StartRequested{});
    } else if (verb == "ok") {
      AttemptEnded event = attempt(rest);
      event.succeeded = true;
      event.result = rest.empty() ? "null" : rest;
      events_.emplace_back(std::move(event));
    } else if (verb == "all-ok") {
      for (Event& event : harness_.all_succeed()) events_.push_back(std::move(event));
    } else if (verb == "fail") {
      add_failure(rest);
    } else if (verb == "items") {
      ItemsRead event{harness_.step(word(rest)), 0, "", ""};
      if (rest.starts_with("error "))
        event.error = rest.substr(6);
      else
        event.count = number(word(rest)), event.fingerprint = rest;
      events_.emplace_back(std::move(event));
    } else if (verb == "collect") {
      events_.push_back(harness_.collect(harness_.step(word(rest))));
    } else if (verb == "cannot-collect") {
      ResultsCollected event{harness_.step(word(rest)), "[]", "[]", std::string(rest)};
      events_.emplace_back(std::move(event));
    } else {
      add_other(verb, rest);
    }
  }

  void add_other(const std::string& verb, std::string_view rest) {
    if (verb == "wait") {
      harness_.pass(workflow::parse_duration(word(rest)).value());
      events_.emplace_back(TimePassed{});
    } else if (verb == "slots") {
      harness_.slots = number(word(rest));
      events_.emplace_back(SlotsFreed{});
    } else if (verb == "cancel") {
      events_.emplace_back(CancelRequested{std::string(rest)});
    } else if (verb == "signal") {
      std::string name = word(rest);
      events_.emplace_back(SignalSent{++tickets_, std::move(name), std::string(rest)});
    } else if (verb == "pause") {
      events_.emplace_back(PauseRequested{++tickets_});
    } else if (verb == "unpause") {
      events_.emplace_back(UnpauseRequested{++tickets_});
    } else if (const auto kind = kind_of_update(verb)) {
      StateUpdate update{*kind, word(rest), {}, {}};
      if (*kind == StateUpdate::Kind::kCompareAndSwap)
        if (std::string expected = word(rest); expected != "nothing") update.expected = expected;
      update.text = rest;
      events_.emplace_back(StateUpdateRequested{++tickets_, std::move(update)});
    } else {
      throw std::runtime_error("no such event: " + verb);
    }
  }

  static std::optional<StateUpdate::Kind> kind_of_update(const std::string& verb) {
    using Kind = StateUpdate::Kind;
    static const std::map<std::string, Kind> kKinds{{"set", Kind::kSet},
                                                    {"delete", Kind::kDelete},
                                                    {"increment", Kind::kIncrement},
                                                    {"append", Kind::kAppend},
                                                    {"add-to-set", Kind::kAddToSet},
                                                    {"swap", Kind::kCompareAndSwap}};
    const auto found = kKinds.find(verb);
    return found == kKinds.end() ? std::nullopt : std::optional(found->second);
  }

  /// fail STEP TASK CAUSE [N] [final] [lost-with-server] [: message]
  void add_failure(std::string_view rest) {
    AttemptEnded event = attempt(rest);
    const std::string cause = word(rest);
    event.cause = parse_failure_cause(cause).value();
    while (!rest.empty() && !rest.starts_with(':')) {
      const std::string extra = word(rest);
      if (extra == "final")
        event.retryable = false;
      else if (extra == "uncounted")
        event.counts = false;
      else
        (event.cause == FailureCause::kSignal ? event.signal : event.exit_code) =
            static_cast<int>(number(extra));
    }
    if (!rest.empty()) event.message = rest.substr(2);
    events_.emplace_back(std::move(event));
  }

  std::string answer(const std::string& question, std::string_view rest) {
    if (question == "next") {
      const auto due = next_deadline(harness_.state());
      return due ? fmt::format("in {}ms", (*due - harness_.now()).count()) : "never";
    }
    if (question == "state") return harness_.state().data.to_text();
    if (question == "wants") return wants_slots(harness_.state()) ? "yes" : "no";
    if (question == "input") return input(rest);
    throw std::runtime_error("no such question: " + question);
  }

  /// input STEP TASK [ITEM of a file]
  std::string input(std::string_view rest) {
    const StepIndex step = harness_.step(word(rest));
    const TaskIndex task{number(word(rest))};
    TaskInputs inputs(harness_.state());
    const auto item = rest.empty() ? std::nullopt : std::optional(rest);
    const Result<TaskInput> input = inputs.make(step, task, harness_.attempt(step, task), item);
    if (!input) return "error: " + input.error().message;
    const Result<Json> document = parse_json(input->document);
    EXPECT_TRUE(document.has_value()) << input->document;
    std::string out = input->document;
    for (const std::string& argument : input->command) out += "\n  argument [" + argument + "]";
    for (const auto& [name, value] : input->environment) out += "\n  env " + name + "=" + value;
    return out;
  }

  Harness harness_;
  std::vector<Event> events_;
  std::uint64_t tickets_ = 0;
  bool pending_ = false;
  std::string out_;
};

std::filesystem::path scripts_directory() {
  return std::filesystem::path(AGENTAINER_SOURCE_DIR) / "src/engine/scripts";
}

std::vector<std::string> script_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(scripts_directory()))
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

struct Case {
  std::string name;
  std::string workflow;
  std::vector<std::string> lines;
};

struct Table {
  std::string head;
  std::vector<Case> cases;
};

Table read_table(const std::string& name) {
  std::ifstream file(scripts_directory() / (name + ".txt"));
  Table table;
  bool in_workflow = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("=== ")) {
      table.cases.push_back({line, {}, {}});
      in_workflow = true;
    } else if (table.cases.empty()) {
      table.head += line + "\n";
    } else if (in_workflow && line == "---") {
      in_workflow = false;
    } else if (in_workflow) {
      table.cases.back().workflow += line + "\n";
    } else {
      table.cases.back().lines.push_back(line);
    }
  }
  return table;
}

class Scripts : public testing::TestWithParam<std::string> {};

TEST_P(Scripts, Run) {
  const bool update = std::getenv("AGENTAINER_UPDATE_SCRIPTS") != nullptr;
  const Table table = read_table(GetParam());
  ASSERT_FALSE(table.cases.empty());
  std::string all = table.head;
  for (const Case& c : table.cases) {
    SCOPED_TRACE(c.name);
    std::string expected;
    for (const std::string& line : c.lines) expected += line + "\n";
    std::string actual;
    try {
      actual = Script::run(c.workflow, c.lines);
    } catch (const std::exception& error) {
      FAIL() << error.what();
    }
    all += c.name + "\n" + c.workflow + "---\n" + actual;
    if (!update) {
      EXPECT_EQ(expected, actual);
    }
  }
  if (update) std::ofstream(scripts_directory() / (GetParam() + ".txt")) << all;
}

INSTANTIATE_TEST_SUITE_P(Engine, Scripts, testing::ValuesIn(script_names()),
                         [](const auto& table) { return table.param; });

/// The tables together take every change that the table of status.h allows.
TEST(ScriptsTogether, TakeEveryLegalChangeOfATask) {
  Harness::seen_changes().clear();
  for (const std::string& name : script_names())
    for (const Case& c : read_table(name).cases) (void)Script::run(c.workflow, c.lines);
  for (int from = 0; from < 6; ++from)
    for (int to = 0; to < 6; ++to) {
      const std::pair change(static_cast<TaskStatus>(from), static_cast<TaskStatus>(to));
      EXPECT_EQ(Harness::seen_changes().contains(change), is_legal(change.first, change.second))
          << to_string(change.first) << " to " << to_string(change.second);
    }
}

}  // namespace
}  // namespace agentainer::engine

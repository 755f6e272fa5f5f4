// Whole files: all mistakes at once, random ones, large ones.

#include "workflow/parse.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <array>
#include <filesystem>

#include "workflow/test_support.h"

namespace agentainer::workflow {
namespace {

const std::string kTests = std::string(AGENTAINER_SOURCE_DIR) + "/tests/";

TEST(Parse, TenMistakesAreTenMessagesEachAtItsPlace) {
  const ParseResult result = parse(read_file(kTests + "workflows/ten-mistakes.yaml"));
  EXPECT_EQ(result.definition, nullptr);
  EXPECT_EQ(
      summary(result),
      "3:19: 'failure_strategy' takes 'fail_fast', 'continue' or 'continue_on_partial', not the "
      "text 'carry_on'\n"
      "11:5: unknown field 'timout' of a step; did you mean 'timeout'?\n"
      "12:37: 'seconds' is not a unit of time; there are ms, s, m, h, d and w\n"
      "15:18: there is no step 'fech'; did you mean 'fetch'?\n"
      "17:45: unknown name 'stat'; did you mean 'state'?\n"
      "21:32: expected a value, found the end\n"
      "25:37: step 'revise' may not have run yet; add it to 'depends_on' of step 'publish'\n"
      "28:22: '512M' leaves open which unit is meant; write MiB (powers of 1024) or MB (of 1000)\n"
      "31:18: these steps wait for each other: archive -> notify -> archive\n"
      "35:9: step 'notify' is already defined on line 32\n");
  EXPECT_EQ(result.diagnostics[1].path, "steps[0].timout");
  EXPECT_EQ(result.diagnostics[4].path, "steps[1].env.SOURCES");
  EXPECT_EQ(result.diagnostics[9].path, "steps[7].id");
}

TEST(Parse, DiagnosticsAreTheFirstOfTheText) {
  std::string text = "name: x\nsteps:\n";
  for (int i = 0; i < 1000; ++i) text += "- {id: a" + std::to_string(i) + ", imag: x}\n";
  const ParseResult result = parse(text);
  ASSERT_EQ(result.diagnostics.size(), kMaxDiagnostics);
  EXPECT_EQ(result.diagnostics.front().line, 3u);
  EXPECT_EQ(result.diagnostics.back().line, 102u);
}

TEST(Parse, ErrorsAreNotCrowdedOutByWarnings) {
  std::string text = "name: x\nsteps:\n";
  for (int i = 0; i < 1000; ++i)
    text += "- {id: a" + std::to_string(i) + ", image: x, network: host}\n";
  EXPECT_NE(parse(text).definition, nullptr);
  text += "- {id: last}\n";
  const ParseResult result = parse(text);
  EXPECT_EQ(result.definition, nullptr);
  EXPECT_EQ(result.diagnostics.back().line, 1003u);
}

TEST(Parse, AHundredThousandSteps) {
  std::string text = "name: x\nsteps:\n";
  for (int i = 0; i < 100'000; ++i)
    text += fmt::format(
        "  - id: s{0}\n    image: ./a\n    env: {{A: \"${{{{ steps.s{1}.output }}}}\"}}\n", i,
        i / 2 == i ? i + 1 : i / 2);
  // The first step reads one after it.
  text.replace(text.find("steps.s1."), 9, "state.s1.");
  const Definition definition = good(text);
  ASSERT_EQ(definition.steps.size(), 100'000u);
  EXPECT_EQ(definition.find("s99999"), StepIndex{99'999});
  EXPECT_TRUE(parse(text + "  - {id: one_more, image: x}\n")
                  .diagnostics[0]
                  .message.starts_with("the workflow has 100001 steps"));
}

TEST(Parse, MerelySilly) {
  // Cyclic in one great circle; everything waits for everything; a branch that selects all.
  std::string circle = "name: x\nsteps:\n";
  for (int i = 0; i < 10'000; ++i)
    circle += fmt::format("- {{id: s{}, image: x, depends_on: [s{}]}}\n", i, (i + 1) % 10'000);
  EXPECT_EQ(parse(circle).diagnostics.size(), 1u);

  std::string branch =
      "name: x\nsteps:\n- id: b\n  type: branch\n  branch:\n    condition: 'true'\n    "
      "true_steps:\n";
  for (int i = 0; i < 10'000; ++i) branch += fmt::format("    - t{}\n", i);
  for (int i = 0; i < 10'000; ++i) branch += fmt::format("- {{id: t{}, image: x}}\n", i);
  EXPECT_EQ(good(branch + "- {id: join, image: x}\n").steps.back().depends_on.size(), 10'001u);
}

std::vector<std::string> seeds() {
  std::vector<std::string> texts;
  for (const auto& entry : std::filesystem::directory_iterator(kTests + "fuzz/workflow"))
    texts.push_back(read_file(entry.path()));
  return texts;
}

TEST(Parse, SeedsOfTheFuzzerAreGood) {
  const std::vector<std::string> texts = seeds();
  EXPECT_GE(texts.size(), 5u);
  for (const std::string& text : texts)
    EXPECT_NE(parse(text).definition, nullptr) << problems(text);
}

std::string mutated(std::string text) {
  static constexpr std::array<std::string_view, 24> kPieces{
      "\n", " ",   "  ", "- ",     ": ",   "[",   "]",  "{",      "}",  "\"",   "'",        "|",
      ">",  "&a ", "*a", "<<: *a", "${{ ", " }}", "\t", "!!str ", "# ", "\xff", "\xC3\xA9", "\\"};
  const auto count = *rc::gen::inRange(1, 6);
  for (int i = 0; i < count && !text.empty(); ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        text.erase(at, *rc::gen::inRange<std::size_t>(1, 20));
        break;
      case 1:
        text.insert(at, kPieces[*rc::gen::inRange<std::size_t>(0, kPieces.size())]);
        break;
      case 2:
        text[at] = *rc::gen::arbitrary<char>();
        break;
      default: {
        const std::string part = text.substr(at, *rc::gen::inRange<std::size_t>(1, 80));
        text.insert(*rc::gen::inRange<std::size_t>(0, text.size()), part);
      }
    }
  }
  return text;
}

TEST(Parse, MutatedFilesGiveTheSameAnswerTwiceAndPlacesInsideTheText) {
  const std::vector<std::string> texts = seeds();
  const auto check = [](const std::string& text) {
    const ParseResult first = parse(text);
    RC_ASSERT(summary(first) == summary(parse(text)));
    const bool failed =
        std::any_of(first.diagnostics.begin(), first.diagnostics.end(),
                    [](const Diagnostic& d) { return d.severity == Diagnostic::Severity::kError; });
    RC_ASSERT(failed == (first.definition == nullptr));
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    for (const Diagnostic& diagnostic : first.diagnostics) {
      RC_ASSERT(diagnostic.line >= 1 && diagnostic.line <= lines);
      RC_ASSERT(diagnostic.column >= 1 && diagnostic.length >= 1);
    }
    RC_ASSERT(render(first.diagnostics, "f.yaml", text, true).empty() == first.diagnostics.empty());
  };
  rc::check([&] {
    for (int i = 0; i < 20; ++i)
      check(mutated(texts[*rc::gen::inRange<std::size_t>(0, texts.size())]));
  });
}

}  // namespace
}  // namespace agentainer::workflow

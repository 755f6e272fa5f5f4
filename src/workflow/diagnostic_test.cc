#include "workflow/diagnostic.h"

#include <gtest/gtest.h>

#include "workflow/test_support.h"

namespace agentainer::workflow {
namespace {

Diagnostic error(std::size_t line, std::size_t column, std::size_t length, std::string message) {
  return {Diagnostic::Severity::kError, line, column, length, std::move(message), ""};
}

TEST(Render, ShowsTheLineAndWhatIsMeant) {
  EXPECT_EQ(
      render({error(2, 1, 6, "unknown field 'timout'")}, "w.yaml", "name: x\ntimout: 5\n", false),
      "w.yaml:2:1: error: unknown field 'timout'\n"
      "    2 | timout: 5\n"
      "      | ^~~~~~\n");
  Diagnostic warning = error(1, 7, 1, "odd");
  warning.severity = Diagnostic::Severity::kWarning;
  EXPECT_EQ(render({warning}, "-", "name: x\n", false),
            "-:1:7: warning: odd\n    1 | name: x\n      |       ^\n");
}

TEST(Render, WithoutTheSourceJustTheMessage) {
  EXPECT_EQ(render({error(1, 1, 1, "the file is empty")}, "f", "", false),
            "f:1:1: error: the file is empty\n");
  EXPECT_EQ(render({error(9, 1, 1, "far")}, "f", "a\n", false), "f:9:1: error: far\n");
}

TEST(Render, TheEndOfALineCanBeMeant) {
  EXPECT_EQ(render({error(1, 6, 1, "m")}, "f", "name:\n", false),
            "f:1:6: error: m\n    1 | name:\n      |      ^\n");
}

TEST(Render, WideTextAndTabsKeepTheCaretInPlace) {
  EXPECT_EQ(render({error(1, 5, 2, "m")}, "f", "\xE5\x90\x8D\xE5\x89\x8D: xy\r\n", false),
            "f:1:5: error: m\n    1 | \xE5\x90\x8D\xE5\x89\x8D: xy\n      |       ^~\n");
  EXPECT_EQ(render({error(1, 3, 1, "m")}, "f", "a\tb\n", false),
            "f:1:3: error: m\n    1 | a   b\n      |     ^\n");
  EXPECT_EQ(render({error(1, 3, 1, "m")}, "f", "e\xCC\x81x\n", false),
            "f:1:3: error: m\n    1 | e\xCC\x81x\n      |  ^\n");
}

TEST(Render, ControlCharactersAreInert) {
  EXPECT_EQ(
      render({error(1, 4, 1, "bad \x1b[31m name\n")}, "f\x07", "a\x1b[b\xE2\x80\xAE\xff\n", false),
      "f\\x07:1:4: error: bad \\x1b[31m name\\x0a\n"
      "    1 | a\\x1b[b\\u{202e}\\xff\n"
      "      |       ^\n");
}

TEST(Render, OfALongLineAPartIsShown) {
  const std::string line = repeat("a", 500) + "X" + repeat("b", 500);
  EXPECT_EQ(render({error(1, 501, 1, "m")}, "f", line, false),
            fmt::format("f:1:501: error: m\n    1 | …{}X{}…\n      | {:61}^\n", repeat("a", 60),
                        repeat("b", 48), ""));
}

TEST(Render, ColoursOnRequest) {
  EXPECT_EQ(render({error(1, 1, 1, "m")}, "f", "a\n", true),
            "\x1b[1mf:1:1:\x1b[0m \x1b[1;31merror:\x1b[0m \x1b[1mm\x1b[0m\n"
            "    1 | a\n      | \x1b[1;31m^\x1b[0m\n");
}

}  // namespace
}  // namespace agentainer::workflow

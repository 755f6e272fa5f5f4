#include "cli/text/style.h"

#include <gtest/gtest.h>

#include "cli/text/terminal.h"
#include "cli/text/width.h"

namespace agentainer::cli {
namespace {

TEST(Line, CutsToTheColumnsWithAnEllipsis) {
  Line line;
  line.add("count ", Tone::kStrong).add("abcdefgh", Tone::kBad);
  EXPECT_EQ(line.render({}), "count abcdefgh");
  EXPECT_EQ(line.render({}, 14), "count abcdefgh");
  EXPECT_EQ(line.render({}, 13), "count abcd...");
  EXPECT_EQ(line.render({.unicode = true}, 13), "count abcdef…");
  for (std::size_t columns = 0; columns < 20; ++columns)
    EXPECT_LE(display_width(line.render({}, columns)), columns);
}

TEST(Line, ColoursWrapThePiecesAndEndWithEach) {
  Line line;
  line.add("a ").add("b", Tone::kGood);
  EXPECT_EQ(line.render({.color = true}), "a \x1b[32mb\x1b[0m");
}

TEST(Line, ForeignTextCannotReachTheTerminal) {
  const std::string text = Line().add("\x1b[31mred\nnext").render({.color = true});
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
  EXPECT_EQ(text.find('\n'), std::string::npos);
}

TEST(Bar, FillsInProportion) {
  EXPECT_EQ(bar(0, 4, 4, {}), "----");
  EXPECT_EQ(bar(2, 4, 4, {}), "##--");
  EXPECT_EQ(bar(4, 4, 4, {}), "####");
  EXPECT_EQ(bar(999'999, 1'000'000, 4, {}), "###-") << "full only when all is done";
  EXPECT_EQ(bar(0, 0, 4, {}), "####") << "an empty list is done";
  EXPECT_EQ(bar(1, 2, 2, {.unicode = true}), "█░");
}

struct TerminalCase {
  const char* name;
  bool is_terminal;
  TerminalEnvironment environment;
  bool redraws;
  bool color;
  bool unicode;
};

TEST(DescribeTerminal, FollowsTheEnvironment) {
  const TerminalCase cases[] = {
      {"plain", true, {"xterm", {}, "en_GB.UTF-8"}, true, true, true},
      {"no color", true, {"xterm", "1", "C.UTF-8"}, true, false, true},
      {"an empty NO_COLOR does not count", true, {"xterm", "", "C.utf8"}, true, true, true},
      {"dumb", true, {"dumb", {}, "C.UTF-8"}, false, false, true},
      {"no TERM", true, {{}, {}, {}}, false, false, false},
      {"a pipe", false, {"xterm", {}, "C.UTF-8"}, false, false, true},
      {"no locale", true, {"xterm", {}, "C"}, true, true, false},
  };
  for (const TerminalCase& c : cases) {
    const Terminal terminal = describe_terminal(c.is_terminal, c.environment);
    EXPECT_EQ(terminal.can_redraw, c.redraws) << c.name;
    EXPECT_EQ(terminal.style.color, c.color) << c.name;
    EXPECT_EQ(terminal.style.unicode, c.unicode) << c.name;
  }
}

}  // namespace
}  // namespace agentainer::cli

#include "cli/text/width.h"

#include <gtest/gtest.h>

namespace agentainer::cli {
namespace {

TEST(DisplayWidth, CountsColumnsAndNotBytes) {
  EXPECT_EQ(display_width(""), 0u);
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("zażółć"), 6u);
  EXPECT_EQ(display_width("漢字"), 4u);
  EXPECT_EQ(display_width("🚀"), 2u);
  EXPECT_EQ(display_width("e\u0301"), 1u) << "a combining accent takes no column of its own";
  EXPECT_EQ(display_width("✓ ok"), 4u);
  EXPECT_EQ(display_width("\xFF"), 1u) << "an invalid byte is shown as one replacement character";
}

TEST(FittingPrefix, NeverCutsACharacterNorPassesTheColumns) {
  EXPECT_EQ(fitting_prefix("abcdef", 3), "abc");
  EXPECT_EQ(fitting_prefix("漢字", 3), "漢");
  EXPECT_EQ(fitting_prefix("é", 1), "é");
  EXPECT_EQ(fitting_prefix("abc", 0), "");
  EXPECT_EQ(fitting_prefix("abc", 10), "abc");
}

TEST(OneLine, MakesTextHarmless) {
  EXPECT_EQ(one_line("a\nb\tc"), "a b c");
  EXPECT_EQ(one_line("x\x1b[2J").find('\x1b'), std::string::npos);
  EXPECT_EQ(one_line("end \n"), "end");
}

}  // namespace
}  // namespace agentainer::cli

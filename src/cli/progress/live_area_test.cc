#include "cli/progress/live_area.h"

#include <gtest/gtest.h>

namespace agentainer::cli {
namespace {

class LiveAreaTest : public testing::Test {
 protected:
  std::string take() { return std::exchange(written_, {}); }
  std::string written_;
  LiveArea area_{[this](std::string_view text) { written_ += text; }};
};

TEST_F(LiveAreaTest, DrawsOverWhatItDrew) {
  area_.draw({"one", "two"}, 80);
  EXPECT_EQ(take(), "one\ntwo\n");
  area_.draw({"three"}, 80);
  EXPECT_EQ(take(), "\r\x1b[2A\x1b[Jthree\n");
}

TEST_F(LiveAreaTest, WhatIsPrintedAboveStays) {
  area_.draw({"one"}, 80);
  take();
  area_.print_above("note", 80);
  EXPECT_EQ(take(), "\r\x1b[1A\x1b[Jnote\none\n");
}

TEST_F(LiveAreaTest, ANarrowerTerminalHasWrappedTheLines) {
  area_.draw({std::string(100, 'x'), "short"}, 120);
  take();
  area_.draw({"new"}, 40);
  EXPECT_EQ(take(), "\r\x1b[4A\x1b[Jnew\n") << "100 columns are three rows of 40";
}

TEST_F(LiveAreaTest, LeavingKeepsTheDrawing) {
  area_.draw({"last"}, 80);
  take();
  area_.leave();
  area_.draw({"below"}, 80);
  EXPECT_EQ(take(), "below\n");
}

TEST(VisibleWidth, LeavesColoursOut) {
  EXPECT_EQ(visible_width("\x1b[31mred\x1b[0m!"), 4u);
  EXPECT_EQ(visible_width("plain"), 5u);
}

}  // namespace
}  // namespace agentainer::cli

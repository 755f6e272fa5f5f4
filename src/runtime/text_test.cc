#include "runtime/text.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>

namespace agentainer::runtime {
namespace {

constexpr const char* kReplaced = "\xEF\xBF\xBD";

TEST(InertText, KeepsWhatIsHarmless) {
  EXPECT_EQ(inert_text("a\tb\nc"), "a\tb\nc");
  EXPECT_EQ(inert_text("gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80"),
            "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x98\x80");
}

TEST(InertText, ReplacesWhatATerminalWouldObey) {
  const std::string r = kReplaced;
  EXPECT_EQ(inert_text("\x1B[2J"), r + "[2J");
  EXPECT_EQ(inert_text(std::string_view("a\0b\x7F", 4)), "a" + r + "b" + r);
  EXPECT_EQ(inert_text("\xC2\x9B"
                       "31m"),
            r + "31m")
      << "an eight-bit escape";
  EXPECT_EQ(inert_text("\xE2\x80\xAE"
                       "exe.txt"),
            r + "exe.txt")
      << "right-to-left override";
  EXPECT_EQ(inert_text("\xE2\x81\xA6"), r);
  EXPECT_EQ(inert_text("\xFF\xC3"), r + r);
}

TEST(InertText, CarriageReturnsEndLines) { EXPECT_EQ(inert_text("a\r\nb\rc"), "a\nb\nc"); }

TEST(LastLines, CountsFromTheEnd) {
  EXPECT_EQ(last_lines("a\nb\nc\n\n", 2), "b\nc");
  EXPECT_EQ(last_lines("a\nb", 5), "a\nb");
  EXPECT_EQ(last_lines("\n\n", 3), "");
  EXPECT_EQ(last_lines("", 3), "");
  EXPECT_EQ(last_lines("x", 0), "");
}

TEST(Formats, AmountsInUnitsOfWorkflowFiles) {
  EXPECT_EQ(format_duration(milliseconds(250)), "250ms");
  EXPECT_EQ(format_duration(milliseconds(30'000)), "30s");
  EXPECT_EQ(format_duration(milliseconds(1'500)), "1.5s");
  EXPECT_EQ(format_duration(milliseconds(90'000)), "1m30s");
  EXPECT_EQ(format_duration(milliseconds(7'200'000)), "2h");
  EXPECT_EQ(format_bytes(512), "512 B");
  EXPECT_EQ(format_bytes(256 << 20), "256 MiB");
  EXPECT_EQ(format_bytes(3ll << 29), "1.5 GiB");
  EXPECT_EQ(format_signal(SIGKILL), "SIGKILL (Killed)");
  EXPECT_EQ(format_signal(99), "signal 99");
  EXPECT_EQ(format_errno(ENOENT), "No such file or directory");
}

}  // namespace
}  // namespace agentainer::runtime

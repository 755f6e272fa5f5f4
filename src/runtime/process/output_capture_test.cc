#include "runtime/process/output_capture.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime {
namespace {

class OutputCaptureTest : public testing::Test {
 protected:
  OutputCapture capture(std::int64_t max_log_bytes, std::size_t tail_bytes = 0) {
    return OutputCapture({directory_.path() + "/a/b", "log", max_log_bytes, tail_bytes});
  }
  std::string log() { return test::TemporaryDirectory::read(directory_.path() + "/a/b/log"); }

  test::TemporaryDirectory directory_;
};

TEST_F(OutputCaptureTest, WritesAsItComes) {
  OutputCapture out = capture(100);
  out.append("");
  EXPECT_FALSE(std::filesystem::exists(directory_.path() + "/a"));
  out.append("one ");
  EXPECT_EQ(log(), "one ");
  out.append("two");
  EXPECT_EQ(log(), "one two");
  EXPECT_EQ(out.text(100).text, "one two");
  EXPECT_FALSE(out.text(100).cut);
  EXPECT_EQ(out.text(3).text, "one");
  EXPECT_TRUE(out.text(3).cut);
}

TEST_F(OutputCaptureTest, CutsAtTheLimitToTheByte) {
  OutputCapture exact = capture(10);
  exact.append("0123456789");
  EXPECT_EQ(log(), "0123456789") << "nothing is cut, nothing is marked";
  exact.append("x");
  EXPECT_EQ(log(), "0123456789\n[agentainer: cut here, 10 B are kept]\n");
  exact.append("y");
  EXPECT_EQ(log(), "0123456789\n[agentainer: cut here, 10 B are kept]\n") << "marked once";
  EXPECT_EQ(exact.total_bytes(), 12);
}

TEST_F(OutputCaptureTest, ReadsLongTextBackFromTheLog) {
  OutputCapture out = capture(1'000'000);
  std::string all;
  for (int i = 0; i < 2000; ++i) {
    const std::string line =
        "line " + std::to_string(i) + " of a text that does not fit into memory\n";
    out.append(line);
    all += line;
  }
  EXPECT_EQ(out.text(1'000'000).text, all);
  EXPECT_EQ(out.text(70'000).text, all.substr(0, 70'000));
}

TEST_F(OutputCaptureTest, TextPastTheLogsLimitIsCut) {
  OutputCapture out = capture(100'000);
  for (int i = 0; i < 30; ++i) out.append(std::string(10'000, 'x'));
  const OutputText text = out.text(1'000'000);
  EXPECT_EQ(text.text.size(), 100'000u) << "and without the mark";
  EXPECT_TRUE(text.cut);
  EXPECT_EQ(text.lost_error, 0);
}

TEST_F(OutputCaptureTest, KeepsTheEnd) {
  OutputCapture out = capture(5, 10);
  out.append("abc");
  EXPECT_EQ(out.tail(), "abc");
  for (char c = 'a'; c <= 'z'; ++c) out.append(std::string(1, c));
  EXPECT_EQ(out.tail(), "qrstuvwxyz");
  out.append("0123456789ABCDEF");
  EXPECT_EQ(out.tail(), "6789ABCDEF");
}

TEST_F(OutputCaptureTest, AFullDiskIsNotFatal) {
  std::filesystem::create_directories(directory_.path() + "/a/b");
  // Not a link, which would be refused, but the device itself.
  if (::system(("mknod " + directory_.path() + "/a/b/log c 1 7 2> /dev/null").c_str()) != 0)
    GTEST_SKIP() << "/dev/full can be made by root only";
  OutputCapture out = capture(1'000'000);
  out.append("short");
  EXPECT_EQ(out.text(100).text, "short") << "memory holds it";
  EXPECT_EQ(out.text(100).lost_error, 0);
  out.append(std::string(100'000, 'x'));
  EXPECT_EQ(out.text(1'000'000).lost_error, ENOSPC);
  EXPECT_TRUE(out.text(1'000'000).cut);
}

}  // namespace
}  // namespace agentainer::runtime

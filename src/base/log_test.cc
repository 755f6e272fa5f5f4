#include "base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace agentainer::log {
namespace {

TEST(Log, RedirectedLinesComeWithoutTheirEndAndOnlyFromTheLevelOn) {
  std::vector<std::string> lines;
  redirect([&](std::string_view line) { lines.emplace_back(line); });
  warning("disk {} is full", 3);
  info("not shown by default");
  redirect(nullptr);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_TRUE(lines[0].ends_with("warning disk 3 is full")) << lines[0];
}

}  // namespace
}  // namespace agentainer::log

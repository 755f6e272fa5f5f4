#include "base/log.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace agentainer::log {
namespace {

TEST(Log, RedirectedMessagesComeFromTheLevelOn) {
  std::vector<std::pair<Level, std::string>> messages;
  redirect([&](Level level, std::string_view message) { messages.emplace_back(level, message); });
  warning("disk {} is full", 3);
  info("not shown by default");
  error("worse");
  redirect(nullptr);
  EXPECT_EQ(messages, (std::vector<std::pair<Level, std::string>>{
                          {Level::kWarning, "disk 3 is full"}, {Level::kError, "worse"}}));
}

}  // namespace
}  // namespace agentainer::log

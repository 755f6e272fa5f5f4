#include "runtime/paths.h"

#include <gtest/gtest.h>

namespace agentainer::runtime {
namespace {

TEST(Paths, StepIdsAreSafeInPaths) {
  for (const char* const good : {"a", "_x", "fetch-all_2", "A9"})
    EXPECT_TRUE(is_step_id(good)) << good;
  for (const char* const bad :
       {"", ".", "..", "a/b", "../x", "9a", "-a", "a b", "a.b", "gr\xC3\xBC"})
    EXPECT_FALSE(is_step_id(bad)) << bad;
  EXPECT_TRUE(is_step_id(std::string(64, 'x')));
  EXPECT_FALSE(is_step_id(std::string(65, 'x')));
  EXPECT_FALSE(is_step_id(std::string_view("a\0b", 3)));
}

TEST(Paths, LogNamesRoundTrip) {
  const std::string name = log_file_name(TaskIndex{12}, Attempt{3}, LogStream::kStderr);
  EXPECT_EQ(name, "12.3.stderr");
  EXPECT_EQ(parse_log_file_name(name),
            (LogFileName{TaskIndex{12}, Attempt{3}, LogStream::kStderr}));
  for (const char* const bad : {"", "12.3", "12.3.stdin", "012.3.stdout", "-1.3.stdout",
                                "1.2.stdout.x", "99999999999.1.stdout", "x"})
    EXPECT_FALSE(parse_log_file_name(bad)) << bad;
}

TEST(Paths, LogsAreBelowTheDataDirectory) {
  const WorkflowId id = WorkflowId::from_parts(1'700'000'000'000, 1, 2);
  EXPECT_EQ(step_log_directory("/data", id, "fetch"), "/data/logs/" + id.text() + "/fetch");
}

}  // namespace
}  // namespace agentainer::runtime

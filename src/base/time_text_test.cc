#include "base/time_text.h"

#include <gtest/gtest.h>

namespace agentainer {
namespace {

TEST(UtcTime, IsShownAsRfc3339) {
  const std::pair<std::int64_t, const char*> cases[] = {
      {0, ""},
      {1, "1970-01-01T00:00:00.001Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {1'709'210'096'789, "2024-02-29T12:34:56.789Z"},
      {1'735'689'600'000, "2025-01-01T00:00:00.000Z"},
      {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
  };
  for (const auto& [ms, text] : cases) EXPECT_EQ(utc_time(TimePoint(milliseconds(ms))), text);
}

}  // namespace
}  // namespace agentainer

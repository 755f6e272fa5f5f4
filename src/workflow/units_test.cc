#include "workflow/units.h"

#include <gtest/gtest.h>

#include "workflow/parse.h"

namespace agentainer::workflow {
namespace {

TEST(Units, Durations) {
  const std::pair<std::string_view, std::int64_t> table[] = {
      {"90s", 90'000},
      {"10m", 600'000},
      {"1h30m", 5'400'000},
      {"250ms", 250},
      {"1.5h", 5'400'000},
      {"1h 30m", 5'400'000},
      {"90", 90'000},
      {"0.25", 250},
      {"0", 0},
      {"2d", 172'800'000},
      {"1w", 604'800'000},
      {" 5s ", 5'000},
      {".5s", 500},
      {"0.0001ms", 1},
      {"1m0s", 60'000},
      {"36500d", 3'153'600'000'000},
      {"1.0005s", 1'001},
      {"0.30000000000000000000001ms", 1},
  };
  for (const auto& [text, expected] : table) {
    const auto duration = parse_duration(text);
    ASSERT_TRUE(duration) << text << ": " << duration.error().message;
    EXPECT_EQ(duration->count(), expected) << text;
  }
  for (const std::string_view text :
       {"", " ", "s", "-5s", "5 parsecs", "5x", "1h30", "30 1h", "1e3", "1..5s", "0x10", "36501d",
        "99999999999999999999999999999999999999999s", "5M", "1:30"})
    EXPECT_FALSE(parse_duration(text)) << text;
}

TEST(Units, Bytes) {
  const std::pair<std::string_view, std::int64_t> table[] = {
      {"0", 0},
      {"536870912", 536'870'912},
      {"256MiB", 268'435'456},
      {"256 mib", 268'435'456},
      {"1GB", 1'000'000'000},
      {"1.5KiB", 1536},
      {"64Ki", 65'536},
      {"0.3B", 1},
      {"2TiB", 2'199'023'255'552},
      {"10kB", 10'000},
      {"7b", 7},
  };
  for (const auto& [text, expected] : table) {
    const auto bytes = parse_bytes(text);
    ASSERT_TRUE(bytes) << text << ": " << bytes.error().message;
    EXPECT_EQ(*bytes, expected) << text;
  }
  EXPECT_EQ(parse_bytes("512M").error().message,
            "'512M' leaves open which unit is meant; write MiB (powers of 1024) or MB (of 1000)");
  for (const std::string_view text : {"", "MiB", "-1", "1 MiB x", "1e9", "1x", "9999999999999TiB"})
    EXPECT_FALSE(parse_bytes(text)) << text;
}

TEST(Units, Cores) {
  const std::pair<std::string_view, std::int64_t> table[] = {
      {"0.5", 500'000'000}, {"2", 2'000'000'000}, {"500m", 500'000'000}, {"0.0000000001", 1}};
  for (const auto& [text, expected] : table)
    EXPECT_EQ(parse_cores(text).value_or(-1), expected) << text;
  for (const std::string_view text : {"", "m", "two", "-1", "1.5 cores", "1000001"})
    EXPECT_FALSE(parse_cores(text)) << text;
}

TEST(Times, AreReadAsRfc3339) {
  const std::pair<const char*, std::int64_t> table[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"2030-01-01T00:00:00Z", 1'893'456'000'000},
      {"2030-01-01t00:00:00z", 1'893'456'000'000},
      {"2030-01-01 02:00:00.5+02:00", 1'893'456'000'500},
      {"2029-12-31T18:30:00.1239-05:30", 1'893'456'000'123},
      {"2028-02-29T23:59:59Z", 1'835'481'599'000},
  };
  for (const auto& [text, expected] : table) {
    const Result<TimePoint> time = parse_time(text);
    ASSERT_TRUE(time.has_value()) << text << ": " << time.error().message;
    EXPECT_EQ(time->time_since_epoch().count(), expected) << text;
  }
  for (const char* text :
       {"", "tomorrow", "2030-01-01", "2030-01-01T00:00:00", "2030-01-01T00:00Z",
        "2030-02-29T00:00:00Z", "2030-13-01T00:00:00Z", "2030-00-01T00:00:00Z",
        "2030-01-01T24:00:00Z", "2030-01-01T00:60:00Z", "2030-01-01T00:00:60Z",
        "2030-01-01T00:00:00.Z", "2030-01-01T00:00:00+2:00", "2030-01-01T00:00:00+02:60",
        "2030-01-01T00:00:00Z ", "+030-01-01T00:00:00Z", "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00", "2200-01-01T00:00:00Z"})
    EXPECT_FALSE(parse_time(text).has_value()) << text;
}

}  // namespace
}  // namespace agentainer::workflow

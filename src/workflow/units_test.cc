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

}  // namespace
}  // namespace agentainer::workflow

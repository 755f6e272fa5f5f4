#include "cli/text/format.h"

#include <gtest/gtest.h>

namespace agentainer::cli {
namespace {

TEST(ShortDuration, KeepsTwoUnitsAtMost) {
  const std::pair<milliseconds, const char*> cases[] = {
      {-5ms, "0ms"},    {0ms, "0ms"},      {350ms, "350ms"}, {999ms, "999ms"},      {1s, "1.0s"},
      {3249ms, "3.2s"}, {9999ms, "9.9s"},  {10s, "10s"},     {59'999ms, "59s"},     {60s, "1m00s"},
      {125s, "2m05s"},  {3599s, "59m59s"}, {3600s, "1h00m"}, {72min + 5s, "1h12m"}, {76h, "3d04h"},
  };
  for (const auto& [duration, text] : cases) EXPECT_EQ(short_duration(duration), text);
}

TEST(Ago, SaysWhenInWords) {
  const TimePoint now(1'000'000'000s);
  EXPECT_EQ(ago(now, now), "just now");
  EXPECT_EQ(ago(now - 42s, now), "42 s ago");
  EXPECT_EQ(ago(now - 2min, now), "2 min ago");
  EXPECT_EQ(ago(now - 3h, now), "3 h ago");
  EXPECT_EQ(ago(now - 120h, now), "5 days ago");
  EXPECT_EQ(ago(now + 3min, now), "in 3 min");
  EXPECT_EQ(ago(now + 500ms, now), "just now") << "clocks differ a little";
}

TEST(UtcTime, IsRfc3339) {
  EXPECT_EQ(utc_time(TimePoint(1740830405250ms)), "2025-03-01T12:00:05.250Z");
  EXPECT_EQ(utc_time(TimePoint{}), "");
}

TEST(Grouped, SeparatesThousands) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(counted(1, "item"), "1 item");
  EXPECT_EQ(counted(2000, "item"), "2,000 items");
}

TEST(Table, AlignsColumnsByWhatIsShown) {
  Table table({{"NAME"}, {"COUNT", true}, {"STATUS"}});
  table.add({{"a"}, {"1"}, {"ok", Tone::kGood}});
  table.add({{"漢字漢字"}, {"1,000"}, {""}});
  EXPECT_EQ(table.render({}),
            "NAME      COUNT  STATUS\n"
            "a             1  ok\n"
            "漢字漢字  1,000\n");
  EXPECT_EQ(table.render({}, 10), "NAME   ...\na      ...\n漢字漢...\n");
  EXPECT_NE(table.render({.color = true}).find("\x1b[32mok\x1b[0m"), std::string::npos);
}

TEST(Table, ACellIsOneLineWhateverItHolds) {
  Table table({{"NAME"}});
  table.add({{"two\nlines\x1b[2J"}});
  const std::string text = table.render({});
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace agentainer::cli

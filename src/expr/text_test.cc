// UTF-8, numbers as text, near misses.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "expr/numbers.h"
#include "expr/suggest.h"
#include "expr/utf8.h"

namespace agentainer::expr {
namespace {

TEST(Utf8, EveryCodePointRoundTrips) {
  for (std::uint32_t c = 0; c <= 0x10FFFF; ++c) {
    if (!utf8::is_scalar(c)) continue;
    std::string text;
    utf8::append(text, c);
    const utf8::CodePoint point = utf8::decode(text, 0);
    ASSERT_TRUE(point.valid && point.value == c && point.bytes == text.size()) << c;
  }
}

TEST(Utf8, AnInvalidByteIsOneCodePoint) {
  for (const std::string_view text :
       {"\x80", "\xff", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xf0\x9f\x98"}) {
    EXPECT_EQ(utf8::find_invalid(text), 0u);
    EXPECT_EQ(utf8::count(text), text.size());
  }
  EXPECT_EQ(utf8::find_invalid("aé\xff"), 3u);
}

TEST(Utf8, OffsetsCountCodePoints) {
  const std::string_view text = "aé€😀";
  constexpr std::array<std::size_t, 5> kOffsets = {0, 1, 3, 6, 10};
  for (std::size_t i = 0; i < kOffsets.size(); ++i)
    EXPECT_EQ(utf8::byte_offset(text, i), kOffsets[i]);
  EXPECT_EQ(utf8::byte_offset(text, 5), std::string_view::npos);
}

TEST(Numbers, DoublesThatDoNotFitAreZeroOrRefused) {
  for (const std::string_view tiny :
       {"1e-400", "-1e-400", "0.0000000001e-350", "1e-99999999999999999999"})
    EXPECT_EQ(parse_double(tiny).value(), 0) << tiny;
  EXPECT_EQ(parse_double(fmt::format("0.{:0400}1", 0)).value(), 0);
  for (const std::string_view huge : {"1e400", "-1e400", "1e99999999999999999999"})
    EXPECT_EQ(parse_double(huge).error(), NumberFault::kRange) << huge;
  const std::string nines(400, '9');
  EXPECT_EQ(parse_double(nines).error(), NumberFault::kRange);
  EXPECT_EQ(parse_double(fmt::format("{}e-10", nines)).error(), NumberFault::kRange);
  EXPECT_EQ(parse_double(fmt::format("{}e-390", nines)).value(), 1e10);
}

TEST(Numbers, OnlyExactIntegersConvert) {
  std::int64_t value = 0;
  EXPECT_TRUE(to_exact_int(-0x1p63, value) && value == std::numeric_limits<std::int64_t>::min());
  EXPECT_FALSE(to_exact_int(0x1p63, value));
  EXPECT_FALSE(to_exact_int(0.5, value));
  EXPECT_FALSE(to_exact_int(std::numeric_limits<double>::quiet_NaN(), value));
  std::uint64_t large = 0;
  EXPECT_TRUE(to_exact_uint(0x1p63, large) && large == 1ull << 63);
  EXPECT_FALSE(to_exact_uint(0x1p64, large));
  EXPECT_FALSE(to_exact_uint(-1, large));
}

TEST(Suggest, FindsSlipsAndNothingElse) {
  constexpr std::array<std::string_view, 4> kNames = {"state", "steps", "workflow", "depends_on"};
  EXPECT_EQ(nearest("stat", kNames), "state");
  EXPECT_EQ(nearest("setps", kNames), "steps");
  EXPECT_EQ(nearest("Workflow", kNames), "workflow");
  EXPECT_EQ(nearest("depend_on", kNames), "depends_on");
  EXPECT_EQ(nearest("dependsOn", kNames), "depends_on");
  EXPECT_EQ(nearest("x", kNames), "");
  EXPECT_EQ(nearest("", kNames), "");
  EXPECT_EQ(nearest("retry", kNames), "");
  EXPECT_EQ(nearest(std::string(1000, 's'), kNames), "");
  constexpr std::array<std::string_view, 2> kShort = {"x", "y"};
  EXPECT_EQ(nearest("z", kShort), "");
}

}  // namespace
}  // namespace agentainer::expr

#include "runtime/process/result.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/json.h"

namespace agentainer::runtime {
namespace {

std::string from_stdout(OutputMode mode, std::string text) {
  const auto result = result_from_stdout(mode, {std::move(text)});
  return result ? *result : "fault: " + result.error().message;
}

TEST(Result, AutoTakesOneJsonValueOrText) {
  EXPECT_EQ(from_stdout(OutputMode::kAuto, " {\"a\": 1.50}\n"), "{\"a\": 1.50}")
      << "digits are kept";
  EXPECT_EQ(from_stdout(OutputMode::kAuto, "null"), "null");
  EXPECT_EQ(from_stdout(OutputMode::kAuto, "12345678901234567890123"), "12345678901234567890123");
  EXPECT_EQ(from_stdout(OutputMode::kAuto, "{}{}"), "{\"stdout\":\"{}{}\"}");
  EXPECT_EQ(from_stdout(OutputMode::kAuto, "nothing"), "{\"stdout\":\"nothing\"}");
  EXPECT_EQ(from_stdout(OutputMode::kAuto, ""), "{\"stdout\":\"\"}");
  const std::string deep(1000, '[');
  EXPECT_EQ(from_stdout(OutputMode::kAuto, deep), "{\"stdout\":\"" + deep + "\"}");
}

TEST(Result, CutJsonIsNotJson) {
  const auto result = result_from_stdout(OutputMode::kAuto, {"[1]", true, 0});
  EXPECT_EQ(*result, "{\"stdout\":\"[1]\",\"truncated\":true}")
      << "more followed, so it was not the whole";
  EXPECT_FALSE(result_from_stdout(OutputMode::kJson, {"[1]", true, 0}));
  EXPECT_FALSE(result_from_stdout(OutputMode::kAuto, {"[1]", true, ENOSPC}));
  EXPECT_EQ(*result_from_stdout(OutputMode::kNone, {"[1]", true, ENOSPC}), "null");
}

TEST(Result, TextIsCutBetweenCharacters) {
  std::string text(static_cast<std::size_t>(kMaxAutoTextBytes) - 1, 'x');
  text += "\xE2\x82\xAC and more";
  const auto result = parse_json(from_stdout(OutputMode::kAuto, text));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->at("stdout").as_string().size(),
            static_cast<std::size_t>(kMaxAutoTextBytes) - 1);
  EXPECT_TRUE(result->at("truncated").as_bool());
}

TEST(Result, Lines) {
  EXPECT_EQ(from_stdout(OutputMode::kLines, ""), "[]");
  EXPECT_EQ(from_stdout(OutputMode::kLines, "\n"), "[\"\"]");
  EXPECT_EQ(from_stdout(OutputMode::kLines, "a\nb\n"), "[\"a\",\"b\"]");
  EXPECT_EQ(from_stdout(OutputMode::kLines, "\n\nc"), "[\"\",\"\",\"c\"]");
}

}  // namespace
}  // namespace agentainer::runtime

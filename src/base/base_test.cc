#include <gtest/gtest.h>

#include "base/ids.h"
#include "base/json.h"

namespace agentainer {
namespace {

TEST(WorkflowId, TextRoundTripsAndSortsByTime) {
  const WorkflowId older = WorkflowId::from_parts(1'700'000'000'000, 0xFFFF, ~0ull);
  const WorkflowId newer = WorkflowId::from_parts(1'700'000'000'001, 0, 0);
  EXPECT_LT(older, newer);
  EXPECT_LT(older.text(), newer.text());
  EXPECT_EQ(older.text().size(), 26u);
  EXPECT_EQ(WorkflowId::parse(older.text()), older);
  EXPECT_EQ(newer.unix_ms(), 1'700'000'000'001u);
}

TEST(WorkflowId, RefusesOtherText) {
  EXPECT_FALSE(WorkflowId::parse(""));
  EXPECT_FALSE(WorkflowId::parse("../../etc/passwd"));
  EXPECT_FALSE(WorkflowId::parse(std::string(26, 'u')));        // not in the alphabet
  EXPECT_FALSE(WorkflowId::parse("8" + std::string(25, '0')));  // more than 128 bits
}

TEST(Json, RefusesTrailingTextAndDepth) {
  EXPECT_TRUE(parse_json(" {\"a\": [1, 2.5, null]} \n"));
  EXPECT_FALSE(parse_json("{} x"));
  EXPECT_FALSE(parse_json(""));
  EXPECT_FALSE(parse_json("\"\xff\""));
  EXPECT_FALSE(parse_json(std::string(1000, '[')));
}

TEST(Json, StringLiteralsAreInertAndValid) {
  std::string out;
  append_json_string(out, std::string_view("a\"\\\n\x1b\0\xff\xc3\xa9", 9));
  EXPECT_EQ(out, "\"a\\\"\\\\\\n\\u001b\\u0000\xEF\xBF\xBD\xc3\xa9\"");
  EXPECT_TRUE(parse_json(out));
}

TEST(Json, NumbersReadAsPeopleWriteThem) {
  EXPECT_EQ(to_text(Json(0.9)), "0.9");
  EXPECT_EQ(to_text(Json(1.0)), "1.0");
  EXPECT_EQ(to_text(Json(-1)), "-1");
  EXPECT_EQ(to_text(Json(~0ull)), "18446744073709551615");
  for (const double value : {0.1, 1e100, -2.5e-3, 123456789.125})
    EXPECT_EQ(parse_json(to_text(Json(value)))->as_double(), value);
  EXPECT_EQ(to_text(parse_json("{\"a\":[],\"b\":{},\"c\":[1,[2]]}").value()),
            "{\"a\":[],\"b\":{},\"c\":[1,[2]]}");
}

TEST(Json, ValidUtf8IsKeptAndTheRestReplaced) {
  EXPECT_EQ(to_valid_utf8("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(to_valid_utf8("\xed\xa0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // a surrogate
}

}  // namespace
}  // namespace agentainer

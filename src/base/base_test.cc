#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cmath>
#include <cstring>

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

TEST(Json, DoublesRoundTripExactly) {
  const bool ok = rc::check([] {
    double value = *rc::gen::arbitrary<double>();
    if (*rc::gen::arbitrary<bool>()) {
      const auto bits = *rc::gen::arbitrary<std::uint64_t>();
      std::memcpy(&value, &bits, sizeof value);
    }
    if (!std::isfinite(value)) return;
    const Result<Json> parsed = parse_json("[" + to_text(Json(value)) + "]");
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(parsed->at(0).get_double() == value);
  });
  EXPECT_TRUE(ok);
  for (const char* text : {"0.1", "0.30000000000000004", "1.8088101387491814e-140", "5e-324",
                           "1.7976931348623157e+308", "-0.0"})
    EXPECT_EQ(to_text(parse_json(text).value()), text);
}

TEST(Json, NumbersThatNoDoubleHoldsAreRefused) {
  for (const char* text : {"1e400", "-1e400", "[1, 1.8e308]"})
    EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_EQ(parse_json("1e-400")->get_double(), 0.0);
  EXPECT_EQ(parse_json("18446744073709551615")->get_uint64(), 18446744073709551615u);
  EXPECT_EQ(parse_json("123456789012345678901234567890")->get_double(),
            123456789012345678901234567890.0);
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

#include "base/json_scan.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/json.h"

namespace agentainer {
namespace {

std::optional<JsonList> scan(std::string text) {
  return JsonList::scan(std::make_shared<const std::string>(std::move(text)));
}

std::vector<std::string> elements(const std::string& text) {
  const auto list = scan(text);
  if (!list) return {"not a list"};
  std::vector<std::string> found;
  for (std::size_t i = 0; i < list->size(); ++i) found.emplace_back((*list)[i]);
  return found;
}

TEST(JsonList, ElementsAreSlicesWithoutTheSpaceAroundThem) {
  struct Case {
    std::string text;
    std::vector<std::string> expected;
  };
  const Case cases[] = {
      {"[]", {}},
      {" [ ] \n", {}},
      {"[1]", {"1"}},
      {"\t[ 1 ,\r\n 2.5e3 ,null]", {"1", "2.5e3", "null"}},
      {R"(["a,b","]","\"]","\\"])", {R"("a,b")", R"("]")", R"("\"]")", R"("\\")"}},
      {R"([[1,[2]],{"a":[1,{"b":"}"}]}, [] , {}])",
       {"[1,[2]]", R"({"a":[1,{"b":"}"}]})", "[]", "{}"}},
      {R"([ "x" , true])", {R"("x")", "true"}},
  };
  for (const Case& c : cases) EXPECT_EQ(elements(c.text), c.expected) << c.text;
}

TEST(JsonList, OtherValuesAreNoLists) {
  for (const char* text : {"{}", "null", "\"[]\"", "1", "", "  "}) EXPECT_FALSE(scan(text)) << text;
}

TEST(JsonList, SurvivesTextThatIsCutOff) {
  const std::string text = R"([{"a":"\u0041\\"},[1,2],"x\"y"])";
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto list = scan(text.substr(0, length));
    for (std::size_t i = 0; list && i < list->size(); ++i) EXPECT_LE((*list)[i].size(), length);
  }
}

rc::Gen<Json> json_value(int depth) {
  auto scalars = rc::gen::oneOf(
      rc::gen::map(rc::gen::arbitrary<std::int64_t>(), [](std::int64_t v) { return Json(v); }),
      rc::gen::map(rc::gen::string<std::string>(),
                   [](const std::string& v) { return Json(to_valid_utf8(v)); }),
      rc::gen::element(Json(nullptr), Json(true), Json(0.5)));
  if (depth == 0) return scalars;
  auto inner = rc::gen::resize(5, rc::gen::container<std::vector<Json>>(json_value(depth - 1)));
  return rc::gen::oneOf(scalars,
                        rc::gen::map(inner,
                                     [](const std::vector<Json>& values) {
                                       return Json(json::array(values.begin(), values.end()));
                                     }),
                        rc::gen::map(inner, [](const std::vector<Json>& values) {
                          json::object object;
                          for (const Json& value : values)
                            object[to_valid_utf8(to_text(value).substr(0, 3)) + "\xc3\xa9\""] =
                                value;
                          return Json(object);
                        }));
}

TEST(JsonList, AgreesWithTheParser) {
  const bool ok = rc::check([] {
    const auto values = *rc::gen::resize(5, rc::gen::container<std::vector<Json>>(json_value(2)));
    const json::array array(values.begin(), values.end());
    const auto list = scan(to_text(array));
    RC_ASSERT(list.has_value());
    RC_ASSERT(list->size() == values.size());
    for (std::size_t i = 0; i < values.size(); ++i) RC_ASSERT((*list)[i] == to_text(values[i]));
  });
  EXPECT_TRUE(ok);
}

TEST(JsonList, AMillionElementsCostFourBytesEachBesideTheirText) {
  std::string text = "[";
  for (int i = 0; i < 1'000'000; ++i) text += std::to_string(i) + ",";
  text.back() = ']';
  const auto list = scan(std::move(text));
  ASSERT_TRUE(list);
  EXPECT_EQ(list->size(), 1'000'000u);
  EXPECT_EQ((*list)[999'999], "999999");
}

TEST(CheckJson, AgreesWithTheParser) {
  for (const char* text : {"{}",
                           " [1, 2.5, \"x\"] \n",
                           "nul",
                           "",
                           " ",
                           "{} x",
                           "[1,]",
                           "\"\xff\"",
                           "\"\\ud800\"",
                           "1e400",
                           "-1e400",
                           "[1e400]",
                           "1e-400",
                           "1.7976931348623157e308",
                           "1.7976931348623159e308",
                           "-0",
                           "01",
                           "\"a\nb\"",
                           "{\"a\":1,\"a\":2}",
                           "[1",
                           "tru",
                           "\"\\u12\"",
                           "NaN"})
    EXPECT_EQ(check_json(text).has_value(), parse_json(text).has_value()) << text;
  EXPECT_FALSE(check_json(std::string(1000, '[')));
  const bool ok = rc::check([] {
    std::string text = to_text(*json_value(3));
    RC_ASSERT(check_json(text).has_value());
    if (!text.empty()) {
      const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
      text[at] = *rc::gen::arbitrary<char>();
    }
    RC_ASSERT(check_json(text).has_value() == parse_json(text).has_value());
  });
  EXPECT_TRUE(ok);
}

}  // namespace
}  // namespace agentainer

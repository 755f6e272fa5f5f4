// Values and errors of evaluations over JSON; the language itself is held to the conformance
// vectors.

#include <map>
#include <string>
#include <vector>

#include "expr/test_support.h"

namespace agentainer::expr {
namespace {

struct Case {
  std::string_view source;
  std::string_view result;  ///< JSON text, or "<code>: <message>".
};

void expect_all(std::span<const Case> cases) {
  for (const Case& each : cases) EXPECT_EQ(test::run(each.source), each.result) << each.source;
}

TEST(Evaluate, ReadsJson) {
  const Case cases[] = {
      {"state.score >= 0.8 && size(state.urls) > 0", "true"},
      {"state.count + 1", "4"},
      {"state.nested.a.b[1]", "20"},
      {"state['odd key'] == state.`odd key`", "true"},
      {"state['café']", "\"ü\""},
      {"size(state['café'])", "1"},
      {"state.none == null", "true"},
      {"has(state.none)", "true"},
      {"has(state.nothing)", "false"},
      {"'score' in state && !('x' in state)", "true"},
      {"item.id", "7"},
      {"state.urls", "[\"a\",\"b\"]"},
      {"state.nested", "{\"a\":{\"b\":[10,20]}}"},
      {"state.urls == ['a', 'b'] && state.nested == {'a': {'b': [10, 20]}}", "true"},
      {"{'a': 1, 'b': [1, 2.5]} == {'b': [1u, 2.5], 'a': 1.0}", "true"},
      {"state.urls[0] + state.urls[1u] + state.urls[1.0]", "\"abb\""},
      {"steps['fetch-pages'].output", "\"x\""},
      {"state.urls.map(u, {'url': u})", "[{\"url\":\"a\"},{\"url\":\"b\"}]"},
      {"state.urls.map(u, u == 'b', u + '!')", "[\"b!\"]"},
      {"state.nested.map(k, k)", "[\"a\"]"},
      {"[1, 2, 3].filter(x, x > 1).map(x, x * state.count)", "[6,9]"},
      {"[[1, 2], [3]].map(x, x.map(y, y + size(x)))", "[[3,4],[4]]"},
      {"[1, 2].map(item, item)", "[1,2]"},
      {"[1].map(item, .item.id)", "[7]"},
      {"state.count > 2 ? 'many' : 'few'", "\"many\""},
  };
  expect_all(cases);
}

TEST(Evaluate, KeepsJsonsNumbersApart) {
  const Case cases[] = {
      {"type(state.count) == int && type(state.score) == double", "true"},
      {"type(state.big) == uint && state.big == 18446744073709551615u", "true"},
      {"state.big > state.count", "true"},
      {"string(state.count) + '/' + string(state.score)", "\"3/0.9\""},
  };
  expect_all(cases);
  // A small integer that a program stored as unsigned is an int all the same.
  const Json small = Json(std::uint64_t{5});
  Bindings bindings;
  bindings.set("x", &small);
  EXPECT_TRUE(
      Program::compile("type(x) == int", {{{"x", false, {}}}})->evaluate_bool(bindings).value());
}

TEST(Evaluate, FaultsNameTheirCauseAndAWayOut) {
  const Case cases[] = {
      {"state.scor >= 0.8", "invalid: no such key: 'scor' in state; did you mean 'score'?"},
      {"state.nested.a.x", "invalid: no such key: 'x' in state.nested.a"},
      {"{1: 2}[3]", "invalid: no such key: 3 in {1: 2}"},
      {"{'ab': 1}.ac", "invalid: no such key: 'ac' in {'ab': 1}; did you mean 'ab'?"},
      {"steps.reduce.output", "invalid: no such key: 'reduce' in steps"},
      {"state.urls[5]",
       "invalid: index 5 is out of range: state.urls has 2 items, in `state.urls[5]`"},
      {"state.urls[-1]",
       "invalid: index -1 is out of range: state.urls has 2 items, in `state.urls[-1]`"},
      {"state.score + 1",
       "invalid: no such overload: double + int; convert the integer with double(…), in "
       "`state.score + 1`"},
      {"state.name + 1",
       "invalid: no such overload: string + int; convert the number with string(…), or the string "
       "with int(…), in `state.name + 1`"},
      {"state.name.foo",
       "invalid: no such overload: string.foo; only a map has members, in `state.name.foo`"},
      {"state.none.x",
       "invalid: no such overload: null_type.x; only a map has members, in `state.none.x`"},
      {"state.count.size()",
       "invalid: no such overload: int.size(); expected string|bytes|list|map.size(), in "
       "`state.count.size()`"},
      {"size(state.count)",
       "invalid: no such overload: size(int); expected size(string|bytes|list|map), in "
       "`size(state.count)`"},
      {"state.urls.all(u, u)",
       "invalid: no such overload: the condition gives string; expected a bool, in "
       "`state.urls.all(u, u)`"},
      {"state.count.all(u, true)",
       "invalid: no such overload: int has no items; expected a list or map, in "
       "`state.count.all(u, true)`"},
      {"state.count && true",
       "invalid: no such overload: int beside &&; expected a bool, in `state.count && true`"},
      {"!state.count", "invalid: no such overload: !int, in `!state.count`"},
      {"{state.score: 1}",
       "invalid: a map's key may be a string, int, uint or bool, not double, in `{state.score: "
       "1}`"},
      {"{'a': 1, 'a': 2}", "invalid: the key 'a' is in the map twice, in `{'a': 1, 'a': 2}`"},
      {"9223372036854775807 + state.count",
       "invalid: integer overflow, in `9223372036854775807 + state.count`"},
      {"1 / (state.count - 3)", "invalid: division by zero, in `1 / (state.count - 3)`"},
      {"1 % (state.count - 3)", "invalid: modulus by zero, in `1 % (state.count - 3)`"},
      {"int('x')", "invalid: 'x' does not spell a value for int(), in `int('x')`"},
      {"int(1e30)", "invalid: 1e+30 is out of range for int(), in `int(1e30)`"},
      {"uint(-state.count)", "invalid: -3 is out of range for uint(), in `uint(-state.count)`"},
      {"state.name.substring(9)",
       "invalid: substring(): index 9 is out of range: the string has 3 characters, in "
       "`state.name.substring(9)`"},
      {"'a'.matches(state.name + '(')",
       "invalid: matches(): not a regular expression (RE2): missing ): Ada(, in "
       "`'a'.matches(state.name + '(')`"},
  };
  expect_all(cases);
}

TEST(Evaluate, LogicAbsorbsFaultsOnBothSides) {
  const Case cases[] = {
      {"state.x > 1 || true", "true"},
      {"true || state.x > 1", "true"},
      {"state.x > 1 && false", "false"},
      {"state.x > 1 || state.count == 9 || state.flag", "true"},
      {"state.x > 1 || state.y > 1 || false", "invalid: no such key: 'x' in state"},
      {"state.urls.exists(u, u == 'b' || u.x)", "true"},
      {"[0, 1].exists(x, 1 / x == 1)", "true"},
      {"[0, 1].all(x, 1 / x == 2)", "false"},
      {"[0, 1].all(x, 1 / x == 1)", "invalid: division by zero, in `1 / x`"},
      {"state.x ? 1 : 2", "invalid: no such key: 'x' in state"},
      // What a list had before a fault that is absorbed is in no later list.
      {"[1, 2].map(x, [7, 8].map(y, y / (8 - y)) == [] || true)", "[true,true]"},
  };
  expect_all(cases);
}

TEST(Evaluate, GivesJson) {
  const Case cases[] = {
      {"b'abc'", "\"YWJj\""},
      {"b'ab'", "\"YWI=\""},
      {"b'a'", "\"YQ==\""},
      {"b''", "\"\""},
      {"18446744073709551615u", "18446744073709551615"},
      {"-0.5 * 3.0 == -1.5", "true"},
      {"{1: 'a', true: 2u, 'c': null}", "{\"1\":\"a\",\"true\":2,\"c\":null}"},
      {"{'1': 1, 1: 2}", "unsupported: two keys of the result are both '1' as JSON"},
      {"[0.0 / 0.0]", "unsupported: the result NaN has no JSON form"},
      {"{'a': -1.0 / 0.0}", "unsupported: the result -Infinity has no JSON form"},
      {"type(1)", "unsupported: the result, a type, has no JSON form"},
  };
  expect_all(cases);
}

TEST(Evaluate, AConditionIsABool) {
  const auto program = Program::compile("state.name", test::scope());
  const auto result = program->evaluate_bool(test::bindings());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, ErrorCode::kInvalid);
  EXPECT_EQ(result.error().message, "the condition gives string; expected a bool");
}

TEST(Evaluate, ANameMayHaveNoValueThisTime) {
  const Scope scope{{{"item", false, {}}}};
  const Bindings nothing;
  const auto result = Program::compile("item.id", scope)->evaluate(nothing);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "'item' has no value here");
  EXPECT_TRUE(Program::compile("item.id == 1 || true", scope)->evaluate_bool(nothing).value());
}

/// Members that count what is asked of them.
class Recorder final : public Members {
 public:
  const Json* find(std::string_view key) const override {
    asked.emplace_back(key);
    const auto found = made_.find(key);
    return found == made_.end() ? nullptr : &found->second;
  }
  std::vector<std::string_view> keys() const override {
    asked.emplace_back("*");
    return {"a", "b"};
  }
  mutable std::vector<std::string> asked;

 private:
  std::map<std::string, Json, std::less<>> made_ = {{"a", Json(1)}, {"b", Json("x")}};
};

TEST(Evaluate, AsksMembersOnlyForWhatItReads) {
  struct Asked {
    std::string_view source;
    std::string_view result;
    std::vector<std::string> asked;
  };
  const Asked cases[] = {
      {"m.a + 1", "2", {"a"}},
      {"has(m.c)", "false", {"c"}},
      {"'b' in m && m['b'] == 'x'", "true", {"b", "b"}},
      {"1 in m", "false", {}},
      {"size(m)", "2", {"*"}},
      {"m.map(k, k)", "[\"a\",\"b\"]", {"*"}},
      {"m", "{\"a\":1,\"b\":\"x\"}", {"*", "a", "b"}},
      {"m == {'a': 1, 'b': 'x'}", "true", {"*", "*", "a", "b"}},
  };
  for (const Asked& each : cases) {
    const Recorder members;
    Bindings bindings;
    bindings.set("m", &members);
    const auto value = Program::compile(each.source, {{{"m", false, {}}}})->evaluate(bindings);
    ASSERT_TRUE(value) << each.source << ": " << value.error().message;
    EXPECT_EQ(to_text(*value), each.result) << each.source;
    EXPECT_EQ(members.asked, each.asked) << each.source;
  }
}

TEST(Evaluate, ALargeMapLiteralFindsAllItsKeys) {
  std::string source = "{";
  for (int i = 0; i < 500; ++i) source += fmt::format("{0}: {0}, '{0}': -{0}, ", i);
  source += "true: 'yes'}";
  EXPECT_EQ(test::run(source + "[499]"), "499");
  EXPECT_EQ(test::run(source + "[499u]"), "499");
  EXPECT_EQ(test::run(source + "[499.0]"), "499");
  EXPECT_EQ(test::run(source + "['499']"), "-499");
  EXPECT_EQ(test::run(source + "[true]"), "\"yes\"");
  EXPECT_EQ(test::run("500 in " + source + " || -1 in " + source), "false");
}

TEST(Bindings, TheLastValueOfANameCounts) {
  const Json one(1);
  const Json two(2);
  Bindings bindings;
  bindings.set("x", &one);
  bindings.set("x", &two);
  EXPECT_EQ(Program::compile("x", {{{"x", false, {}}}})->evaluate(bindings)->as_int64(), 2);
}

}  // namespace
}  // namespace agentainer::expr

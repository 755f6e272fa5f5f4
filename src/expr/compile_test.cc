// What is refused before the run, where it is pointed at, and what the message offers.

#include <string>
#include <vector>

#include "expr/test_support.h"

namespace agentainer::expr {
namespace {

struct Refused {
  std::string_view source;
  std::size_t offset;
  std::string_view words;  ///< Part of the message.
};

constexpr Refused kRefused[] = {
    // Tokens.
    {"", 0, "expected an expression, found nothing"},
    {"  // a comment\n ", 16, "found nothing"},
    {"'abc", 0, "never closed; expected '"},
    {"'a\nb'", 0, "before the end of the line"},
    {"x'abc'", 1, "found ''abc''"},
    {"\"\"\"abc\"\"", 0, "expected \"\"\""},
    {"'\\q'", 1, "unknown escape '\\q'"},
    {"'\\ud800'", 1, "U+D800 is no Unicode character"},
    {"'\\x4'", 1, "2 hexadecimal digits"},
    {"'\\08'", 1, "3 octal digits"},
    {"b'\\u00ff'", 2, "write the octets"},
    {"0x", 0, "hexadecimal digits"},
    {"1_000", 1, "unexpected '_' after the number 1"},
    {"state.café", 9, "unexpected 'é'"},
    {"1 = 1", 2, "write '=='"},
    {"true & true", 5, "write '&&'"},
    {"true | true", 5, "write '||'"},
    {"$state", 0, "without it"},
    {"1 \x01", 2, "control character 0x01"},
    {"'\xff'", 1, "not valid UTF-8"},
    {"state.``", 6, "closing '`'"},
    {"`a`", 0, "must follow a '.'"},
    // Numbers.
    {"9223372036854775808", 0, "largest int"},
    {"-9223372036854775809", 0, "smallest int"},
    {"18446744073709551616u", 0, "largest uint"},
    {"1e999", 0, "too large for a double"},
    // Grammar.
    {"1 +", 3, "expected a value, found the end"},
    {"(1", 2, "')' to close the '('"},
    {"[1, 2", 5, "',' or ']'"},
    {"[1 2]", 3, "',' or ']', found '2'"},
    {"{'a' 1}", 5, "':' after a map's key"},
    {"{'a': 1", 7, "or '}'"},
    {"true ? 1", 8, "':'"},
    {"1 2", 2, "expected an operator or the end, found '2'"},
    {"1)", 1, "expected an operator or the end"},
    {"state.", 6, "a member's name after '.'"},
    {"state.'a'", 6, "a member's name after '.'"},
    {"size(1,)", 7, "expected a value"},
    {"true and false", 5, "for 'and' write '&&'"},
    {"true or false", 5, "for 'or' write '||'"},
    {"not state.flag", 0, "for 'not' write '!'"},
    {"package", 0, "reserved word"},
    {"in", 0, "found 'in'"},
    {"Point{x: 1}", 5, "messages are not supported"},
    {"[1].map(1, 2)", 8, "must be a name for the item"},
    {"[1].map(x)", 4, "list.map(x, x + 1)"},
    {"[1].all(x)", 4, "list.all(x, x > 0)"},
    {"[1].filter(x, true, x)", 4, "a name and a condition"},
    {"has(state)", 0, "has(state.x)"},
    {"has(state['x'])", 0, "'key' in map"},
    // Names.
    {"stat.score", 0, "did you mean 'state'?"},
    {"STATE", 0, "did you mean 'state'?"},
    {"zzz", 0, "expected one of state, item, index, steps"},
    {"True", 0, "did you mean 'true'?"},
    {"None", 0, "did you mean 'null'?"},
    {"size", 0, "write size(…)"},
    {"[1].all(x, y == 1)", 11, "unknown name 'y'"},
    {"[1].all(x, true) && x == 1", 20, "unknown name 'x'"},
    {"[1].all(x, .x == 1)", 12, "unknown name 'x'"},
    {"steps.lits", 6, "did you mean steps.list?"},
    {"steps['lits']", 6, "did you mean steps.list?"},
    {"steps.fetch-pages.output", 6, "write steps[\"fetch-pages\"]"},
    {"has(steps.zzzzz)", 10, "expected one of list, fetch-pages, reduce"},
    // Functions.
    {"sise(1)", 0, "did you mean 'size'?"},
    {"state.name.startswith('A')", 11, "did you mean 'startsWith'?"},
    {"state.urls.exist(u, true)", 11, "did you mean 'exists'?"},
    {"string.quote('a')", 0, "did you mean 'strings.quote'?"},
    {"startsWith(state.name, 'A')", 0, "write value.startsWith(…)"},
    {"state.name.int()", 11, "write int(…)"},
    {"size(1, 2)", 0, "takes 1 argument, not 2"},
    {"'a'.replace('b')", 4, "takes 2 or 3 arguments, not 1"},
    {"duration('1s')", 0, "not supported"},
    {"'a'.matches('(')", 12, "not a regular expression"},
    // Kinds that are known beforehand.
    {"1 + 'a'", 2, "int + string; convert the number with string(…)"},
    {"size(state.urls) / 2.0", 17, "int / double; convert the integer with double(…)"},
    {"1u + 1", 3, "uint + int; convert one side"},
    {"1.5 % 2.0", 4, "% takes integers"},
    {"1 < 2 < 3", 6, "bool < int"},
    {"'3' < 4", 4, "convert the string"},
    {"-'a'", 0, "-string"},
    {"-1u", 0, "-uint"},
    {"!1", 0, "!int"},
    {"1 ? 2 : 3", 2, "expected a bool before '?'"},
    {"1 in 2", 2, "a list or map after 'in'"},
    {"1.size()", 2, "int.size(); expected string|bytes|list|map.size()"},
    {"'a'.charAt('b')", 4, "string.charAt(string); expected string.charAt(int)"},
    {"1.x", 2, "only a map has members"},
    {"1[0]", 1, "only a list or map has an index"},
    {"[1]['a']", 3, "list[string]"},
    {"{1.5: 1}", 0, "a map's key may be a string"},
    {"[1].all(x, 1)", 4, "the condition gives int; expected a bool"},
    {"'a'.all(x, true)", 4, "string has no items"},
};

TEST(Compile, RefusesWhatCannotWorkAndSaysWhereAndWhy) {
  for (const Refused& each : kRefused) {
    const auto program = Program::compile(each.source, test::scope());
    ASSERT_FALSE(program) << each.source;
    EXPECT_EQ(program.error().offset, each.offset)
        << each.source << "\n  " << program.error().message;
    EXPECT_NE(program.error().message.find(each.words), std::string::npos)
        << each.source << "\n  " << program.error().message;
  }
}

TEST(Compile, AcceptsWhatMayWork) {
  for (const std::string_view source :
       {"state.anything.at.all", "state['x'][0].y", "has(state.x) && state.x > 1",
        ".state.score > 0.5", "[1, 2,]", "{'a': 1,}", "state.package", "state.`content-type`",
        "steps['fetch-pages']", "state.x + 1 == 2.5 || false", "false && 1",
        "type(state.x) == list", "dyn('a') + 1", "(true ? 1 : 'a') + 1",
        "[1].map(state, state).size() == index"})
    EXPECT_TRUE(Program::compile(source, test::scope())) << source;
}

TEST(Compile, KnowsWhatAnExpressionReads) {
  struct Case {
    std::string_view source;
    std::string_view reads;
  };
  const Case cases[] = {
      {"state.score > 0.8", "state.score"},
      {"state['score']", "state.score"},
      {"has(state.score) && state.score > 1", "state.score"},
      {"state[item.id]", "item.id state."},
      {"size(state)", "state."},
      {"state.a.b.c + state.d", "state.a state.d"},
      {"steps.list.output", "steps.list"},
      {"state.urls.all(item, item.ok)", "state.urls"},
      {"state.urls.all(u, u == item)", "state.urls item."},
      {"1 + 1", ""},
  };
  for (const Case& each : cases) {
    const auto program = Program::compile(each.source, test::scope());
    ASSERT_TRUE(program) << each.source;
    std::string reads;
    for (const Reference& reference : program->references())
      reads += (reads.empty() ? "" : " ") + reference.variable + "." + reference.member;
    EXPECT_EQ(reads, each.reads) << each.source;
  }
}

TEST(Compile, ALongerNameOfTheScopeWins) {
  const Scope scope{{{"a", false, {}}, {"a.b", false, {}}}};
  const Json outer = test::parse(R"({"b": {"c": 1}})");
  const Json inner = test::parse(R"({"c": 2})");
  Bindings bindings;
  bindings.set("a", &outer);
  bindings.set("a.b", &inner);
  const auto program = Program::compile("a.b.c", scope);
  ASSERT_TRUE(program);
  EXPECT_EQ(program->evaluate(bindings)->as_int64(), 2);
  EXPECT_EQ(program->references()[0].variable, "a.b");
  EXPECT_EQ(program->references()[0].member, "c");
}

}  // namespace
}  // namespace agentainer::expr

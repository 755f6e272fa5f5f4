#include "workflow/condition.h"

#include <gtest/gtest.h>

#include "workflow/test_support.h"

namespace agentainer::workflow {
namespace {

/// A file whose step has this condition, which begins at 3:33.
std::string file(std::string_view condition) {
  return "name: test\nsteps:\n- {id: a, image: x, condition:  " + std::string(condition) + "}\n";
}

Condition condition(std::string_view text) {
  const Definition definition = good(file(text));
  if (definition.steps.empty() || !definition.steps[0].condition) return {};
  return *definition.steps[0].condition;
}

/// true, false, or `error`.
std::string holds(std::string_view text) {
  const Json state = json::parse(
      R"({"n": 5, "f": 5.0, "big": 18446744073709551615, "s": "hello", "list": [1, "two", [3]], "no": null,
          "o": {"a": {"b": [{"c": 7}]}}, "dotted.key": 1, "t": true})");
  expr::Bindings bindings;
  bindings.set("state", &state);
  const Result<bool> result = condition(text).evaluate(bindings);
  return !result ? "error" : *result ? "true" : "false";
}

TEST(Condition, Comparisons) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"{field: n, operator: ==, value: 5}", "true"},
      {"{field: n, value: 5}", "true"},
      {"{field: n, operator: eq, value: 5.0}", "true"},
      {"{field: f, operator: ==, value: 5}", "true"},
      {"{field: n, operator: ==, value: '5'}", "false"},
      {"{field: s, operator: ne, value: x}", "true"},
      {"{field: n, operator: '>', value: 4.5}", "true"},
      {"{field: n, operator: gt, value: 5}", "false"},
      {"{field: n, operator: '>=', value: 5}", "true"},
      {"{field: n, operator: lt, value: 5}", "false"},
      {"{field: n, operator: le, value: 5}", "true"},
      {"{field: n, operator: '<', value: x}", "false"},  // no order between them
      {"{field: big, operator: gt, value: 18446744073709551614}", "true"},
      {"{field: s, operator: gt, value: hallo}", "true"},
      {"{field: s, operator: contains, value: ell}", "true"},
      {"{field: list, operator: contains, value: two}", "true"},
      {"{field: list, operator: contains, value: 1.0}", "true"},
      {"{field: list, operator: contains, value: [3]}", "true"},
      {"{field: list, operator: contains, value: 3}", "false"},
      {"{field: o, operator: contains, value: a}", "true"},
      {"{field: list, operator: not_contains, value: 3}", "true"},
      {"{field: n, operator: in, value: [1, 5]}", "true"},
      {"{field: n, operator: not_in, value: [1, 5]}", "false"},
      {"{field: s, operator: matches, value: '^h.*o$'}", "true"},
      {"{field: s, operator: matches, value: 'l{3}'}", "false"},
      {"{field: n, operator: matches, value: '5'}", "false"},
      {"{field: no, operator: ==, value: null}", "true"},
      {"{field: '$.o.a.b[0].c', value: 7}", "true"},
      {"{field: o.a.b.0.c, value: 7}", "true"},
      {"{field: o.a, value: {b: [{c: 7.0}]}}", "true"},
      {"{field: dotted.key, value: 1}", "true"},
      {"{type: simple, field: t, value: true}", "true"},
      // Missing fields.
      {"{field: o.x.b, value: null}", "false"},
      {"{field: x, operator: '!=', value: 1}", "true"},
      {"{field: x, operator: lt, value: 1}", "false"},
      {"{field: x, operator: contains, value: 1}", "false"},
      {"{field: x, operator: not_contains, value: 1}", "true"},
      {"{field: x, operator: not_in, value: []}", "true"},
      {"{field: x, operator: matches, value: ''}", "false"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(holds(text), expected) << text;
}

TEST(Condition, CelAndJunctions) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"state.n > 4 && size(state.list) == 3", "true"},
      {"'${{ state.n > 5 }}'", "false"},
      {"true", "true"},
      {"false", "false"},
      {"{expression: state.n == 5}", "true"},
      {"{type: expression, expression: state.t}", "true"},
      {"{and: [state.t, {field: n, value: 5}]}", "true"},
      {"{and: [state.t, {field: n, value: 6}]}", "false"},
      {"{or: [{field: n, value: 6}, {not: state.t}, {field: n, value: 5}]}", "true"},
      {"{not: {or: [{field: n, value: 6}]}}", "true"},
      {"state.missing", "error"},
      {"state.n", "error"},
      {"{or: [state.t, state.missing]}", "true"},
      {"{and: [state.t, state.missing]}", "error"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(holds(text), expected) << text;
}

TEST(Condition, TextIsForPeople) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"state.score >= 0.8", "state.score >= 0.8"},
      {"{field: '$.a[0].b', operator: ge, value: 0.8}", "state.a.0.b >= 0.8"},
      {"{and: [{field: a, value: x}, {or: [state.b, {not: state.c}]}]}",
       "state.a == \"x\" and ((state.b) or not (state.c))"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(condition(text).text(), expected) << text;
}

TEST(Condition, ReferencesAreWhatIsRead) {
  std::string read;
  for (const expr::Reference& reference :
       condition("{and: [{field: a.b, value: 1}, state.c == workflow.name]}").references())
    read += reference.variable + "." + reference.member + " ";
  EXPECT_EQ(read, "state.a state.c workflow.name ");
}

TEST(Condition, MistakesAreTold) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"state.n >", "3:42: expected a value, found the end\n"},
      {"stat.n > 1", "3:33: unknown name 'stat'; did you mean 'state'?\n"},
      {"'state.n > 1 && item'",
       "3:49: unknown name 'item'; expected one of state, steps, workflow\n"},
      {"'${{ stat }}'", "3:38: unknown name 'stat'; did you mean 'state'?\n"},
      {"workflow.nam == 'x'",
       "3:42: unknown member 'nam' of 'workflow'; did you mean workflow.name?\n"},
      {"5",
       "3:33: a condition is a CEL expression in text, or a mapping with 'field', 'operator' and "
       "'value', "
       "not the number 5\n"},
      {"{}", "3:33: a condition needs a 'field', an 'expression', 'and', 'or' or 'not'\n"},
      {"{feild: a, value: 1}",
       "3:34: unknown field 'feild' of a condition; did you mean 'field'?\n"},
      {"{field: a}", "3:33: a condition on a field needs a 'value' to compare with\n"},
      {"{field: a, operator: =, value: 1}",
       "3:54: 'operator' takes '==', '!=', '>', '>=', '<', '<=', 'contains', 'not_contains', 'in', "
       "'not_in', "
       "'matches', 'eq', 'ne', 'gt', 'ge', 'lt' or 'le', not the text '='; did you mean '=='?\n"},
      {"{field: a, operator: gt, value: [1]}",
       "3:65: '>' compares with a number or text, not a list\n"},
      {"{field: a, operator: in, value: b}", "3:65: 'in' compares with a list, not the text 'b'\n"},
      {"{field: a, operator: matches, value: '('}",
       "3:70: not a pattern (RE2 syntax): missing ): (\n"},
      {"{field: 'a[x]', value: 1}",
       "3:41: 'a[x]' is not a path like 'a', 'a.b' or '$.a[0].b': between '[' and ']' stands a "
       "position, "
       "counted from 0\n"},
      {"{field: state.a, value: 1}",
       "3:41: warning: a field is looked up in the state; 'state.' in front of it looks for a key "
       "'state' "
       "there\n"},
      {"{field: a, value: 1, and: [state.b]}",
       "3:54: a condition has 'field' or 'and', not both\n"},
      {"{and: []}", "3:34: 'and' needs at least one condition\n"},
      {"{and: state.a}", "3:39: 'and' takes a list, not the text 'state.a'\n"},
      {"{and: [state.a], value: 1}", "3:50: 'value' goes with 'field', not with 'and'\n"},
      {"{type: expression, field: a, value: 1}",
       "3:40: this condition has a 'field'; remove 'type'\n"},
      {"{not: {and: [{field: a}, stat]}}",
       "3:46: a condition on a field needs a 'value' to compare with\n"
       "3:58: unknown name 'stat'; did you mean 'state'?\n"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(problems(file(text)), expected) << text;
}

}  // namespace
}  // namespace agentainer::workflow

#include <string>
#include <vector>

#include "expr/test_support.h"

namespace agentainer::expr {
namespace {

/// As JSON text, or "compile@<offset>: <message>", or "<code>: <message>".
std::string run_template(std::string_view text, const Limits& limits = {}) {
  const auto compiled = Template::compile(text, test::scope());
  if (!compiled)
    return fmt::format("compile@{}: {}", compiled.error().offset, compiled.error().message);
  const auto value = compiled->evaluate(test::bindings(), limits);
  if (!value) return fmt::format("{}: {}", to_string(value.error().code), value.error().message);
  return to_text(*value);
}

std::string run_text(std::string_view text) {
  const auto compiled = Template::compile(text, test::scope());
  EXPECT_TRUE(compiled) << text;
  const auto value = compiled->evaluate_text(test::bindings());
  return value ? *value
               : fmt::format("{}: {}", to_string(value.error().code), value.error().message);
}

struct Case {
  std::string_view text;
  std::string_view result;
};

TEST(Template, AWholeExpressionKeepsItsType) {
  const Case cases[] = {
      {"${{ state.count }}", "3"},
      {"  ${{ state.urls }}\n", R"(["a","b"])"},
      {"${{state.none}}", "null"},
      {"${{ {'a': {'b': 1}} }}", R"({"a":{"b":1}})"},
      {"${{{'a': {'b': 1}}}}", R"({"a":{"b":1}})"},
  };
  for (const Case& each : cases) EXPECT_EQ(run_template(each.text), each.result) << each.text;
  EXPECT_EQ(run_template("${{ state }}"), to_text(test::values().at("state")));
}

TEST(Template, PartsBecomeText) {
  const Case cases[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"a ${{ state.name }} b", R"("a Ada b")"},
      {"${{ state.name }}${{ state.count }}", R"("Ada3")"},
      {"n=${{ state.none }} s=${{ state.score }} f=${{ state.flag }}", R"("n=null s=0.9 f=true")"},
      {"${{ state.urls }};", R"("[\"a\",\"b\"];")"},
      {"x${{ {'k': [1.5, 'q\"', null, b'a', 2u]} }}",
       R"("x{\"k\":[1.5,\"q\\\"\",null,\"YQ==\",2]}")"},
      {"${{ '}}' }}!", R"("}}!")"},
      {"${{ \"}} '\" + r'\\}}' + '''}}''' }}.", R"("}} '\\}}}}.")"},
      {"${{ 'a' // why }}\n }}.", R"("a.")"},
      {"$${{ x }}", R"("${{ x }}")"},
      {"$$${{ x }}", R"("$${{ x }}")"},
      {"$${{ ${{ state.count }} }}", R"("${{ 3 }}")"},
      {"$ {{ x }} ${x} }} $", R"("$ {{ x }} ${x} }} $")"},
      {"${ { state.count } }", R"("${ { state.count } }")"},
  };
  for (const Case& each : cases) EXPECT_EQ(run_template(each.text), each.result) << each.text;
}

TEST(Template, AResultIsNeverEvaluatedAgain) {
  EXPECT_EQ(run_template("${{ '$' + '{{ state.name }}' }}"), R"("${{ state.name }}")");
  EXPECT_EQ(run_template("<${{ '$' + '{{ state.name }}' }}>"), R"("<${{ state.name }}>")");
}

TEST(Template, TextHasNoNull) {
  EXPECT_EQ(run_text("${{ state.none }}"), "");
  EXPECT_EQ(run_text("[${{ state.none }}]"), "[]");
  EXPECT_EQ(run_text(" ${{ state.count }} "), "3");
  EXPECT_EQ(run_text("${{ state.name }}"), "Ada");
  EXPECT_EQ(run_text("${{ [null, state.score] }}"), "[null,0.9]");
  EXPECT_EQ(run_text("plain $${{"), "plain ${{");
}

TEST(Template, ErrorsPointIntoTheText) {
  const Case cases[] = {
      {"abc ${{ state.x", "compile@4: this '${{' is never closed"},
      {"abc ${{", "compile@4: this '${{' is never closed"},
      {"${{ state.x }", "compile@12: unexpected '}'; an expression ends with '}}'"},
      {"${{ {'a': 1 }}", "compile@13: unexpected '}'; an expression ends with '}}'"},
      {"${{ {'a': 1 }", "compile@0: this '${{' is never closed"},
      {"${{ 'abc }}", "compile@4: this string is never closed"},
      {"ab ${{ stat }}", "compile@7: unknown name 'stat'; did you mean 'state'?"},
      {"${{ state.a }} ${{ 1 + }}", "compile@23: expected a value, found the end"},
      {"${{ }}", "compile@4: expected an expression, found nothing"},
      {"${{ state.scor }}", "invalid: no such key: 'scor' in state"},
      {"a ${{ 0.0 / 0.0 }}", "unsupported: the result NaN has no JSON form"},
  };
  for (const Case& each : cases) {
    const std::string result = run_template(each.text);
    EXPECT_EQ(result.substr(0, each.result.size()), each.result) << each.text << " => " << result;
  }
}

TEST(Template, KnowsWhetherItIsConstantAndWhatItReads) {
  EXPECT_TRUE(Template::compile("abc $${{ x }}", test::scope())->is_constant());
  const auto text =
      Template::compile("${{ state.a }} ${{ item }} ${{ state.a + state.b }}", test::scope());
  ASSERT_TRUE(text);
  EXPECT_FALSE(text->is_constant());
  std::string reads;
  for (const Reference& each : text->references()) reads += each.variable + "." + each.member + " ";
  EXPECT_EQ(reads, "state.a item. state.b ");
}

TEST(Template, PartsShareTheirLimits) {
  Limits limits;
  limits.max_cost = 1000;
  const std::string part = "${{ [1,2,3,4,5,6,7,8,9,10].map(x, [x].map(y, y + x)) }}";
  std::string text = "x";
  EXPECT_NE(run_template(text + part, limits).substr(0, 8), "resource");
  for (int i = 0; i < 20; ++i) text += part;
  EXPECT_EQ(run_template(text, limits).substr(0, 8), "resource");
  limits = {};
  limits.max_result_bytes = 1000;
  text = "x";
  for (int i = 0; i < 20; ++i) text += "${{ state.urls.map(u, 'abcdefghijklmnopqrstuvwxyz') }}";
  EXPECT_EQ(run_template(text, limits).substr(0, 8), "resource");
}

std::string run_json(std::string_view text, const Limits& limits = {}) {
  const auto compiled = JsonTemplate::compile(test::parse(text), test::scope());
  if (!compiled)
    return fmt::format("{}@{}: {}", compiled.error().pointer, compiled.error().error.offset,
                       compiled.error().error.message);
  const auto value = compiled->evaluate(test::bindings(), limits);
  if (!value) return fmt::format("{}: {}", to_string(value.error().code), value.error().message);
  return to_text(*value);
}

TEST(JsonTemplate, FillsEveryStringButNoKey) {
  EXPECT_EQ(run_json(R"({"a": "${{ state.count }}", "b": ["x ${{ state.name }}", 1, null, "y"],
                         "${{ k }}": "$${{ z }}", "c": {"d": "${{ state.urls }}"}})"),
            R"({"a":3,"b":["x Ada",1,null,"y"],"${{ k }}":"${{ z }}","c":{"d":["a","b"]}})");
  EXPECT_EQ(run_json(R"("${{ state.flag }}")"), "true");
  EXPECT_EQ(run_json(R"([1, {}, []])"), "[1,{},[]]");
}

TEST(JsonTemplate, AFaultHasAPointer) {
  EXPECT_EQ(run_json(R"({"a/b": {"c~d": ["ok", "x ${{ stat.x }}"]}})"),
            "/a~1b/c~0d/1@6: unknown name 'stat'; did you mean 'state'?");
  EXPECT_EQ(run_json(R"({"a": "${{ state.x }}"})"), "invalid: no such key: 'x' in state");
}

TEST(JsonTemplate, KnowsWhetherItIsConstantAndWhatItReads) {
  EXPECT_TRUE(
      JsonTemplate::compile(test::parse(R"(["a", "$${{ b }}", 1])"), test::scope())->is_constant());
  const auto compiled = JsonTemplate::compile(
      test::parse(R"({"a": "${{ state.x }}", "b": ["${{ item.y }}", "${{ state.x }}"]})"),
      test::scope());
  ASSERT_TRUE(compiled);
  EXPECT_FALSE(compiled->is_constant());
  std::string reads;
  for (const Reference& each : compiled->references())
    reads += each.variable + "." + each.member + " ";
  EXPECT_EQ(reads, "state.x item.y ");
}

TEST(JsonTemplate, ItsStringsShareTheirLimits) {
  std::string text = "[";
  for (int i = 0; i < 100; ++i) text += R"("${{ state }}",)";
  text += "1]";
  Limits limits;
  limits.max_result_bytes = 2000;
  EXPECT_EQ(run_json(text, limits).substr(0, 8), "resource");
  EXPECT_EQ(run_json(text).front(), '[');
}

TEST(JsonTemplate, WhatItGivesIsNeverTooDeepToBeReadAgain) {
  std::string deep;
  for (std::size_t i = 0; i < kMaxJsonDepth - 2; ++i) deep += "[";
  deep += R"("${{ [state.urls] }}")";
  for (std::size_t i = 0; i < kMaxJsonDepth - 2; ++i) deep += "]";
  EXPECT_TRUE(parse_json(run_json(deep)));
  EXPECT_EQ(run_json("[" + deep + "]").substr(0, 8), "resource");
}

}  // namespace
}  // namespace agentainer::expr

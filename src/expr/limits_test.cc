// Bombs: small texts that ask for much. Each is an error, and soon. No times are asserted; what
// would be slow here would be so by orders of magnitude, and the test program's own timeout finds
// it.

#include <string>

#include "expr/ast.h"
#include "expr/test_support.h"

namespace agentainer::expr {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

bool is_resource(const std::string& result) { return result.starts_with("resource limit: "); }

TEST(Limits, NestingIsBoundedWhenCompiled) {
  const std::string sources[] = {
      repeat("(", 30000) + "1" + repeat(")", 30000),
      repeat("[", 30000) + repeat("]", 30000),
      repeat("{1:", 10000) + "1" + repeat("}", 10000),
      repeat("(", 60000),
      repeat("size(", 10000),
      repeat("true ? 1 : ", 5000) + "1",
      repeat("[1].all(x, ", 100) + "true" + repeat(")", 100),
      "state" + repeat("[state", 5000) + repeat("]", 5000),
      "state" + repeat(".a", 30000),
      "1" + repeat(" + 1", 15000),
      repeat("!", 60000) + "true",
      repeat("-", 60000) + "1",
      repeat("-(", 20000) + "1" + repeat(")", 20000),
      "'a'" + repeat(".trim()", 9000),
  };
  for (const std::string& source : sources) {
    const auto program = Program::compile(source, test::scope());
    ASSERT_FALSE(program) << source.substr(0, 40);
    EXPECT_LE(program.error().offset, source.size());
  }
  EXPECT_EQ(test::run(repeat("(", kMaxSourceDepth - 1) + "1" + repeat(")", kMaxSourceDepth - 1)),
            "1");
  EXPECT_EQ(test::run("1" + repeat(" + 1", kMaxTreeDepth - 1)), std::to_string(kMaxTreeDepth));
  EXPECT_EQ(test::run("false" + repeat(" || false", 5000)), "false");
}

TEST(Limits, SizeIsBoundedWhenCompiled) {
  const auto program = Program::compile(std::string(kMaxSourceBytes + 1, ' '), test::scope());
  ASSERT_FALSE(program);
  EXPECT_EQ(program.error().offset, kMaxSourceBytes);
  EXPECT_FALSE(Program::compile("[" + repeat("1,", kMaxNodes) + "]", test::scope()));
  EXPECT_FALSE(Program::compile("true" + repeat(" && true", kMaxNodes), test::scope()));
  EXPECT_TRUE(Program::compile("[" + repeat("1,", kMaxNodes - 1) + "]", test::scope()));
}

TEST(Limits, PatternsAreBoundedWhenCompiled) {
  EXPECT_FALSE(Program::compile("'a'.matches('((a{100}){100}){100}')", test::scope()));
  EXPECT_FALSE(Program::compile("'a'.matches('" + std::string(5000, 'a') + "')", test::scope()));
  const std::string many = repeat("'a'.matches('(x{1000})') || ", 1500) + "true";
  EXPECT_FALSE(Program::compile(many, test::scope()));
}

TEST(Limits, CostIsBounded) {
  const std::string list = "[" + repeat("1,", 1000) + "]";
  const std::string sources[] = {
      list + ".map(a, " + list + ".map(b, " + list + ".all(c, c == b)))",
      list + ".all(a, " + list + ".all(b, " + list + ".all(c, c + b == 2)))",
      list + ".exists(a, " + list + ".exists(b, 1 / 0 == 1))",
      list + ".all(a, " + list + " == " + list + ")",
      list + ".all(a, !(2 in " + list + "))",
      list + ".all(a, " + list + ".map(b, 'x').join(',').size() > 0)",
  };
  for (const std::string& source : sources)
    EXPECT_TRUE(is_resource(test::run(source))) << source.substr(source.size() - 40);
}

TEST(Limits, ALimitIsNotAbsorbed) {
  Limits limits;
  limits.max_cost = 20;
  const std::string work = "[1,2,3,4,5,6,7,8,9].map(x, x + 1) == []";
  EXPECT_TRUE(is_resource(test::run(work + " || true", limits)));
  EXPECT_TRUE(is_resource(test::run(work + " && false", limits)));
  EXPECT_TRUE(is_resource(test::run("[1].exists(y, " + work + ") || true", limits)));
  EXPECT_EQ(test::run("true || " + work, limits), "true");
}

/// `text` doubled as often, by nested macros: x -> x + x.
std::string doubled(const std::string& text, int times) {
  std::string source = text;
  for (int i = 0; i < times; ++i)
    source = fmt::format("[{}].map(x{}, x{} + x{})[0]", source, i, i, i);
  return source;
}

TEST(Limits, SizesAreBounded) {
  const std::string sources[] = {
      doubled("'aaaaaaaa'", 30),
      doubled("[1, 2, 3]", 30),
      doubled("b'aaaaaaaa'", 30),
      doubled("'aaaaaaaa'", 15) + ".split('').map(x, x + x)",
      "[" + doubled("'aaaaaaaa'", 15) + "].map(x, x.replace('', x))",
      "[" + doubled("'aaaaaaaa'", 15) + "].map(x, x.split('').join(x))",
      "[" + doubled("'aaaaaaaa'", 15) + "].map(x, x.split('').map(y, x.reverse()))",
      "[" + doubled("'%s%s%s%s'", 15) + "].map(x, x.format(x.split('').map(y, x)))",
      "[" + doubled("'aaaaaaaa'", 16) + "].map(x, [" + repeat("x,", 100) + "])",
      "[" + doubled("[1,2,3,4]", 15) + "].map(x, '" + repeat("%s", 200) + "'.format([" +
          repeat("x,", 200) + "]))",
  };
  for (const std::string& source : sources)
    EXPECT_TRUE(is_resource(test::run(source)))
        << source.substr(0, 60) << " => " << test::run(source).substr(0, 100);
}

TEST(Limits, AResultThatSharesItsPartsIsCountedAsOftenAsItHasThem) {
  // 200^4 items, of which only 800 are ever made.
  std::string source = "[1]";
  for (int i = 0; i < 4; ++i)
    source = fmt::format("[{}].map(x{}, [{}])[0]", source, i, repeat(fmt::format("x{},", i), 200));
  EXPECT_TRUE(is_resource(test::run(source)));
  EXPECT_TRUE(is_resource(test::run("'%s'.format([" + source + "])")));
  EXPECT_TRUE(is_resource(test::run(source + " == " + source)));
  const auto text = Template::compile("x ${{ " + source + " }}", test::scope());
  ASSERT_TRUE(text);
  EXPECT_EQ(text->evaluate(test::bindings()).error().code, ErrorCode::kResource);
}

TEST(Limits, PatternsAreBoundedWhenEvaluated) {
  const std::string sources[] = {
      "[" + doubled("'aaaaaaaa'", 15) + "].all(x, x.matches('(a|b|ab)*c' + 'd'))",
      "[" + doubled("'ab'", 18) + "].all(x, x.matches('(a|b)*a(a|b){12}(c|d)$'))",
      "['a{1000}'].map(x, '(' + x + '){9}').all(p, 'a'.matches(p) || true)",
      "[" + repeat("1,", 1000) +
          "].map(x, 'a{900}' + 'b{900}').map(x, [x, x + 'c']).all(x, 'a'.matches(x[0]) || "
          "'a'.matches(x[1]) || true)",
  };
  for (const std::string& source : sources) {
    const std::string result = test::run(source);
    EXPECT_TRUE(is_resource(result) || result == "true" || result == "false")
        << source.substr(0, 60) << " => " << result;
  }
}

TEST(Limits, SearchIsLinear) {
  // With a search that starts over after each miss these are 10^12 steps.
  const std::string setup =
      "[[" + doubled("'aaaaaaaa'", 17) + ", " + doubled("'aaaaaaaa'", 16) + "]].all(x, ";
  EXPECT_EQ(test::run(setup + "!x[0].contains(x[1] + 'b'))"), "true");
  EXPECT_EQ(test::run(setup + "x[0].indexOf(x[1] + 'b') == -1)"), "true");
  EXPECT_EQ(test::run(setup + "x[0].lastIndexOf('b' + x[1]) == -1)"), "true");
  EXPECT_EQ(test::run(setup + "x[0].split(x[1] + 'b').size() == 1)"), "true");
  EXPECT_EQ(test::run(setup + "x[0].replace(x[1] + 'b', '') == x[0])"), "true");
}

TEST(Limits, ABoundStringMayBeLargerThanAnythingMade) {
  Limits limits;
  limits.max_result_bytes = 100;
  const Json text(json::string(1000, 'a'));
  Bindings bindings;
  bindings.set("state", &text);
  const auto evaluate = [&](std::string_view source) {
    return Program::compile(source, test::scope())->evaluate(bindings, limits);
  };
  EXPECT_EQ(evaluate("state"), text);
  EXPECT_EQ(evaluate("state.substring(10)")->as_string().size(), 990u);
  EXPECT_EQ(evaluate("state + state").error().code, ErrorCode::kResource);
}

TEST(Limits, ABoundValueMayBeLargerThanAnythingMade) {
  Limits limits;
  limits.max_result_bytes = 100;
  EXPECT_EQ(test::run("state", limits), to_text(test::values().at("state")));
  EXPECT_TRUE(is_resource(test::run("[state, state]", limits)));
}

}  // namespace
}  // namespace agentainer::expr

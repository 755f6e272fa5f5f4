// The functions where the conformance vectors leave an edge open.

#include <string>

#include "expr/test_support.h"

namespace agentainer::expr {
namespace {

struct Case {
  std::string_view source;
  std::string_view result;
};

TEST(Functions, OnText) {
  const Case cases[] = {
      {"'abc'.replace('', '-')", R"("-a-b-c-")"},
      {"'äb'.replace('', '-', 2)", R"("-ä-b")"},
      {"''.replace('', '-')", R"("-")"},
      {"'aaa'.replace('a', 'b', 0)", R"("aaa")"},
      {"'aaa'.replace('a', 'aa')", R"("aaaaaa")"},
      {"'aaa'.replace('aa', 'b', -1)", R"("ba")"},
      {"'äöü'.split('')", R"(["ä","ö","ü"])"},
      {"'äöü'.split('', 2)", R"(["ä","öü"])"},
      {"''.split('')", "[]"},
      {"''.split(',')", R"([""])"},
      {"',a,'.split(',')", R"(["","a",""])"},
      {"'a,b,c'.split(',', 2)", R"(["a","b,c"])"},
      {"'aXbXc'.indexOf('X', 2)", "3"},
      {"'abc'.indexOf('c', 3)", "-1"},
      {"'abc'.indexOf('', 3)", "3"},
      {"'aXbXc'.lastIndexOf('X')", "3"},
      {"'aXbXc'.lastIndexOf('X', 3)", "3"},
      {"'aXbXc'.lastIndexOf('X', 2)", "1"},
      {"'äXöX'.lastIndexOf('X')", "3"},
      {"'abc'.lastIndexOf('abcd')", "-1"},
      {"'a' + 'b'.reverse() + 'é€😀'.reverse()", R"("ab😀€é")"},
      {"' \\u3000 x y\\t'.trim()", R"("x y")"},
      {"'   '.trim()", R"("")"},
      {"'ÄBc'.lowerAscii() + 'äbC'.upperAscii()", R"("ÄbcäBC")"},
      {"'😀b'.charAt(1)", R"("b")"},
      {"'a😀b'.substring(1, 2)", R"("😀")"},
      {"strings.quote('a\\u0000\\u0007\"')", R"("\"a\u0000\\a\\\"\"")"},
      {"['a'].join('x') + [].join('x')", R"("a")"},
      {"'a/b/c'.contains('/b/') && !'abc'.contains('abcd')", "true"},
      {"matches('abc', '^a.c$') && 'x\\ny'.matches('(?s)x.y')", "true"},
      {"'ü'.matches('^.$')", "true"},
  };
  for (const Case& each : cases) EXPECT_EQ(test::run(each.source), each.result) << each.source;
}

TEST(Functions, Conversions) {
  const Case cases[] = {
      {"string(1000000.0) + ' ' + string(1e21) + ' ' + string(0.1)", R"("1000000 1e+21 0.1")"},
      {"string(-0.0) + string(1.0/0.0) + string(0.0/0.0)", R"("-0InfinityNaN")"},
      {"string(true) + string(7u) + string(b'\\xc3\\xa9')", R"("true7é")"},
      {"double('1e-400') == 0.0", "true"},
      {"double('0.' + '0000000001e9') == 0.1", "true"},
      {"double('-Infinity') < -1e308 && double('nan') != double('nan')", "true"},
      {"int('-9223372036854775808') == -9223372036854775808", "true"},
      {"int('+5')", "5"},
      {"uint('5') == 5u && uint(2.9) == 2u", "true"},
      {"bytes('é') == b'\\303\\251' && size(bytes('é')) == 2", "true"},
      {"type(dyn(1)) == int && type(type) == type && type(null) == null_type", "true"},
      {"[1, 'a', 2.5].map(x, type(x) == string)", "[false,true,false]"},
  };
  for (const Case& each : cases) EXPECT_EQ(test::run(each.source), each.result) << each.source;
  for (const std::string_view source :
       {"int('')", "int(' 5')", "int('5 ')", "int('+-5')", "int('9223372036854775808')",
        "int('0x5')", "uint('-1')", "uint(-0.5)", "uint(1e20)", "double('')", "double('1e')",
        "double('1e999')", "double('0x1p3')", "double('nan(1)')", "bool('yes')", "string(b'\\xff')",
        "int(0.0/0.0)"})
    EXPECT_EQ(test::run(source).rfind("invalid: ", 0), 0u) << source << " => " << test::run(source);
}

TEST(Functions, Format) {
  const Case cases[] = {
      {"'%s %s %s'.format([[1, 'a', null], {'b': 1.5, 'a': [true]}, b'x'])",
       R"("[1, a, null] {a: [true], b: 1.5} x")"},
      {"'%d %d %d'.format([-5, 7u, 2.5])", R"("-5 7 2.5")"},
      {"'%x %X %o %b'.format([-255, 255, -8, -5])", R"("-ff FF -10 -101")"},
      {"'%x'.format([-9223372036854775808])", R"("-8000000000000000")"},
      {"'%.0f %.2f %.10f'.format([0.5, 2.345, 1])", R"("0 2.35 1.0000000000")"},
      {"'%.2e'.format([123456])", R"("1.23e+05")"},
      {"'%s'.format([type(1)])", R"("int")"},
      {"'ü%sü'.format(['é'])", R"("üéü")"},
  };
  for (const Case& each : cases) EXPECT_EQ(test::run(each.source), each.result) << each.source;
  const Case faults[] = {
      {"'%'.format([1])", "unknown clause '%'"},
      {"'%.'.format([1])", "a precision is a number"},
      {"'%.101f'.format([1])", "up to 100"},
      {"'%.99999999999999f'.format([1])", "up to 100"},
      {"'%.2%'.format([1])", "unknown clause '%.2%'"},
      {"'%é'.format([1])", "unknown clause '%é'"},
      {"'%s%s'.format([1])", "has no argument: there are only 1"},
      {"'%d'.format(['1'])", "does not take a value of type string"},
  };
  for (const Case& each : faults)
    EXPECT_NE(test::run(each.source).find(each.result), std::string::npos)
        << each.source << " => " << test::run(each.source);
}

}  // namespace
}  // namespace agentainer::expr

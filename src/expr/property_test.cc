// Properties over random texts, expressions and numbers.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "expr/lexer.h"
#include "expr/test_support.h"

namespace agentainer::expr {
namespace {

/// A piece of CEL, so that random sequences get past the lexer.
rc::Gen<std::string> token() {
  return rc::gen::element<std::string>(
      "state", "item", "steps", ".score", ".urls", ".x", "[", "]", "(", ")", "{", "}", "{'a':", ",",
      ":", "?", "+", "-", "*", "/", "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", " in ",
      "1", "0", "2.5", "3u", "'a'", "\"\"", "r'\\'", "b'x'", "'''", "true", "false", "null",
      "size(", ".size()", ".map(x,", ".all(x,", ".filter(x, x", ".exists(x,", "has(", "x",
      "string(", "int(", ".matches('a*')", ".split(',')", ".format([", "'%s'", "${{", "}}", "$",
      "//", "\n", "9223372036854775807", "-9223372036854775808", "1e308", "`a`", "é", "\xff");
}

rc::Gen<std::string> source() {
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(token()),
                      [](const std::vector<std::string>& tokens) {
                        std::string text;
                        for (const std::string& each : tokens) text += each;
                        return text;
                      });
}

/// Spells a well-formed expression out of random numbers, each of which makes one choice.
class Speller {
 public:
  explicit Speller(const std::vector<std::uint8_t>& choices) : choices_(choices) {}

  std::string expression(int depth) {
    static const std::vector<std::string> kLeaves = {
        "1",           "0",          "-7",         "2.5",     "3u",  "'ab'",
        "true",        "false",      "null",       "[]",      "{}",  "state.score",
        "state.count", "state.urls", "state.name", "state.x", "item"};
    static const std::vector<std::string> kOperators = {
        " + ", " - ", " * ", " == ", " != ", " < ", " && ", " || ", " ? 'yes' : ", " in "};
    const std::size_t form = depth > 5 ? 0 : choose(8);
    const auto inner = [&] { return expression(depth + 1); };
    switch (form) {
      case 1:
        return "[" + inner() + ", " + inner() + "]";
      case 2:
        return "{'k': " + inner() + "}";
      case 3:
        return "[" + inner() + "].map(y, y == " + inner() + ")";
      case 4:
        return "size(" + inner() + ")";
      case 5:
        return "string(" + inner() + ")";
      case 6:
      case 7: {
        const std::string left = inner();
        return "(" + left + kOperators[choose(kOperators.size())] + inner() + ")";
      }
      default:
        return kLeaves[choose(kLeaves.size())];
    }
  }

 private:
  /// A number below `count`; 0 when the choices have run out.
  std::size_t choose(std::size_t count) {
    return next_ < choices_.size() ? choices_[next_++] % count : 0;
  }

  const std::vector<std::uint8_t>& choices_;
  std::size_t next_ = 0;
};

void check_any_text(const std::string& text) {
  Limits limits;
  limits.max_cost = 10'000;
  limits.max_result_bytes = 100'000;
  const auto program = Program::compile(text, test::scope());
  if (program) {
    static_cast<void>(program->evaluate(test::bindings(), limits));
  } else {
    RC_ASSERT(program.error().offset <= text.size());
    RC_ASSERT(!program.error().message.empty());
  }
  const auto parts = Template::compile(text, test::scope());
  if (parts) {
    static_cast<void>(parts->evaluate_text(test::bindings(), limits));
  } else {
    RC_ASSERT(parts.error().offset <= text.size());
  }
}

RC_GTEST_PROP(Property, AnyBytesAreAnExpressionOrAnError, (const std::string& text)) {
  check_any_text(text);
}

RC_GTEST_PROP(Property, AnyTokensAreAnExpressionOrAnError, ()) { check_any_text(*source()); }

RC_GTEST_PROP(Property, EvaluationIsDeterministicAndItsJsonReadsBack,
              (const std::vector<std::uint8_t>& choices)) {
  const std::string text = Speller(choices).expression(0);
  const auto first = Program::compile(text, test::scope());
  const auto second = Program::compile(text, test::scope());
  RC_ASSERT(first.has_value() == second.has_value());
  if (!first) {
    RC_ASSERT(first.error().message == second.error().message);
    return;
  }
  const auto one = first->evaluate(test::bindings());
  const auto two = second->evaluate(test::bindings());
  RC_ASSERT(one.has_value() == two.has_value());
  if (!one) {
    RC_ASSERT(one.error().message == two.error().message);
    return;
  }
  RC_ASSERT(to_text(*one) == to_text(*two));
  RC_ASSERT(parse_json(to_text(*one)).has_value());
  const auto as_text =
      Template::compile("x${{ " + text + " }}", test::scope())->evaluate(test::bindings());
  RC_ASSERT(as_text.has_value());
  if (!one->is_string()) {
    // Doubles are spelled differently in text, with the same value.
    const std::string_view tail(as_text->get_string().data() + 1, as_text->get_string().size() - 1);
    const auto read = parse_json(tail);
    RC_ASSERT(read.has_value());
    const Bindings both = [&] {
      Bindings result;
      result.set("a", &*one);
      result.set("b", &*read);
      return result;
    }();
    const Scope names{{{"a", false, {}}, {"b", false, {}}}};
    RC_ASSERT(Program::compile("a == b", names)->evaluate_bool(both).value());
  }
}

/// Any 64 bits, often near the ends and zero.
template <typename T>
rc::Gen<T> integer() {
  return rc::gen::oneOf(
      rc::gen::arbitrary<T>(),
      rc::gen::map(rc::gen::inRange<int>(-3, 4), [](int step) { return static_cast<T>(step); }),
      rc::gen::map(rc::gen::inRange<int>(0, 4),
                   [](int step) {
                     return static_cast<T>(std::numeric_limits<T>::max() - static_cast<T>(step));
                   }),
      rc::gen::map(rc::gen::inRange<int>(0, 4), [](int step) {
        return static_cast<T>(std::numeric_limits<T>::min() + static_cast<T>(step));
      }));
}

/// What `a op b` is with 128 bits, if it fits T.
template <typename T>
std::optional<T> exact(char op, T a, T b) {
  const __int128 x = a;
  const __int128 y = b;
  if ((op == '/' || op == '%') && y == 0) return std::nullopt;
  // The product of two uints needs all 128 bits, and then no sign.
  if (op == '*' && !std::numeric_limits<T>::is_signed) {
    const auto product = static_cast<unsigned __int128>(a) * static_cast<unsigned __int128>(b);
    if (product > std::numeric_limits<T>::max()) return std::nullopt;
    return static_cast<T>(product);
  }
  const __int128 result = op == '+'   ? x + y
                          : op == '-' ? x - y
                          : op == '*' ? x * y
                          : op == '/' ? x / y
                                      : x % y;
  if (result < std::numeric_limits<T>::min() || result > std::numeric_limits<T>::max())
    return std::nullopt;
  return static_cast<T>(result);
}

template <typename T>
void check_arithmetic(std::string_view suffix) {
  const T a = *integer<T>();
  const T b = *integer<T>();
  const char op = *rc::gen::element('+', '-', '*', '/', '%');
  const auto literal = [&](T value) { return fmt::format("{}{}", value, suffix); };
  const std::string source = fmt::format("string({} {} {})", literal(a), op, literal(b));
  const std::optional<T> expected = exact(op, a, b);
  const std::string result = test::run(source);
  if (expected) {
    RC_ASSERT(result == fmt::format("\"{}\"", *expected));
  } else {
    RC_ASSERT(result.starts_with("invalid: "));
  }
}

RC_GTEST_PROP(Property, IntsAreExactOrAnError, ()) { check_arithmetic<std::int64_t>(""); }

RC_GTEST_PROP(Property, UintsAreExactOrAnError, ()) { check_arithmetic<std::uint64_t>("u"); }

RC_GTEST_PROP(Property, IntegersOrderByValueWhateverTheirKind, ()) {
  const auto a = *integer<std::int64_t>();
  const auto b = *integer<std::uint64_t>();
  const __int128 left = a;
  const __int128 right = b;
  const std::string text = fmt::format("[{0} < {1}u, {0} == {1}u, {0} > {1}u, {1}u < {0}]", a, b);
  RC_ASSERT(test::run(text) ==
            fmt::format("[{},{},{},{}]", left<right, left == right, left> right, right < left));
}

RC_GTEST_PROP(Property, DoublesRoundTripThroughText, ()) {
  const double value = *rc::gen::map(rc::gen::arbitrary<std::uint64_t>(), [](std::uint64_t bits) {
    return std::bit_cast<double>(bits);
  });
  if (std::isnan(value)) RC_DISCARD("NaN equals nothing");
  const Json json(value);
  Bindings bindings;
  bindings.set("x", &json);
  RC_ASSERT(Program::compile("double(string(x)) == x", {{{"x", false, {}}}})
                ->evaluate_bool(bindings)
                .value());
}

RC_GTEST_PROP(Property, AnyStringRoundTripsThroughALiteral, ()) {
  std::string text;
  for (const auto& each :
       *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
           "a", "'", "\"", "\\", "\n", "\t", "é", "😀", "}}", "${{", "\x01", "`")))
    text += each;
  // Escaping as another implementation would: every byte in octal as bytes, then back to a string.
  std::string octal = "string(b'";
  for (const char c : text) octal += fmt::format("\\{:03o}", static_cast<unsigned char>(c));
  octal += "')";
  const Json json(text);
  Bindings bindings;
  bindings.set("x", &json);
  const auto program = Program::compile(octal + " == x", {{{"x", false, {}}}});
  RC_ASSERT(program.has_value());
  RC_ASSERT(program->evaluate_bool(bindings).value());
  RC_ASSERT(Template::compile("${{ " + octal + " }}", {})->evaluate_text({}).value() == text);
}

}  // namespace
}  // namespace agentainer::expr

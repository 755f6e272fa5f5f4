#pragma once
// What the tests of this folder share.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "expr/expr.h"

namespace agentainer::expr::test {

inline Json parse(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << text;
  return value ? *value : Json();
}

/// The scope of the tests: state, item and index, and steps, whose members are known.
inline Scope scope() {
  return {{{"state", false, {}},
           {"item", false, {}},
           {"index", false, {}},
           {"steps", true, {"list", "fetch-pages", "reduce"}}}};
}

inline const Json& values() {
  static const Json kValues = parse(R"({
    "state": {"score": 0.9, "count": 3, "name": "Ada", "urls": ["a", "b"], "none": null,
              "big": 18446744073709551615, "nested": {"a": {"b": [10, 20]}}, "flag": true,
              "odd key": 1, "café": "ü"},
    "item": {"id": 7}, "index": 2, "steps": {"list": {"output": [1, 2]}, "fetch-pages": {"output": "x"}}})");
  return kValues;
}

inline Bindings bindings() {
  Bindings result;
  for (const auto& [name, value] : values().as_object())
    result.set(std::string_view(name.data(), name.size()), &value);
  return result;
}

/// The value as JSON text, or "compile@<offset>: <message>", or "<code>: <message>".
inline std::string run(std::string_view source, const Limits& limits = {}) {
  const auto program = Program::compile(source, scope());
  if (!program)
    return fmt::format("compile@{}: {}", program.error().offset, program.error().message);
  const auto value = program->evaluate(bindings(), limits);
  if (!value) return fmt::format("{}: {}", to_string(value.error().code), value.error().message);
  return to_text(*value);
}

}  // namespace agentainer::expr::test

// Any bytes, as an expression and as a template: an answer or an error, within the limits, never a
// crash. Run it with tests/fuzz/cel.dict.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "expr/expr.h"

namespace agentainer::expr {
namespace {

const Json& values() {
  static const Json kValues = parse_json(R"({"state": {"score": 0.9, "count": 3, "name": "Ada",
      "urls": ["a", "b"], "none": null, "big": 18446744073709551615, "nested": {"a": [1, [2]]}},
      "item": {"id": 7}, "index": 2, "steps": {"list": {"output": [1, 2]}}})")
                                  .value();
  return kValues;
}

void check_offset(const SourceError& error, std::string_view text) {
  AGENTAINER_CHECK(error.offset <= text.size(), "an error points into its text");
  AGENTAINER_CHECK(!error.message.empty(), "an error says what is wrong");
}

void run(std::string_view text) {
  const Scope scope{{{"state", false, {}},
                     {"item", false, {}},
                     {"index", false, {}},
                     {"steps", true, {"list", "fetch-pages"}},
                     {"a.b", false, {}}}};
  Bindings bindings;
  for (const auto& [name, value] : values().as_object())
    bindings.set(std::string_view(name.data(), name.size()), &value);
  Limits limits;
  limits.max_cost = 20'000;
  limits.max_result_bytes = 256 * 1024;
  if (const auto program = Program::compile(text, scope)) {
    if (const auto value = program->evaluate(bindings, limits)) {
      AGENTAINER_CHECK(parse_json(to_text(*value)), "a result is JSON that reads back");
      const auto again = program->evaluate(bindings, limits);
      AGENTAINER_CHECK(again && *again == *value, "an evaluation gives the same again");
    }
  } else {
    check_offset(program.error(), text);
  }
  if (const auto parts = Template::compile(text, scope)) {
    static_cast<void>(parts->evaluate(bindings, limits));
    static_cast<void>(parts->evaluate_text(bindings, limits));
  } else {
    check_offset(parts.error(), text);
  }
}

}  // namespace
}  // namespace agentainer::expr

// NOLINTNEXTLINE(readability-identifier-naming): the name is libFuzzer's.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  agentainer::expr::run({reinterpret_cast<const char*>(data), size});
  return 0;
}

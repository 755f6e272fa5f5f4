// The public vectors of CEL (tests/conformance/cel), all of them.

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "expr/compile.h"
#include "expr/containers.h"
#include "expr/context.h"
#include "expr/evaluate.h"
#include "expr/numbers.h"

namespace agentainer::expr {
namespace {

const std::string kFolder = AGENTAINER_SOURCE_DIR "/tests/conformance/cel/";

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << "cannot read " << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }

/// The one member of a typed value, {"int": "5"}.
const json::key_value_pair& typed(const Json& value) { return *value.as_object().begin(); }

double to_double(const json::string& text) { return parse_double(view(text)).value(); }

/// A typed value as what a workflow would bind.
Json to_binding(const Json& value) {
  const json::string_view type = typed(value).key();
  const Json& content = typed(value).value();
  if (type == "int") return Json(parse_int(view(content.as_string())).value());
  if (type == "uint") return Json(parse_uint(view(content.as_string())).value());
  if (type == "double") return Json(to_double(content.as_string()));
  if (type == "list") {
    json::array list;
    for (const Json& item : content.as_array()) list.push_back(to_binding(item));
    return list;
  }
  if (type == "map") {
    json::object map;
    for (const Json& entry : content.as_array())
      map[typed(entry.at(0)).value().as_string()] = to_binding(entry.at(1));
    return map;
  }
  return content;
}

/// Whether a result is exactly the typed value, its type included.
bool matches(const Value& value, const Json& expected) {
  const json::string_view type = typed(expected).key();
  const Json& content = typed(expected).value();
  if (type == "null") return value.is(Kind::kNull);
  if (type == "bool") return value.is(Kind::kBool) && value.is_true() == content.as_bool();
  if (type == "string") return value.is(Kind::kString) && value.text() == view(content.as_string());
  if (type == "int")
    return value.is(Kind::kInt) && value.as_int() == parse_int(view(content.as_string())).value();
  if (type == "uint")
    return value.is(Kind::kUint) &&
           value.as_uint() == parse_uint(view(content.as_string())).value();
  if (type == "double") {
    const double wanted = to_double(content.as_string());
    if (!value.is(Kind::kDouble)) return false;
    if (std::isnan(wanted)) return std::isnan(value.as_double());
    return value.as_double() == wanted && std::signbit(value.as_double()) == std::signbit(wanted);
  }
  const json::array& items = content.as_array();
  if (type == "list") {
    if (!value.is(Kind::kList) || value.list_size() != items.size()) return false;
    for (std::size_t i = 0; i < items.size(); ++i)
      if (!matches(value.item(i), items[i])) return false;
    return true;
  }
  if (type != "map" || !value.is(Kind::kMap) || map_size(value) != items.size()) return false;
  for (const Json& entry : items) {
    // All keys in the vectors' results are strings.
    const auto found = find(value, Value::string(view(typed(entry.at(0)).value().as_string())));
    if (!found || !matches(*found, entry.at(1))) return false;
  }
  return true;
}

/// Why the vector does not pass, or nothing.
std::string run(const json::object& vector, Unknown unknown) {
  Scope scope;
  Bindings bindings;
  std::map<std::string, Json, std::less<>> values;
  if (const Json* given = vector.if_contains("bindings")) {
    for (const auto& [name, value] : given->as_object()) {
      const auto [entry, added] = values.emplace(std::string(name), to_binding(value));
      scope.variables.push_back({entry->first, false, {}});
      bindings.set(entry->first, &entry->second);
    }
  }
  const bool must_fail = vector.contains("error");
  const auto program = compile_program(view(vector.at("expr").as_string()), scope, unknown);
  if (!program) return must_fail ? "" : "does not compile: " + program.error().message;
  Context context(bindings, Limits{});
  const Value value = evaluate((*program)->ast, context);
  if (value.is_fault()) {
    const Error error = describe(context.fault(), (*program)->ast, (*program)->source);
    EXPECT_FALSE(error.message.empty());
    return must_fail ? "" : "fails: " + error.message;
  }
  if (must_fail) return "gives a value; expected an error";
  return matches(value, vector.at("value"))
             ? ""
             : "gives another value than " + json::serialize(vector.at("value"));
}

/// `file: name` of the lines "- file: name: reason".
std::set<std::string> read_exceptions() {
  std::set<std::string> names;
  std::istringstream text(read_file(kFolder + "exceptions.md"));
  for (std::string line; std::getline(text, line);) {
    if (!line.starts_with("- ")) continue;
    const std::size_t reason = line.find(": ", line.find(": ") + 2);
    EXPECT_NE(reason, std::string::npos) << "an exception needs a reason: " << line;
    names.insert(line.substr(2, reason - 2));
  }
  return names;
}

class Conformance : public testing::TestWithParam<const char*> {};

TEST_P(Conformance, EveryVectorPassesOrIsExcused) {
  const std::string file = GetParam();
  const std::set<std::string> exceptions = read_exceptions();
  const auto vectors = parse_json(read_file(kFolder + file));
  ASSERT_TRUE(vectors) << vectors.error().message;
  std::size_t passed = 0;
  for (const Json& each : vectors->as_array()) {
    const json::object& vector = each.as_object();
    const std::string name = file + ": " + std::string(view(vector.at("name").as_string()));
    const std::string problem = run(vector, Unknown::kFailsWhenReached);
    passed += problem.empty() ? 1 : 0;
    if (exceptions.contains(name)) {
      EXPECT_NE(problem, "") << name << " passes; take it off exceptions.md";
    } else {
      EXPECT_EQ(problem, "") << name << "\n  " << vector.at("expr");
    }
    // The check before the run refuses nothing that works.
    if (name.find("unbound_is_runtime_error") == std::string::npos) {
      EXPECT_EQ(run(vector, Unknown::kIsError), problem) << name << " when checked";
    }
  }
  RecordProperty("passed", static_cast<int>(passed));
  EXPECT_GT(passed, 0u);
}

INSTANTIATE_TEST_SUITE_P(Cel, Conformance,
                         testing::Values("basic.json", "comparisons.json", "conversions.json",
                                         "fields.json", "fp_math.json", "integer_math.json",
                                         "lists.json", "logic.json", "macros.json", "string.json",
                                         "string_ext.json"),
                         [](const auto& each) {
                           const std::string name = each.param;
                           return name.substr(0, name.find('.'));
                         });

}  // namespace
}  // namespace agentainer::expr

// Every route does what the OpenAPI document says it does.

#include "api/routes.h"

#include <gtest/gtest.h>

#include <set>

#include "api/openapi.h"
#include "api/test_api.h"

namespace agentainer::api {
namespace {

/// Whether a value is what a schema of ours says. Knows the words our schemas use.
class Shape {
 public:
  explicit Shape(const Json& document) : document_(document) {}

  /// What is wrong, or nothing.
  std::string fault(const Json& schema, const Json& value, const std::string& place) const {
    const json::object& rules = schema.as_object();
    if (const Json* reference = rules.if_contains("$ref"))
      return fault(document_.at_pointer(reference->as_string().subview(1)), value, place);
    if (const Json* constant = rules.if_contains("const"); constant && *constant != value)
      return place + " is another constant";
    if (const Json* type = rules.if_contains("type"); type && !fits(*type, value))
      return fmt::format("{} is {} and no {}", place, to_text(value), to_text(*type));
    if (const Json* known = rules.if_contains("enum"); known && !has(known->as_array(), value))
      return fmt::format("{} is {}", place, to_text(value));
    if (value.is_array() && rules.contains("items"))
      for (const Json& one : value.get_array())
        if (std::string found = fault(rules.at("items"), one, place + "[]"); !found.empty())
          return found;
    return value.is_object() ? fault_of_members(rules, value.get_object(), place) : "";
  }

 private:
  std::string fault_of_members(const json::object& rules, const json::object& value,
                               const std::string& place) const {
    if (const Json* required = rules.if_contains("required"))
      for (const Json& name : required->as_array())
        if (!value.contains(name.as_string()))
          return fmt::format("{} lacks {}", place, to_text(name));
    const Json* properties = rules.if_contains("properties");
    if (properties == nullptr) return "";
    for (const auto& [name, schema] : properties->as_object())
      if (const Json* member = value.if_contains(name))
        if (std::string found = fault(schema, *member, place + "." + std::string(name));
            !found.empty())
          return found;
    return "";
  }

  static bool has(const json::array& values, const Json& value) {
    return std::find(values.begin(), values.end(), value) != values.end();
  }

  static bool fits(const Json& type, const Json& value) {
    if (type.is_array())
      return std::any_of(type.get_array().begin(), type.get_array().end(),
                         [&](const Json& one) { return fits(one, value); });
    const std::string_view name = type.as_string();
    return (name == "object" && value.is_object()) || (name == "array" && value.is_array()) ||
           (name == "string" && value.is_string()) || (name == "boolean" && value.is_bool()) ||
           (name == "integer" && (value.is_int64() || value.is_uint64())) ||
           (name == "null" && value.is_null());
  }

  const Json& document_;
};

/// What the document says of a route.
const json::object& documented(const Json& document, const Route& route) {
  std::string method(route.method);
  for (char& c : method) c = static_cast<char>(std::tolower(c));
  return document.at("paths").at(route.path).at(method).as_object();
}

void collect_references(const Json& value, std::set<std::string>& out) {
  if (value.is_array())
    for (const Json& one : value.get_array()) collect_references(one, out);
  if (!value.is_object()) return;
  for (const auto& [key, member] : value.get_object()) {
    if (key == "$ref") out.insert(std::string(member.as_string()));
    collect_references(member, out);
  }
}

TEST(OpenApi, HasEveryRouteWithItsParametersAndNoBrokenReference) {
  const Json document = openapi_document("1.2.3");
  EXPECT_EQ(document.at("info").at("version"), Json("1.2.3"));
  std::set<std::string> names;
  std::size_t operations = 0;
  for (const auto& [path, methods] : document.at("paths").as_object())
    operations += methods.as_object().size();
  EXPECT_EQ(operations, routes().size());
  for (const Route& route : routes()) {
    const json::object& operation = documented(document, route);
    EXPECT_TRUE(names.insert(std::string(operation.at("operationId").as_string())).second)
        << route.name << " is there twice";
    EXPECT_EQ(operation.contains("requestBody"), !route.body.empty()) << route.name;
    std::set<std::string> parameters;
    for (const Json& parameter : operation.at("parameters").as_array()) {
      const std::string name(parameter.at("name").as_string());
      EXPECT_TRUE(parameters.insert(name).second) << route.name << ": " << name;
      if (parameter.at("in") == Json("path")) {
        EXPECT_NE(route.path.find("{" + name + "}"), route.path.npos) << route.name;
      }
    }
    const auto braces = std::count(route.path.begin(), route.path.end(), '{');
    const auto in_path = std::count_if(
        operation.at("parameters").as_array().begin(), operation.at("parameters").as_array().end(),
        [](const Json& parameter) { return parameter.at("in") == Json("path"); });
    EXPECT_EQ(in_path, braces) << route.name;
  }
  std::set<std::string> references;
  collect_references(document, references);
  EXPECT_FALSE(references.empty());
  for (const std::string& reference : references) {
    boost::system::error_code error;
    ASSERT_EQ(reference.front(), '#');
    EXPECT_NE(document.find_pointer(reference.substr(1), error), nullptr) << reference;
  }
}

TEST(Routes, AreFoundByTheirOwnPath) {
  for (const Route& route : routes()) {
    const auto target = net::parse_http_target(route.path);
    ASSERT_TRUE(target);
    const Match match = find_route(route.method, target->segments);
    ASSERT_EQ(match.route, &route) << route.path << " is hidden by another route";
    for (const auto& [name, value] : match.parameters)
      EXPECT_EQ(value, fmt::format("{{{}}}", name));
    auto longer = target->segments;
    longer.push_back("more");
    const Match other = find_route(route.method, longer);
    EXPECT_NE(other.route, &route);
    auto shorter = target->segments;
    shorter.pop_back();
    EXPECT_NE(find_route(route.method, shorter).route, &route);
  }
}

/// A world with a workflow in each situation a request may find one in.
struct Situations {
  TestApi world;
  std::vector<std::string> ids;
  std::string token;

  Situations() {
    const char* const step = "{id: a, command: [x]}, {id: b, command: [x], depends_on: [a]}";
    ids.push_back(world.make(step));  // running
    ids.push_back(world.make(step));
    EXPECT_EQ(world.call("POST", "/workflows/" + ids[1] + "/pause").status, 202);
    ids.push_back(world.make(step, false));  // pending
    world.plan.never_ends = false;
    ids.push_back(world.make(step));
    EXPECT_TRUE(world.run_until([&] { return world.status_of(ids[3]) == "completed"; }));
    world.plan.succeeded = false;
    ids.push_back(world.make(step));
    EXPECT_TRUE(world.run_until([&] { return world.status_of(ids[4]) == "failed"; }));
    world.plan = {.never_ends = true};
    token = world.token(Scope::kRead).substr(4, 12);
  }

  /// The request of a route that should succeed, if the workflow's situation lets it.
  net::HttpRequest request(const Route& route, const std::string& id) const {
    std::string path(route.path);
    const std::pair<std::string_view, std::string_view> values[] = {
        {"{id}", id}, {"{step}", "a"}, {"{task}", "0"}, {"{name}", "go"}, {"{token}", token}};
    for (const auto& [name, value] : values)
      if (const std::size_t at = path.find(name); at != path.npos)
        path.replace(at, name.size(), value);
    std::string body;
    if (route.body == "workflow") body = "name: other\nsteps: [{id: a, command: [x]}]";
    if (route.body == "Any") body = "[1]";
    if (route.body == "StateSetting") body = R"({"key":"k","value":1})";
    if (route.body == "StateUpdate") body = R"({"key":"k","operation":"append","value":1})";
    if (route.body == "TokenRequest") body = R"({"scope":"read","name":"x"})";
    return world.request(std::string(route.method), path, body);
  }
};

TEST(Routes, AnswerAsDocumented) {
  const Json document = openapi_document("1.2.3");
  const Shape shape(document);
  for (const Route& route : routes()) {
    std::set<int> seen;
    for (std::size_t i = 0; i < 5; ++i) {
      Situations situations;
      const Answer answer = situations.world.call(situations.request(route, situations.ids[i]));
      seen.insert(answer.status);
      const json::object& responses = documented(document, route).at("responses").as_object();
      const Json* response = responses.if_contains(std::to_string(answer.status));
      ASSERT_NE(response, nullptr) << route.name << " answers " << answer.status << " to " << i;
      if (answer.stream) continue;
      const Json& schema = response->at("content").at("application/json").at("schema");
      EXPECT_EQ(shape.fault(schema, answer.body, "answer"), "")
          << route.name << " to " << i << ": " << answer.raw.body;
    }
    EXPECT_TRUE(seen.contains(route.status)) << route.name << " never succeeds";
  }
}

TEST(Routes, Say404OfWorkflowsThatAreNotThere) {
  Situations situations;
  for (const Route& route : routes()) {
    if (route.path.find("{id}") == route.path.npos) continue;
    for (const char* id : {"01jzzzzzzzzzzzzzzzzzzzzzzz", "x", "..%2f..", "%C3%A9"})
      EXPECT_EQ(situations.world.call(situations.request(route, id)).status, 404)
          << route.name << " of " << id;
  }
}

}  // namespace
}  // namespace agentainer::api

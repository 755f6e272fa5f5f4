#include "api/openapi.h"

#include "api/body_check.h"
#include "api/routes.h"
#include "net/http/message.h"

namespace agentainer::api {
namespace {

std::string_view type_name(QueryParameter::Type type) {
  switch (type) {
    case QueryParameter::Type::kText:
      return "string";
    case QueryParameter::Type::kInteger:
      return "integer";
    case QueryParameter::Type::kBoolean:
      return "boolean";
  }
  return "string";
}

Json reference(std::string_view schema) {
  return {{"$ref", fmt::format("#/components/schemas/{}", schema)}};
}

/// The names in braces.
std::vector<std::string_view> names_in(std::string_view path) {
  std::vector<std::string_view> names;
  for (std::size_t open = path.find('{'); open != path.npos; open = path.find('{', open + 1))
    names.push_back(path.substr(open + 1, path.find('}', open) - open - 1));
  return names;
}

json::array parameters_of(const Route& route) {
  json::array out;
  for (const std::string_view name : names_in(route.path))
    out.push_back({{"name", name},
                   {"in", "path"},
                   {"required", true},
                   {"schema", json::object{{"type", "string"}}}});
  for (const QueryParameter& parameter : route.query)
    out.push_back({{"name", parameter.name},
                   {"in", "query"},
                   {"required", false},
                   {"description", parameter.description},
                   {"schema", json::object{{"type", type_name(parameter.type)}}}});
  if (route.operation == Operation::kCreateWorkflow)
    out.push_back({{"name", "Idempotency-Key"},
                   {"in", "header"},
                   {"required", false},
                   {"schema", json::object{{"type", "string"}, {"maxLength", 200}}}});
  return out;
}

Json content(std::string_view type, Json schema) {
  return {{type, json::object{{"schema", std::move(schema)}}}};
}

Json answer_of(const Route& route) {
  if (route.operation == Operation::kStreamEvents)
    return content("text/event-stream", reference(route.answer));
  if (route.operation == Operation::kOpenApi) return content("application/json", json::object{});
  return content("application/json",
                 {{"type", "object"},
                  {"required", json::array{"success", "message", "data"}},
                  {"properties", json::object{{"success", json::object{{"const", true}}},
                                              {"message", json::object{{"type", "string"}}},
                                              {"data", reference(route.answer)}}}});
}

Json responses_of(const Route& route) {
  json::object out;
  out[std::to_string(route.status)] = {{"description", route.summary},
                                       {"content", answer_of(route)}};
  // A request that was made before with the same Idempotency-Key.
  if (route.operation == Operation::kCreateWorkflow)
    out["200"] = {{"description", "The workflow made earlier"}, {"content", answer_of(route)}};
  std::vector<int> refusals{400, 403, 405, 413, 431, 503};
  if (route.scope != Scope::kNone) refusals.insert(refusals.end(), {401, 429});
  refusals.insert(refusals.end(), route.refusals.begin(), route.refusals.end());
  for (const int status : refusals)
    out[std::to_string(status)] = {{"description", net::reason_phrase(status)},
                                   {"content", content("application/json", reference("Refusal"))}};
  return out;
}

Json body_of(const Route& route) {
  if (route.body == "workflow")
    return {
        {"required", true},
        {"content", json::object{{"application/json", json::object{{"schema", json::object{}}}},
                                 {"application/yaml", json::object{{"schema", json::object{}}}}}}};
  const Json* schema = schemas().if_contains(route.body);
  const bool is_required =
      schema != nullptr && schema->is_object() && schema->get_object().contains("required");
  return {{"required", is_required},
          {"content", content("application/json", reference(route.body))}};
}

}  // namespace

Json openapi_document(std::string_view version) {
  json::object paths;
  for (const Route& route : routes()) {
    std::string method(route.method);
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    json::object operation{{"operationId", route.name},
                           {"summary", route.summary},
                           {"parameters", parameters_of(route)},
                           {"responses", responses_of(route)},
                           {"x-scope", to_string(route.scope)}};
    if (route.scope == Scope::kNone) operation["security"] = json::array{};
    if (!route.body.empty()) operation["requestBody"] = body_of(route);
    if (!paths.contains(route.path)) paths[route.path] = json::object{};
    paths[route.path].as_object()[method] = std::move(operation);
  }
  json::object components = schemas();
  components["Refusal"] = {
      {"type", "object"},
      {"required", json::array{"success", "message", "data", "error"}},
      {"properties", json::object{{"success", json::object{{"const", false}}},
                                  {"message", json::object{{"type", "string"}}},
                                  {"data", json::object{}},
                                  {"error", json::object{{"type", "object"}}}}}};
  return {
      {"openapi", "3.1.0"},
      {"info", json::object{{"title", "Agentainer Flow"}, {"version", version}}},
      {"security", json::array{json::object{{"token", json::array{}}}}},
      {"paths", std::move(paths)},
      {"components",
       json::object{{"securitySchemes",
                     json::object{{"token", json::object{{"type", "http"}, {"scheme", "bearer"}}}}},
                    {"schemas", std::move(components)}}}};
}

}  // namespace agentainer::api

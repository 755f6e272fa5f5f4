// The JSON Schema of workflow files, made from the field tables.

#include <fmt/format.h>

#include "base/json.h"
#include "workflow/fields.h"
#include "workflow/parse.h"

namespace agentainer::workflow {
namespace {

std::string definition_name(const Table& table) {
  std::string name(table.name);
  for (char& c : name)
    if (c == ' ') c = '_';
  return name;
}

json::object reference(std::string_view definition) {
  return {{"$ref", "#/$defs/" + std::string(definition)}};
}

json::object of_type(std::string_view type) { return {{"type", type}}; }

json::object any_of(std::initializer_list<json::object> schemas) {
  return {{"anyOf", json::array(schemas.begin(), schemas.end())}};
}

json::object list_of(json::object items) {
  return {{"type", "array"}, {"items", std::move(items)}};
}

json::object map_of(json::object values) {
  return {{"type", "object"}, {"additionalProperties", std::move(values)}};
}

/// A bound as it reads best: without a fraction where it has none.
json::value number(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  if (static_cast<double>(whole) == value) return whole;
  return value;
}

json::object choice_of(const Field& field) {
  json::array names(field.choices.begin(), field.choices.end());
  return {{"enum", std::move(names)}};
}

json::object shape_of(const Field& field) {
  switch (field.shape) {
    case Shape::kBool:
      return of_type("boolean");
    case Shape::kInteger:
    case Shape::kNumber: {
      json::object schema = of_type(field.shape == Shape::kInteger ? "integer" : "number");
      schema["minimum"] = number(field.minimum);
      schema["maximum"] = number(field.maximum);
      return schema;
    }
    case Shape::kText:
    case Shape::kPath:
      return of_type("string");
    case Shape::kScalar:
      return reference("scalar");
    case Shape::kEnum:
      return choice_of(field);
    case Shape::kEnumList:
      return any_of({choice_of(field), list_of(choice_of(field))});
    case Shape::kDuration:
      return reference("duration");
    case Shape::kBytes:
      return reference("size");
    case Shape::kCores:
      return reference("cores");
    case Shape::kStepNames:
      return any_of({of_type("string"), list_of(of_type("string"))});
    case Shape::kCommand:
      return reference("command");
    case Shape::kTextList:
      return list_of(reference("scalar"));
    case Shape::kTextMap:
      return map_of(reference("scalar"));
    case Shape::kCondition:
      return reference(definition_name(kConditionTable));
    case Shape::kConditions: {
      json::object schema = list_of(reference(definition_name(kConditionTable)));
      schema["minItems"] = 1;
      return schema;
    }
    case Shape::kAnything:
      return {};
    case Shape::kAnyMap:
      return of_type("object");
    case Shape::kObject:
      return reference(definition_name(*field.table));
    case Shape::kObjectList:
      return list_of(reference(definition_name(*field.table)));
    case Shape::kSteps: {
      const std::string step = definition_name(kStepTable);
      json::object list = list_of(reference(step));
      list["minItems"] = 1;
      json::object map = map_of(reference(step));
      map["minProperties"] = 1;
      return any_of({std::move(list), std::move(map)});
    }
  }
  return {};
}

void add_fields(json::object& properties, const Table& table) {
  for (const Field& field : table.fields) {
    // `false` says that nothing may stand there; an editor shows the key as wrong.
    json::object schema = shape_of(field);
    std::string doc(field.doc);
    if (field.use == Use::kLater) doc += " (No effect in this version.)";
    if (field.use == Use::kNever) {
      schema = {{"not", json::object()}};
      doc = "Cannot be used: " + doc;
    }
    if (!field.fallback.empty()) doc += fmt::format(" Default: {}.", field.fallback);
    schema["description"] = doc;
    properties[field.name] = schema;
    for (const std::string_view alias : field.aliases)
      if (!alias.empty()) properties[alias] = schema;
  }
}

/// A mapping with the fields of all `tables`.
json::object object_of(std::initializer_list<const Table*> tables) {
  json::object properties;
  json::array required;
  for (const Table* table : tables) {
    add_fields(properties, *table);
    for (const Field& field : table->fields)
      if (field.required) required.emplace_back(field.name);
  }
  json::object schema = of_type("object");
  schema["properties"] = std::move(properties);
  schema["patternProperties"] = json::object{{"^x-", json::object()}};
  schema["additionalProperties"] = false;
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json::object definitions() {
  json::object made;
  const json::object non_negative{{"type", "number"}, {"minimum", 0}};
  made["scalar"] = json::object{{"type", json::array{"string", "number", "boolean"}}};
  made["duration"] = any_of(
      {non_negative, json::object{{"type", "string"},
                                  {"pattern", R"(^ *([0-9.]+|([0-9.]+(ms|s|m|h|d|w) *)+) *$)"}}});
  made["duration"].as_object()["description"] =
      "90s, 10m, 1h30m, 250ms; a plain number is seconds.";
  made["size"] =
      any_of({non_negative,
              json::object{{"type", "string"},
                           {"pattern", R"(^ *[0-9.]+ *([kKmMgGtT]?[bB]|[kKmMgGtT][iI][bB]?)?$)"}}});
  made["size"].as_object()["description"] = "256MiB, 1GB; a plain number is bytes.";
  made["cores"] =
      any_of({non_negative, json::object{{"type", "string"}, {"pattern", R"(^ *[0-9.]+m?$)"}}});
  made["cores"].as_object()["description"] = "0.5, 2; 500m is half a core.";
  json::object arguments = list_of(reference("scalar"));
  arguments["minItems"] = 1;
  made["command"] =
      any_of({json::object{{"type", "string"}, {"minLength", 1}}, std::move(arguments)});
  for (const Table* table : all_tables()) {
    if (table == &kWorkflowTable) continue;
    if (table == &kStepTable)
      made[definition_name(*table)] = object_of({table, &kStepConfigTable});
    else if (table == &kConditionTable)
      made[definition_name(*table)] =
          any_of({of_type("string"), of_type("boolean"), object_of({table})});
    else
      made[definition_name(*table)] = object_of({table});
  }
  return made;
}

/// Two spaces a level, so that a change of one field is a change of few lines.
void write(std::string& out, const json::value& value, std::size_t depth) {
  const std::string indent(2 * (depth + 1), ' ');
  const auto lines = [&](char open, char close, const auto& container, const auto& write_one) {
    out += open;
    bool first = true;
    for (const auto& one : container) {
      out += first ? "\n" : ",\n";
      out += indent;
      write_one(one);
      first = false;
    }
    if (!first) out += "\n" + std::string(2 * depth, ' ');
    out += close;
  };
  if (const json::object* object = value.if_object()) {
    lines('{', '}', *object, [&](const auto& member) {
      append_json_string(out, member.key());
      out += ": ";
      write(out, member.value(), depth + 1);
    });
  } else if (const json::array* list = value.if_array()) {
    lines('[', ']', *list, [&](const json::value& item) { write(out, item, depth + 1); });
  } else {
    out += to_text(value);
  }
}

}  // namespace

std::string json_schema() {
  json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                      {"title", "Agentainer Flow workflow"}};
  for (auto& member : object_of({&kWorkflowTable, &kConfigTable}))
    schema[member.key()] = member.value();
  schema["$defs"] = definitions();
  std::string out;
  write(out, schema, 0);
  out += '\n';
  return out;
}

}  // namespace agentainer::workflow

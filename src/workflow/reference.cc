#include "workflow/reference.h"

#include <fmt/format.h>

namespace agentainer::workflow {
namespace {

std::string type_of(const Field& field) {
  const auto names = [&] {
    std::string text;
    for (const std::string_view choice : field.choices)
      text += fmt::format("{}`{}`", text.empty() ? "" : ", ", choice);
    return text;
  };
  switch (field.shape) {
    case Shape::kBool:
      return "`true`, `false`";
    case Shape::kInteger:
      return fmt::format("{:.0f} to {:.0f}", field.minimum, field.maximum);
    case Shape::kNumber:
      return fmt::format("number, {} to {}", field.minimum, field.maximum);
    case Shape::kText:
      return "text";
    case Shape::kScalar:
      return "text";
    case Shape::kEnum:
      return names();
    case Shape::kEnumList:
      return "one or a list of " + names();
    case Shape::kDuration:
      return "[duration](#units)";
    case Shape::kBytes:
      return "[size](#units)";
    case Shape::kCores:
      return "[cores](#units)";
    case Shape::kPath:
      return "[path](#paths)";
    case Shape::kStepNames:
      return "id, or list of ids";
    case Shape::kCommand:
      return "list of text, or text";
    case Shape::kTextList:
      return "list of text";
    case Shape::kTextMap:
      return "mapping of text";
    case Shape::kCondition:
      return "[condition](#conditions)";
    case Shape::kConditions:
      return "list of [conditions](#conditions)";
    case Shape::kAnything:
      return "any value";
    case Shape::kAnyMap:
      return "mapping";
    case Shape::kObject:
      return "mapping";
    case Shape::kObjectList:
      return "list of mappings";
    case Shape::kSteps:
      return "list, or mapping of ids";
  }
  return {};
}

}  // namespace

std::string field_reference(const Table& table) {
  std::string text = "| field | type | default | meaning |\n|---|---|---|---|\n";
  for (const Field& field : table.fields) {
    std::string name = fmt::format("`{}`", field.name);
    for (const std::string_view alias : field.aliases)
      if (!alias.empty()) name += fmt::format(" or `{}`", alias);
    std::string fallback(field.required ? "required" : field.fallback);
    std::string doc(field.doc);
    if (field.use == Use::kLater) doc += " *No effect in this version.*";
    if (field.use == Use::kNever) doc = "*Not in this version:* " + doc + ".";
    text += fmt::format("| {} | {} | {} | {} |\n", name, type_of(field), fallback, doc);
  }
  return text;
}

}  // namespace agentainer::workflow

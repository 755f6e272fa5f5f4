#include "workflow/object_reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "workflow/parse.h"
#include "workflow/units.h"
#include "workflow/words.h"

namespace agentainer::workflow {
namespace {

/// Fields of the original's answers that a file copied from one may still have.
bool is_set_by_server(std::string_view key) {
  return key == "status" || key == "created_at" || key == "updated_at" || key == "started_at" ||
         key == "completed_at";
}

/// An empty value of these is an empty mapping, or null itself.
bool may_be_empty(Shape shape) { return shape == Shape::kAnyMap || shape == Shape::kTextMap; }

/// Whether a field without effect asks for what happens anyway: nothing, or the first of its
/// choices.
bool asks_for_nothing(const Field& field, const Value& value) {
  if (value.kind() == Kind::kNull) return true;
  if (value.kind() == Kind::kBool) return !value.is_true();
  return field.shape == Shape::kEnum && value.is_scalar() && value.text() == field.choices[0];
}

}  // namespace

void ObjectReader::add(const Value& mapping, std::initializer_list<const Table*> tables) {
  for (const Entry& entry : mapping.entries()) {
    const std::string_view name = entry.key.text();
    if (is_extension(name)) continue;
    const Field* field = nullptr;
    for (const Table* table : tables)
      if (field == nullptr) field = table->find(name);
    if (field == nullptr) {
      unknown_key(entry.key, tables);
      continue;
    }
    const Given given{field, entry.key, entry.value, mapping.where()};
    if (const Given* earlier = find(field->name)) {
      // The same key twice in one mapping is the document reader's to report.
      if (earlier->key.text() != name)
        reporter_->error(entry.key, fmt::format("{} and {} are the same field; give one of them",
                                                quote(name), quote(earlier->key.text())));
      else if (earlier->mapping != mapping.where())
        reporter_->error(entry.key, fmt::format("{} is given twice; the first is on line {}",
                                                quote(name), earlier->key.line()));
      continue;
    }
    const bool nothing =
        entry.value.kind() == Kind::kNull && (entry.value.text().empty() || field->required);
    if (nothing && !may_be_empty(field->shape))
      reporter_->error(entry.key, fmt::format("{} has no value", quote(name)));
    note_use(given);
    given_.push_back(given);
  }
}

void ObjectReader::note_use(const Given& given) const {
  if (given.field->use == Use::kNever) {
    reporter_->error(
        given.key, fmt::format("{} cannot be used: {}", quote(given.key.text()), given.field->doc));
  } else if (given.field->use == Use::kLater && !asks_for_nothing(*given.field, given.value)) {
    reporter_->warning(given.key,
                       fmt::format("{} has no effect in this version", quote(given.key.text())));
  }
}

void ObjectReader::unknown_key(const Value& key, std::initializer_list<const Table*> tables) {
  clean_ = false;
  const std::string_view name = key.text();
  if (is_set_by_server(name))
    return reporter_->error(key, fmt::format("{} is set by the server; remove it", quote(name)));
  std::vector<std::string_view> known;
  for (const Table* table : tables)
    for (const Field& field : table->fields) {
      if (field.shape == Shape::kObject && field.table != &kStepConfigTable &&
          field.table != &kConfigTable && field.table->find(name) != nullptr)
        return reporter_->error(key,
                                fmt::format("{} belongs under {}", quote(name), quote(field.name)));
      known.push_back(field.name);
      for (const std::string_view alias : field.aliases)
        if (!alias.empty()) known.push_back(alias);
    }
  const std::string_view near = reporter_->nearest(name, known);
  for (const Table* table : tables)
    if (const Field* field = table->find(near)) suspected_.push_back(field->name);
  reporter_->error(key,
                   fmt::format("unknown field {} of a {}{}", quote(name), (*tables.begin())->name,
                               near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

bool ObjectReader::misses(std::string_view field) const {
  return !has(field) && std::find(suspected_.begin(), suspected_.end(), field) == suspected_.end();
}

ObjectReader ObjectReader::overlaid(const ObjectReader& other) const {
  ObjectReader result = other;
  result.suspected_.insert(result.suspected_.end(), suspected_.begin(), suspected_.end());
  for (const Given& given : given_)
    if (other.find(given.field->name) == nullptr) result.given_.push_back(given);
  return result;
}

ObjectReader ObjectReader::without(std::initializer_list<std::string_view> fields) const {
  ObjectReader result(*reporter_);
  result.suspected_ = suspected_;
  for (const Given& given : given_)
    if (std::find(fields.begin(), fields.end(), given.field->name) == fields.end())
      result.given_.push_back(given);
  return result;
}

const ObjectReader::Given* ObjectReader::find(std::string_view field) const {
  const auto found = std::find_if(given_.begin(), given_.end(),
                                  [&](const Given& given) { return given.field->name == field; });
  return found == given_.end() ? nullptr : &*found;
}

const ObjectReader::Given* ObjectReader::find(std::string_view field,
                                              std::initializer_list<Shape> shapes) const {
  const Given* given = find(field);
  if (given == nullptr || given->value.kind() == Kind::kNull) return nullptr;
  AGENTAINER_CHECK(std::find(shapes.begin(), shapes.end(), given->field->shape) != shapes.end(),
                   "a field is read as its table describes it");
  return given;
}

std::optional<Value> ObjectReader::value(std::string_view field) const {
  const Given* given = find(field);
  if (given == nullptr) return std::nullopt;
  // For these, null is a value.
  if (given->value.kind() == Kind::kNull && given->field->shape != Shape::kAnything)
    return std::nullopt;
  return given->value;
}

Value ObjectReader::key(std::string_view field) const {
  const Given* given = find(field);
  AGENTAINER_CHECK(given != nullptr, "the field is given");
  return given->key;
}

bool ObjectReader::require(std::string_view field, const Table& table, const Value& owner) const {
  if (has(field)) return true;
  if (!misses(field)) return false;
  reporter_->error(owner, fmt::format("a {} needs {}", table.name, quote(field)));
  return false;
}

bool ObjectReader::expected(const Given& given, std::string_view what, const Value& found) const {
  reporter_->error(
      found, fmt::format("{} takes {}, not {}", quote(given.key.text()), what, describe(found)));
  return false;
}

bool ObjectReader::read(std::string_view field, bool& out) const {
  const Given* given = find(field, {Shape::kBool});
  if (given == nullptr) return false;
  if (given->value.kind() != Kind::kBool) return expected(*given, "true or false", given->value);
  out = given->value.is_true();
  return true;
}

bool ObjectReader::read(std::string_view field, double& out) const {
  const Given* given = find(field, {Shape::kNumber});
  if (given == nullptr) return false;
  const Kind kind = given->value.kind();
  const Result<Json> number = kind == Kind::kInteger || kind == Kind::kFloat
                                  ? to_number(given->value.text())
                                  : Result<Json>(Json(nullptr));
  if (!number || !number->is_number()) return expected(*given, "a number", given->value);
  const double value = number->to_number<double>();
  const Field& rule = *given->field;
  if (!(value >= rule.minimum && value <= rule.maximum))
    return expected(*given, fmt::format("a number from {} to {}", rule.minimum, rule.maximum),
                    given->value);
  out = value;
  return true;
}

bool ObjectReader::read_integer(std::string_view field, std::int64_t& out) const {
  const Given* given = find(field, {Shape::kInteger, Shape::kBytes, Shape::kCores});
  if (given == nullptr) return false;
  const Field& rule = *given->field;
  const Value& value = given->value;
  if (rule.shape != Shape::kInteger) {
    const bool bytes = rule.shape == Shape::kBytes;
    if (!value.is_scalar() || value.kind() == Kind::kBool)
      return expected(*given, bytes ? "a size like 256MiB" : "a number of cores like 0.5", value);
    const Result<std::int64_t> amount =
        bytes ? parse_bytes(value.text()) : parse_cores(value.text());
    if (!amount) {
      reporter_->error(value, amount.error().message);
      return false;
    }
    out = *amount;
    return true;
  }
  const Result<Json> number =
      value.kind() == Kind::kInteger ? to_number(value.text()) : Result<Json>(Json(nullptr));
  if (!number || !number->is_number()) return expected(*given, "a whole number", value);
  const double magnitude = number->to_number<double>();
  if (!(magnitude >= rule.minimum && magnitude <= rule.maximum))
    return expected(*given,
                    fmt::format("a whole number from {:.0f} to {:.0f}", rule.minimum, rule.maximum),
                    value);
  out = number->to_number<std::int64_t>();
  return true;
}

bool ObjectReader::read(std::string_view field, std::string& out) const {
  const Given* given = find(field, {Shape::kText, Shape::kScalar, Shape::kPath});
  if (given == nullptr) return false;
  const Value& value = given->value;
  const bool good =
      given->field->shape == Shape::kScalar ? value.is_scalar() : value.kind() == Kind::kString;
  if (!good) {
    const bool number = value.is_scalar() && given->field->shape != Shape::kScalar;
    return expected(*given, number ? "text (in quotes)" : "text", value);
  }
  out = value.text();
  return true;
}

bool ObjectReader::read(std::string_view field, milliseconds& out) const {
  const Given* given = find(field, {Shape::kDuration});
  if (given == nullptr) return false;
  const Value& value = given->value;
  if (!value.is_scalar() || value.kind() == Kind::kBool)
    return expected(*given, "a duration like 90s, 10m or 1h30m", value);
  const Result<milliseconds> duration = parse_duration(value.text());
  if (!duration) {
    reporter_->error(value, duration.error().message);
    return false;
  }
  out = *duration;
  return true;
}

bool ObjectReader::read(std::string_view field, std::vector<Value>& out) const {
  const Given* given =
      find(field, {Shape::kStepNames, Shape::kTextList, Shape::kObjectList, Shape::kConditions});
  if (given == nullptr) return false;
  const Value& value = given->value;
  const Shape shape = given->field->shape;
  const bool single = shape == Shape::kStepNames && value.is_scalar();
  if (!single && value.kind() != Kind::kList)
    return expected(
        *given, shape == Shape::kStepNames ? "a step's id, or a list of them" : "a list", value);
  std::vector<Value> items = single ? std::vector<Value>{value} : value.items();
  bool good = true;
  for (const Value& item : items) {
    if ((shape == Shape::kStepNames || shape == Shape::kTextList) &&
        (!item.is_scalar() || item.kind() == Kind::kNull))
      good =
          expected(*given, shape == Shape::kStepNames ? "ids of steps" : "a list of texts", item);
    if (shape == Shape::kObjectList && item.kind() != Kind::kMap)
      good = expected(*given, "a list of mappings", item);
  }
  if (good) out = std::move(items);
  return good;
}

std::optional<std::size_t> ObjectReader::choice(const Given& given, const Value& value) const {
  const auto& choices = given.field->choices;
  const std::vector<std::string_view> names(choices.begin(), choices.end());
  if (value.is_scalar()) {
    const auto found = std::find(names.begin(), names.end(), value.text());
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
  }
  std::string hint = value.is_scalar() ? reporter_->did_you_mean(value.text(), names) : "";
  reporter_->error(value, fmt::format("{} takes {}, not {}{}", quote(given.key.text()),
                                      alternatives(names), describe(value), hint));
  return std::nullopt;
}

bool ObjectReader::read_choice(std::string_view field, std::size_t& index) const {
  const Given* given = find(field, {Shape::kEnum});
  if (given == nullptr) return false;
  const auto found = choice(*given, given->value);
  if (found) index = *found;
  return found.has_value();
}

bool ObjectReader::read_choices(std::string_view field, std::vector<std::size_t>& indexes) const {
  const Given* given = find(field, {Shape::kEnumList});
  if (given == nullptr) return false;
  std::vector<Value> items{given->value};
  if (given->value.kind() == Kind::kList) items = given->value.items();
  indexes.clear();
  for (const Value& item : items)
    if (const auto found = choice(*given, item)) indexes.push_back(*found);
  return indexes.size() == items.size();
}

Json to_json(const Value& value, Reporter& reporter) {
  switch (value.kind()) {
    case Kind::kNull:
      return nullptr;
    case Kind::kBool:
      return value.is_true();
    case Kind::kString:
      return Json(json::string(value.text()));
    case Kind::kInteger:
    case Kind::kFloat: {
      Result<Json> number = to_number(value.text());
      if (number) return *std::move(number);
      reporter.error(value, number.error().message);
      return nullptr;
    }
    case Kind::kList: {
      json::array list;
      for (const Value& item : value.items()) list.push_back(to_json(item, reporter));
      return list;
    }
    case Kind::kMap: {
      json::object object;
      for (const Entry& entry : value.entries())
        object[entry.key.text()] = to_json(entry.value, reporter);
      return object;
    }
  }
  return nullptr;
}

}  // namespace agentainer::workflow

#pragma once
// Reads one mapping of a workflow file by its field table: unknown keys, fields given twice, and
// values of the wrong shape are reported; what is good is converted.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "workflow/document.h"
#include "workflow/fields.h"
#include "workflow/reporter.h"

namespace agentainer::workflow {

class ObjectReader {
 public:
  explicit ObjectReader(Reporter& reporter) : reporter_(&reporter) {}

  /// Takes in the fields of `mapping`, which must be in one of the tables. May be called again, for
  /// a mapping that holds more fields of the same object; a field in both is an error.
  void add(const Value& mapping, std::initializer_list<const Table*> tables);

  /// This object's fields with those of `other` laid over them.
  ObjectReader overlaid(const ObjectReader& other) const;
  ObjectReader without(std::initializer_list<std::string_view> fields) const;

  bool has(std::string_view field) const { return find(field) != nullptr; }
  /// Neither given nor, by its nearest name, what an unknown key is meant to be: that is reported
  /// already.
  bool misses(std::string_view field) const;
  /// Whether all keys were known.
  bool is_clean() const { return clean_; }
  /// The value of a field that is given and not null.
  std::optional<Value> value(std::string_view field) const;
  /// The key that gives the field, which must be there.
  Value key(std::string_view field) const;
  /// Reports a required field that is missing, at `owner`.
  bool require(std::string_view field, const Table& table, const Value& owner) const;

  // Each converts a field that is given and good, and then returns true; otherwise `out` stays as
  // it is. The name and the type must be those of the table.
  bool read(std::string_view field, bool& out) const;
  bool read(std::string_view field, double& out) const;
  bool read(std::string_view field, std::string& out) const;
  bool read(std::string_view field, milliseconds& out) const;
  bool read(std::string_view field, std::vector<Value>& out) const;  ///< One, or a list of them.
  template <typename T>
  bool read(std::string_view field, T& out) const {
    if constexpr (std::is_enum_v<T>) {
      std::size_t index = 0;
      if (!read_choice(field, index)) return false;
      out = static_cast<T>(index);
    } else {
      static_assert(std::is_integral_v<T>);
      std::int64_t number = 0;
      if (!read_integer(field, number)) return false;
      out = static_cast<T>(number);
    }
    return true;
  }
  /// The place of an enum's value in the table's `choices`.
  bool read_choice(std::string_view field, std::size_t& index) const;
  bool read_choices(std::string_view field, std::vector<std::size_t>& indexes) const;

  Reporter& reporter() const { return *reporter_; }

 private:
  struct Given {
    const Field* field = nullptr;
    Value key;
    Value value;
    NodeIndex mapping = kNoNode;
  };

  const Given* find(std::string_view field) const;
  /// As find(), and the value is not null; checks that the table has the field in one of these
  /// shapes.
  const Given* find(std::string_view field, std::initializer_list<Shape> shapes) const;
  bool read_integer(std::string_view field, std::int64_t& out) const;
  std::optional<std::size_t> choice(const Given& given, const Value& value) const;
  bool expected(const Given& given, std::string_view what, const Value& found) const;
  void unknown_key(const Value& key, std::initializer_list<const Table*> tables);
  void note_use(const Given& given) const;

  Reporter* reporter_;
  std::vector<Given> given_;
  std::vector<std::string_view> suspected_;  // what misspelt keys are meant to be
  bool clean_ = true;
};

/// A value as JSON. Numbers without a JSON form are reported, and null.
Json to_json(const Value& value, Reporter& reporter);

}  // namespace agentainer::workflow

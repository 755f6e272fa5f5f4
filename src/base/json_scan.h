#pragma once
// Splitting JSON text that is already known to be valid, without building values: a million items
// stay one string and an array of offsets.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace agentainer {

/// The elements of a JSON array, as slices of its text.
class JsonList {
 public:
  JsonList() = default;

  /// Nothing if `text` is not an array or is longer than 4 GiB. `text` must be valid JSON.
  static std::optional<JsonList> scan(std::shared_ptr<const std::string> text);

  std::size_t size() const { return starts_.size(); }
  /// The text of an element, without surrounding space.
  std::string_view operator[](std::size_t index) const;
  const std::string& text() const { return *text_; }

 private:
  std::shared_ptr<const std::string> text_;
  std::vector<std::uint32_t> starts_;
};

/// Offset just past the JSON value that starts at `text[begin]`.
std::size_t skip_json_value(std::string_view text, std::size_t begin);

}  // namespace agentainer

#pragma once
// The workflow's shared state as the engine holds it: JSON text per key, parsed only when an
// expression asks. The store's hash is the durable copy; both change in the same commit.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "expr/expr.h"

namespace agentainer::engine {

using Text = std::shared_ptr<const std::string>;

class StateData final : public expr::Members {
 public:
  /// `text` must be valid JSON.
  void set(std::string_view key, Text text);
  void erase(std::string_view key);
  /// Null when the key is not there.
  Text text(std::string_view key) const;
  /// Grows with every change; what was built from the state is stale when it differs.
  std::uint64_t version() const { return version_; }

  const Json* find(std::string_view key) const override;
  std::vector<std::string_view> keys() const override;

  struct Entry {
    Text text;
    mutable std::unique_ptr<const Json> parsed;  // a cache, filled by find()
  };
  const std::map<std::string, Entry, std::less<>>& entries() const { return entries_; }

  /// The whole state as one JSON object.
  std::string to_text() const;

 private:
  std::map<std::string, Entry, std::less<>> entries_;
  std::uint64_t version_ = 0;
};

}  // namespace agentainer::engine

#pragma once
// Items of a map that come from a file and not from the state.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace agentainer::server {

/// An opened list of items.
class Items {
 public:
  virtual ~Items() = default;
  virtual std::uint32_t count() const = 0;
  /// Differs when the content does; a map goes on after a restart only if it is the same.
  virtual std::string fingerprint() const = 0;
  /// JSON text of an item. kInvalid names the line at fault.
  virtual Result<std::string> item(std::uint32_t index) const = 0;
};

class ItemSource {
 public:
  virtual ~ItemSource() = default;
  /// `path` is absolute. Answers later, on the executor's thread.
  virtual void open(const std::string& path,
                    std::function<void(Result<std::shared_ptr<const Items>>)> done) = 0;
};

}  // namespace agentainer::server

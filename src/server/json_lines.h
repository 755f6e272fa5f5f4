#pragma once
// Items from a JSON Lines file (jsonlines.org): one JSON value a line, empty lines left out.

#include "base/executor.h"
#include "server/item_source.h"

namespace agentainer::server {

/// Indexes a file piece by piece between other work, and reads items from it when they are asked
/// for; memory is 8 bytes an item.
class JsonLinesSource final : public ItemSource {
 public:
  explicit JsonLinesSource(Executor& executor) : executor_(executor) {}
  void open(const std::string& path,
            std::function<void(Result<std::shared_ptr<const Items>>)> done) override;

 private:
  Executor& executor_;
};

inline constexpr std::size_t kMaxItemBytes = 16 * 1024 * 1024;

}  // namespace agentainer::server

#include "cli/workflow_id.h"

#include <sys/random.h>

#include <cstdint>

#include "base/check.h"

namespace agentainer::cli {

WorkflowId make_workflow_id(TimePoint now) {
  struct {
    std::uint64_t low;
    std::uint64_t high;
  } random{};
  // Up to 256 bytes come whole and uninterrupted once the kernel's pool is ready.
  const ssize_t count = getrandom(&random, sizeof random, 0);
  AGENTAINER_CHECK(count == static_cast<ssize_t>(sizeof random), "the kernel gives random bytes");
  return WorkflowId::from_parts(static_cast<std::uint64_t>(now.time_since_epoch().count()),
                                random.high & 0xFFFF, random.low);
}

}  // namespace agentainer::cli

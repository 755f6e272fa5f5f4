#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/http/message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agentainer::net;
  const auto target = parse_http_target({reinterpret_cast<const char*>(data), size});
  if (!target) return 0;
  for (const std::string& segment : target->segments) {
    if (segment.empty()) continue;
    const auto again = parse_http_target("/" + percent_encode(segment));
    AGENTAINER_CHECK(again && again->segments.size() == 1 && again->segments[0] == segment,
                     "what was decoded can be encoded");
  }
  return 0;
}

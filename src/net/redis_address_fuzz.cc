#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "net/redis_address.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using agentainer::net::parse_redis_url;
  const std::string_view url(reinterpret_cast<const char*>(data), size);
  if (const auto address = parse_redis_url(url)) {
    AGENTAINER_CHECK(!address->host.empty() || !address->path.empty(),
                     "an address leads somewhere");
    AGENTAINER_CHECK(!address->display().empty(), "an address can be shown");
  }
  return 0;
}

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/resp.h"

// Fed in two pieces, so that every reply is also met half-read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  agentainer::net::ReplyReader reader;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  for (const std::string_view part : {bytes.substr(0, size / 2), bytes.substr(size / 2)}) {
    if (!reader.feed(part)) return 0;
    for (;;) {
      const auto reply = reader.next();
      if (!reply) return 0;
      if (!*reply) break;
    }
  }
  return 0;
}

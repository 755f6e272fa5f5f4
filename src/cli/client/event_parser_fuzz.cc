#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cli/client/event_parser.h"

namespace {

std::string events_of(std::string_view bytes, std::size_t split) {
  std::string out;
  agentainer::cli::EventParser parser(
      [&](const std::string& id, const std::string& type, const std::string& data) {
        out += id + '\0' + type + '\0' + data + '\0';
      });
  parser.feed(bytes.substr(0, split));
  parser.feed(bytes.substr(split));
  return out;
}

}  // namespace

// However the bytes arrive, the events are the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  AGENTAINER_CHECK(events_of(bytes, 0) == events_of(bytes, size / 2), "the same events");
  return 0;
}

#include "cli/client/event_parser.h"

#include <gtest/gtest.h>

#include <vector>

namespace agentainer::cli {
namespace {

/// "id|type|data" of every event, the bytes fed `step` at a time.
std::vector<std::string> events_of(std::string_view bytes, std::size_t step) {
  std::vector<std::string> out;
  EventParser parser([&](const std::string& id, const std::string& type, const std::string& data) {
    out.push_back(id + "|" + type + "|" + data);
  });
  for (std::size_t at = 0; at < bytes.size(); at += step) parser.feed(bytes.substr(at, step));
  return out;
}

TEST(EventParser, GivesTheSameEventsHoweverTheBytesArrive) {
  using Events = std::vector<std::string>;
  const std::pair<const char*, Events> cases[] = {
      {"", {}},
      {"data: a\n", {}},
      {"data: a\n\n", {"|message|a"}},
      {"data:a\n\n", {"|message|a"}},
      {"data:  a\n\n", {"|message| a"}},
      {"data: a\ndata: b\ndata\n\n", {"|message|a\nb\n"}},
      {"data\n\n", {"|message|"}},
      {"id: 1\nevent: x\ndata: {}\n\ndata: b\n\n", {"1|x|{}", "1|message|b"}},
      {": still here\n\n", {}},
      {"event: lost\n\ndata: a\n\n", {"|message|a"}},
      {"id: 7\n\nid\ndata: a\n\n", {"|message|a"}},
      {"id: 1\r\nevent: x\r\ndata: a\r\n\r\n", {"1|x|a"}},
      {"retry: 5\nunknown: 1\nDATA: no\ndata: a:b\n\n", {"|message|a:b"}},
  };
  for (const auto& [bytes, expected] : cases)
    for (const std::size_t step : {1, 2, 3, 7, 1000})
      EXPECT_EQ(events_of(bytes, step), expected) << bytes << " by " << step;
}

}  // namespace
}  // namespace agentainer::cli

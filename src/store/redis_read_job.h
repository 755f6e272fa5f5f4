#pragma once
// What the reads of redis_reads.h share: a job that lives as long as its answers are under way.

#include <charconv>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/redis_connection.h"
#include "store/redis_reads.h"
#include "store/store.h"

namespace agentainer::store {

/// Answers come in the order of the questions, so the last one's handler ends a round. The first
/// failure ends the job. A connection that goes away takes the job with it.
template <typename Derived, typename Value>
class ReadJob : public std::enable_shared_from_this<Derived> {
 public:
  ReadJob(net::RedisConnection& connection, Store::Done<Value> done)
      : connection_(connection), done_(std::move(done)) {}

 protected:
  template <typename Take>  // void(net::Reply&)
  void ask(const net::Command& command, Take take) {
    connection_.send(command, [self = this->shared_from_this(),
                               take = std::move(take)](Result<net::Reply> answer) {
      if (!self->done_) return;
      auto reply = checked_read(std::move(answer));
      if (!reply) return self->finish(tl::make_unexpected(reply.error()));
      take(*reply);
    });
  }

  bool is_finished() const { return !done_; }
  void finish(Result<Value> value) { std::exchange(done_, nullptr)(std::move(value)); }

 private:
  net::RedisConnection& connection_;
  Store::Done<Value> done_;
};

/// 0 for what is no number; fields that must be there are checked by their owner.
inline std::uint64_t number_of(std::string_view text) {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

inline TimePoint time_of(std::string_view text) {
  return TimePoint(milliseconds(static_cast<std::int64_t>(number_of(text))));
}

inline std::map<std::string, std::string> map_of(net::Reply& reply) {
  std::map<std::string, std::string> map;
  for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2)
    map.insert_or_assign(std::move(reply.elements[i].text), std::move(reply.elements[i + 1].text));
  return map;
}

/// Sequence number of a stream entry's last record; its id is `<sequence>-0`.
inline std::uint64_t last_sequence_of(const net::Reply& entry) {
  return entry.elements.empty() ? 0 : number_of(entry.elements[0].text);
}

/// Calls `take(std::string&& record)` for each record of a stream entry (keys.h).
template <typename Take>
void for_each_record(net::Reply& entry, Take take) {
  if (entry.elements.size() != 2) return;
  auto& fields = entry.elements[1].elements;
  for (std::size_t i = 0; i + 1 < fields.size(); i += 2) {
    std::string& text = fields[i + 1].text;
    if (fields[i].text == "r") {
      take(std::move(text));
      continue;
    }
    if (fields[i].text != "l") continue;
    std::string_view lines = text;
    for (std::size_t end; (end = lines.find('\n')) != std::string_view::npos;
         lines.remove_prefix(end + 1))
      take(std::string(lines.substr(0, end)));
    take(std::string(lines));
  }
}

}  // namespace agentainer::store

#pragma once
// RESP2, the protocol of Redis (redis.io/docs/reference/protocol-spec): commands out, replies in.
// Pure: no sockets here.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace agentainer::net {

struct Reply {
  enum class Type { kNil, kStatus, kError, kInteger, kText, kArray };

  Type type = Type::kNil;
  std::int64_t integer = 0;
  std::string text;  ///< kStatus, kError, kText: any bytes.
  std::vector<Reply> elements;

  bool is_nil() const { return type == Type::kNil; }
  bool is_error() const { return type == Type::kError; }
};

/// The error that an error reply of Redis itself stands for, by its first word. kUnavailable and
/// kResource promise that the command changed nothing. A word unknown here gives kInternal.
[[nodiscard]] Error redis_error(std::string_view reply_text);

/// One command under construction. Reuse an object: its memory stays.
class Command {
 public:
  Command() = default;
  Command(std::initializer_list<std::string_view> words) {
    for (const std::string_view word : words) add(word);
  }

  Command& add(std::string_view word);
  Command& add(std::uint64_t number);
  void clear();

  std::size_t size_bytes() const { return body_.size(); }
  std::uint32_t words() const { return words_; }
  /// Appends the command as it goes over the wire.
  void append_to(std::string& out) const;

 private:
  std::string body_;
  std::uint32_t words_ = 0;
};

/// Cuts a stream of bytes into replies.
class ReplyReader {
 public:
  ReplyReader();
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  /// Takes the next bytes of the stream.
  [[nodiscard]] Status feed(std::string_view bytes);
  /// The next whole reply; nothing if more bytes are needed. kInvalid: this is not RESP2, and the
  /// stream is of no further use.
  [[nodiscard]] Result<std::optional<Reply>> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace agentainer::net

#include "net/resp.h"

#include <hiredis/read.h>

#include <charconv>
#include <new>

namespace agentainer::net {
namespace {

void append_bulk(std::string& out, std::string_view word) {
  char head[24];
  head[0] = '$';
  char* end = std::to_chars(head + 1, head + sizeof(head) - 2, word.size()).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(head, end);
  out.append(word);
  out.append("\r\n", 2);
}

Reply::Type type_of(int hiredis_type) {
  switch (hiredis_type) {
    case REDIS_REPLY_STATUS:
      return Reply::Type::kStatus;
    case REDIS_REPLY_ERROR:
      return Reply::Type::kError;
    default:
      return Reply::Type::kText;
  }
}

// hiredis calls these to build replies, depth first. An array grows by push_back: when an element
// is added, no pointer into that array is in use any more (only the open arrays above it are). They
// are called from C, so no exception may leave them; a null pointer makes hiredis report lack of
// memory.
template <typename Fill>
void* make_reply(const redisReadTask* task, Fill fill) noexcept {
  try {
    if (task->parent == nullptr) {
      auto root = std::make_unique<Reply>();
      fill(*root);
      return root.release();
    }
    auto& elements = static_cast<Reply*>(task->parent->obj)->elements;
    fill(elements.emplace_back());
    return &elements.back();
  } catch (const std::exception&) {
    return nullptr;
  }
}

void* make_string(const redisReadTask* task, char* text, std::size_t size) {
  return make_reply(task, [&](Reply& reply) {
    reply.type = type_of(task->type);
    reply.text.assign(text, size);
  });
}

/// Sizes are int in hiredis 0.14 and size_t from 1.0 on.
template <typename Size>
void* make_array(const redisReadTask* task, Size size) {
  return make_reply(task, [&](Reply& reply) {
    reply.type = Reply::Type::kArray;
    // The announced size is not to be trusted with memory.
    reply.elements.reserve(static_cast<std::size_t>(std::clamp<Size>(size, 0, 1024)));
  });
}

void* make_integer(const redisReadTask* task, long long value) {
  return make_reply(task, [&](Reply& reply) {
    reply.type = Reply::Type::kInteger;
    reply.integer = value;
  });
}

void* make_nil(const redisReadTask* task) {
  return make_reply(task, [](Reply&) {});
}

/// Only ever called with a root.
void free_reply(void* reply) { delete static_cast<Reply*>(reply); }

template <typename Functions>
Functions fill_functions() {
  Functions functions{};
  functions.createString = make_string;
  functions.createArray = make_array;
  functions.createInteger = make_integer;
  functions.createNil = make_nil;
  functions.freeObject = free_reply;
  // hiredis 1.0 reads RESP3 too. It is never asked for; a reply of it is refused.
  if constexpr (requires { functions.createDouble; }) {
    functions.createDouble = [](const redisReadTask*, double, char*, std::size_t) -> void* {
      return nullptr;
    };
    functions.createBool = [](const redisReadTask*, int) -> void* { return nullptr; };
  }
  return functions;
}

redisReplyObjectFunctions reply_functions() { return fill_functions<redisReplyObjectFunctions>(); }

}  // namespace

Error redis_error(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  struct Row {
    std::string_view word;
    ErrorCode code;
    const char* hint;
  };
  static constexpr Row kRows[] = {
      {"OOM", ErrorCode::kResource, "Redis is at its maxmemory: raise it or free space"},
      {"MISCONF", ErrorCode::kResource, "Redis cannot write to its disk: free space there"},
      {"LOADING", ErrorCode::kUnavailable, "Redis is still loading its data"},
      {"BUSY", ErrorCode::kUnavailable, "Redis is busy with a script"},
      {"READONLY", ErrorCode::kUnavailable, "this Redis is a replica: give the primary's address"},
      {"MASTERDOWN", ErrorCode::kUnavailable, "this Redis is a replica without its primary"},
      {"NOREPLICAS", ErrorCode::kUnavailable, "Redis misses the replicas it is told to have"},
      {"CLUSTERDOWN", ErrorCode::kUnavailable, "the Redis cluster is down"},
      {"MOVED", ErrorCode::kUnsupported, "Redis Cluster is not supported"},
      {"CROSSSLOT", ErrorCode::kUnsupported, "Redis Cluster is not supported"},
      {"NOAUTH", ErrorCode::kInvalid, "Redis wants a password: redis://:password@host"},
      {"WRONGPASS", ErrorCode::kInvalid, "Redis refuses this user and password"},
      {"NOPERM", ErrorCode::kInvalid, "the Redis user lacks a permission (ACL SETUSER)"},
      {"WRONGTYPE", ErrorCode::kInvalid, "a key of ours holds something else"},
  };
  for (const Row& row : kRows)
    if (row.word == word) return Error{row.code, fmt::format("{} ({})", row.hint, text)};
  return Error{ErrorCode::kInternal, fmt::format("Redis answered: {}", text)};
}

Command& Command::add(std::string_view word) {
  append_bulk(body_, word);
  ++words_;
  return *this;
}

Command& Command::add(std::uint64_t number) {
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof(digits), number).ptr;
  return add(std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

void Command::clear() {
  body_.clear();
  words_ = 0;
}

void Command::append_to(std::string& out) const {
  char head[16];
  head[0] = '*';
  char* end = std::to_chars(head + 1, head + sizeof(head) - 2, words_).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(head, end);
  out.append(body_);
}

struct ReplyReader::Impl {
  redisReplyObjectFunctions functions = reply_functions();
  std::unique_ptr<redisReader, decltype(&redisReaderFree)> reader{
      redisReaderCreateWithFunctions(&functions), &redisReaderFree};
};

ReplyReader::ReplyReader() : impl_(std::make_unique<Impl>()) {
  if (!impl_->reader) throw std::bad_alloc();
  // Memory that stays with an idle reader.
  constexpr std::size_t kKeptBytes = 256 * 1024;
  impl_->reader->maxbuf = kKeptBytes;
}

ReplyReader::~ReplyReader() = default;

Status ReplyReader::feed(std::string_view bytes) {
  if (redisReaderFeed(impl_->reader.get(), bytes.data(), bytes.size()) != 0)
    return fail(ErrorCode::kResource, "reading from Redis: {}", impl_->reader->errstr);
  return {};
}

Result<std::optional<Reply>> ReplyReader::next() {
  void* raw = nullptr;
  if (redisReaderGetReply(impl_->reader.get(), &raw) != 0)
    return fail(ErrorCode::kInvalid, "what answers does not speak Redis' protocol: {}",
                impl_->reader->errstr);
  if (raw == nullptr) return std::optional<Reply>();
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(raw));
  return std::optional<Reply>(std::move(*reply));
}

}  // namespace agentainer::net

#include "net/resp.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace agentainer::net {
namespace {

using namespace std::string_view_literals;

/// A short text form: nil, +status, -error, :1, "text", [a b].
std::string show(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::kNil:
      return "nil";
    case Reply::Type::kStatus:
      return "+" + reply.text;
    case Reply::Type::kError:
      return "-" + reply.text;
    case Reply::Type::kInteger:
      return ":" + std::to_string(reply.integer);
    case Reply::Type::kText:
      return '"' + reply.text + '"';
    case Reply::Type::kArray:
      break;
  }
  std::string out = "[";
  for (const Reply& element : reply.elements) out += (out.size() > 1 ? " " : "") + show(element);
  return out + "]";
}

std::string read_all(ReplyReader& reader) {
  std::string out;
  for (;;) {
    const auto reply = reader.next();
    if (!reply) return out + "error";
    if (!*reply) return out;
    out += show(**reply) + ";";
  }
}

struct Row {
  const char* bytes;
  const char* shown;
};

class Replies : public testing::TestWithParam<Row> {};

TEST_P(Replies, AreReadWhole) {
  ReplyReader reader;
  ASSERT_TRUE(reader.feed(GetParam().bytes));
  EXPECT_EQ(read_all(reader), GetParam().shown);
}

TEST_P(Replies, AreReadByteByByte) {
  ReplyReader reader;
  std::string shown;
  for (const char c : std::string_view(GetParam().bytes)) {
    ASSERT_TRUE(reader.feed(std::string_view(&c, 1)));
    shown += read_all(reader);
    if (shown.ends_with("error")) break;
  }
  EXPECT_EQ(shown, GetParam().shown);
}

INSTANTIATE_TEST_SUITE_P(
    All, Replies,
    testing::Values(Row{"", ""}, Row{"+OK\r\n", "+OK;"}, Row{"-ERR no\r\n", "-ERR no;"},
                    Row{":-12\r\n", ":-12;"}, Row{"$0\r\n\r\n", "\"\";"},
                    Row{"$4\r\na\r\nb\r\n", "\"a\r\nb\";"}, Row{"$-1\r\n", "nil;"},
                    Row{"*-1\r\n", "nil;"}, Row{"*0\r\n", "[];"},
                    Row{"*2\r\n*2\r\n:1\r\n:2\r\n*1\r\n$1\r\nx\r\n", "[[:1 :2] [\"x\"]];"},
                    Row{"*3\r\n*0\r\n*0\r\n:7\r\n+next\r\n", "[[] [] :7];+next;"},
                    Row{"+a\r\n+b", "+a;"}, Row{"HTTP/1.1 400\r\n", "error"},
                    Row{"$x\r\n", "error"}, Row{"*-2\r\n", "error"}));

TEST(ReplyReader, AnnouncedSizeCostsNoMemory) {
  ReplyReader reader;
  ASSERT_TRUE(reader.feed("*2147483647\r\n:1\r\n"));
  const auto reply = reader.next();
  EXPECT_TRUE(!reply || !*reply);
}

TEST(ReplyReader, HalfAReplyIsFreed) {
  ReplyReader reader;
  ASSERT_TRUE(reader.feed("*2\r\n*2\r\n$3\r\nabc\r\n"));
  ASSERT_TRUE(reader.next());
}

TEST(Command, IsWrittenAsAnArrayOfBulkStrings) {
  std::string out;
  Command command{"SET", "a b"};
  command.add(std::string_view("\0\r\n", 3)).add(std::uint64_t{18446744073709551615u});
  command.append_to(out);
  EXPECT_EQ(out,
            "*4\r\n$3\r\nSET\r\n$3\r\na b\r\n$3\r\n\0\r\n\r\n"
            "$20\r\n18446744073709551615\r\n"sv);
  command.clear();
  command.add("PING").append_to(out);
  EXPECT_TRUE(out.ends_with("*1\r\n$4\r\nPING\r\n"));
}

RC_GTEST_PROP(Command, ReadsBackAsItself, (const std::vector<std::string>& words)) {
  Command command;
  for (const std::string& word : words) command.add(word);
  std::string wire;
  command.append_to(wire);
  ReplyReader reader;
  RC_ASSERT(reader.feed(wire).has_value());
  const auto reply = reader.next();
  RC_ASSERT(reply.has_value() && reply->has_value());
  RC_ASSERT((*reply)->elements.size() == words.size());
  for (std::size_t i = 0; i < words.size(); ++i) RC_ASSERT((*reply)->elements[i].text == words[i]);
}

TEST(RedisError, IsTypedByItsFirstWord) {
  EXPECT_EQ(redis_error("OOM command not allowed").code, ErrorCode::kResource);
  EXPECT_EQ(redis_error("MISCONF Errors writing to the AOF file").code, ErrorCode::kResource);
  EXPECT_EQ(redis_error("LOADING Redis is loading").code, ErrorCode::kUnavailable);
  EXPECT_EQ(redis_error("WRONGPASS invalid").code, ErrorCode::kInvalid);
  EXPECT_EQ(redis_error("ERR unknown command").code, ErrorCode::kInternal);
  EXPECT_EQ(redis_error("").code, ErrorCode::kInternal);
}

}  // namespace
}  // namespace agentainer::net

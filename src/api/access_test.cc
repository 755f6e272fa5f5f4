#include "api/access.h"

#include <gtest/gtest.h>

#include "sim/virtual_executor.h"
#include "store/memory_store.h"

namespace agentainer::api {
namespace {

constexpr TimePoint kStart{milliseconds(1'800'000'000'000)};

struct Servers {
  sim::VirtualExecutor executor{kStart};
  std::shared_ptr<store::MemoryDatabase> disk = std::make_shared<store::MemoryDatabase>();
  bool is_store_down = false;
  store::MemoryStore store{executor, disk, [this](store::StoreCall, const WorkflowId&) {
                             return store::StoreFault{is_store_down
                                                          ? store::StoreFault::Kind::kUnavailable
                                                          : store::StoreFault::Kind::kNone};
                           }};
  store::MemoryStore other_store{executor, disk};
  Access access{executor, store};
  Access other{executor, other_store};

  template <typename Begin>
  Status wait(Begin begin) {
    std::optional<Status> answer;
    begin([&](Status status) { answer = std::move(status); });
    while (!answer && executor.step()) {
    }
    return answer ? *answer : fail(ErrorCode::kInternal, "no answer");
  }
  Status add(Access& to, const Token& token) {
    return wait([&](Access::DoneStatus done) { to.add(token, std::move(done)); });
  }
  void run_for(milliseconds time) {
    bool is_over = false;
    executor.schedule(executor.now() + time, [&] { is_over = true; });
    while (!is_over) executor.step();
  }
};

TEST(Token, IsStoredAndReadBack) {
  NewToken made = make_token("a \"name\"", Scope::kRun, kStart);
  made.token.workflow = WorkflowId::from_parts(1, 2, 3);
  made.token.expires = kStart + milliseconds(5);
  const Result<Token> read = decode_token(made.token.id, encode(made.token));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->id, made.token.id);
  EXPECT_EQ(read->name, made.token.name);
  EXPECT_EQ(read->hash, made.token.hash);
  EXPECT_EQ(read->scope, Scope::kRun);
  EXPECT_EQ(read->workflow, made.token.workflow);
  EXPECT_EQ(read->created, kStart);
  EXPECT_EQ(read->expires, made.token.expires);
  EXPECT_EQ(encode(made.token).find(made.text.substr(made.text.rfind('_') + 1)), std::string::npos)
      << "the secret is not stored";
  EXPECT_NE(make_token("", Scope::kRead, kStart).text, make_token("", Scope::kRead, kStart).text);
}

TEST(Token, ThatIsDamagedIsRefused) {
  Token token = make_token("n", Scope::kRead, kStart).token;
  const std::string good = encode(token);
  ASSERT_TRUE(decode_token("1", good));
  const auto changed = [&](std::string_view from, std::string_view to) {
    std::string text = good;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  };
  for (const std::string& text :
       {std::string(), std::string("[]"), good.substr(1), changed("\"read\"", "\"root\""),
        changed("\"read\"", "\"none\""), changed(token.hash, token.hash.substr(1)),
        changed("\"created\":1", "\"created\":\"1\",\"x\":1"), changed("{", "{\"workflow\":\"x\","),
        changed("{", "{\"workflow\":7,")})
    EXPECT_FALSE(decode_token("1", text)) << text;
}

TEST(Access, KnowsATokenOnlyByItsWholeText) {
  Servers servers;
  const NewToken made = make_token("n", Scope::kRead, kStart);
  EXPECT_EQ(servers.access.check(made.text), nullptr);
  ASSERT_TRUE(servers.add(servers.access, made.token));
  ASSERT_NE(servers.access.check(made.text), nullptr);
  EXPECT_EQ(servers.access.check(made.text)->id, made.token.id);
  for (std::size_t i = 0; i < made.text.size(); ++i) {
    std::string wrong = made.text;
    wrong[i] = wrong[i] == '0' ? '1' : '0';
    EXPECT_EQ(servers.access.check(wrong), nullptr) << i;
  }
  EXPECT_EQ(servers.access.check(""), nullptr);
  EXPECT_EQ(servers.access.check(made.text + "0"), nullptr);
  EXPECT_EQ(servers.access.check(made.text.substr(0, made.text.size() - 1)), nullptr);
}

TEST(Access, HearsOfTokensThatOtherServersChange) {
  Servers servers;
  servers.access.keep_fresh();
  const NewToken made = make_token("n", Scope::kRead, kStart);
  ASSERT_TRUE(servers.add(servers.other, made.token));
  EXPECT_EQ(servers.access.check(made.text), nullptr);
  servers.run_for(milliseconds(3001));
  EXPECT_NE(servers.access.check(made.text), nullptr);
  servers.is_store_down = true;
  servers.run_for(milliseconds(10'000));
  EXPECT_NE(servers.access.check(made.text), nullptr) << "a store that is away revokes nothing";
  servers.is_store_down = false;
  ASSERT_TRUE(servers.wait(
      [&](Access::DoneStatus done) { servers.other.revoke(made.token.id, std::move(done)); }));
  servers.run_for(milliseconds(3001));
  EXPECT_EQ(servers.access.check(made.text), nullptr);
}

TEST(Access, KeepsWhatTheStoreDidNotTakeOut) {
  Servers servers;
  const NewToken made = make_token("n", Scope::kRead, kStart);
  servers.is_store_down = true;
  EXPECT_FALSE(servers.add(servers.access, made.token));
  EXPECT_EQ(servers.access.check(made.text), nullptr);
  servers.is_store_down = false;
  ASSERT_TRUE(servers.add(servers.access, made.token));
  servers.is_store_down = true;
  EXPECT_FALSE(servers.wait(
      [&](Access::DoneStatus done) { servers.access.revoke(made.token.id, std::move(done)); }));
  EXPECT_NE(servers.access.check(made.text), nullptr);
}

TEST(BearerToken, IsTakenFromTheHeader) {
  const std::pair<const char*, std::string_view> cases[] = {
      {"Bearer abc", "abc"}, {"bearer abc", "abc"}, {"BEARER   abc", "abc"},
      {"Bearer", ""},        {"Bearer ", ""},       {"Basic YWJj", ""},
      {"Bearerabc", ""},     {"abc", ""},           {"", ""},
  };
  for (const auto& [value, expected] : cases) {
    net::HttpRequest request;
    request.fields = {{"X", "y"}, {"aUTHORIZATION", value}};
    EXPECT_EQ(bearer_token(request), expected) << value;
  }
  EXPECT_EQ(bearer_token({}), "");
}

TEST(FailureLimit, IsBoundedAndForgetsAfterAMinute) {
  FailureLimit limit;
  for (int i = 0; i < 30; ++i) ASSERT_TRUE(limit.note("a", kStart));
  EXPECT_FALSE(limit.note("a", kStart + milliseconds(59'999)));
  EXPECT_TRUE(limit.note("b", kStart));
  EXPECT_TRUE(limit.note("a", kStart + milliseconds(60'000)));
  for (int i = 0; i < 10'100; ++i)
    ASSERT_TRUE(limit.note(std::to_string(i), kStart + milliseconds(60'000)));
}

}  // namespace
}  // namespace agentainer::api

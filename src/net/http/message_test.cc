#include "net/http/message.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/json.h"

namespace agentainer::net {
namespace {

using Segments = std::vector<std::string>;
using Query = std::vector<std::pair<std::string, std::string>>;

TEST(HttpTarget, IsTakenApart) {
  struct Case {
    const char* target;
    Segments segments;
    Query query;
  };
  const Case cases[] = {
      {"/", {}, {}},
      {"/a", {"a"}, {}},
      {"/a/", {"a"}, {}},
      {"//a", {"", "a"}, {}},
      {"/a/b%2Fc", {"a", "b/c"}, {}},
      {"/%e4%BD%a0", {"你"}, {}},
      {"/a+b", {"a+b"}, {}},
      {"/?", {}, {}},
      {"/?a", {}, {{"a", ""}}},
      {"/?a=", {}, {{"a", ""}}},
      {"/x?a=1&&b=2&a=3", {"x"}, {{"a", "1"}, {"b", "2"}, {"a", "3"}}},
      {"/?a=b=c+d%2B&=e", {}, {{"a", "b=c d+"}, {"", "e"}}},
      {"/a?b/c?d", {"a"}, {{"b/c?d", ""}}},
      {"/..", {".."}, {}},
  };
  for (const Case& c : cases) {
    const auto target = parse_http_target(c.target);
    ASSERT_TRUE(target) << c.target;
    EXPECT_EQ(target->segments, c.segments) << c.target;
    EXPECT_EQ(target->query, c.query) << c.target;
  }
}

TEST(HttpTarget, ThatIsBrokenIsRefused) {
  for (const char* target : {"", "a", "*", "http://x/", "?a", "/%", "/%a", "/%g0", "/%0g", "/%00",
                             "/%ff", "/\xff", "/%c0%80", "/?%", "/?a=%f", "/?a=%00", "/?%ff=1"})
    EXPECT_FALSE(parse_http_target(target)) << target;
}

TEST(PercentCode, IsReadBackInAPathAndInAQuery) {
  EXPECT_EQ(percent_encode("aZ09-._~ /%+&=?\n\xc3\xa9"), "aZ09-._~%20%2F%25%2B%26%3D%3F%0A%C3%A9");
  EXPECT_TRUE(rc::check("read back", [](std::string text) {
    text = to_valid_utf8(text);
    std::erase(text, '\0');
    const std::string code = percent_encode(text);
    const auto target = parse_http_target("/x" + code + "?" + code + "=" + code);
    RC_ASSERT(target.has_value());
    RC_ASSERT(target->segments == Segments{"x" + text});
    RC_ASSERT(target->query == (Query{{text, text}}));
  }));
}

TEST(HttpRequest, FindsFieldsWhateverTheirCase) {
  HttpRequest request;
  request.fields = {{"Host", "a"}, {"x-b", "1"}, {"X-B", "2"}};
  ASSERT_NE(request.field("HOST"), nullptr);
  EXPECT_EQ(*request.field("X-b"), "1") << "the first of them";
  EXPECT_EQ(request.field("Hos"), nullptr);
  EXPECT_TRUE(equals_ignoring_case("aZ[", "Az["));
  EXPECT_FALSE(equals_ignoring_case("[", "{")) << "only letters have a case";
}

TEST(ReasonPhrase, IsThatOfTheStatus) {
  EXPECT_EQ(reason_phrase(404), "Not Found");
  EXPECT_EQ(reason_phrase(299), "");
}

}  // namespace
}  // namespace agentainer::net

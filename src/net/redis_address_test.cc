#include "net/redis_address.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace agentainer::net {
namespace {

using Transport = RedisAddress::Transport;

TEST(RedisUrl, Defaults) {
  const auto address = parse_redis_url("redis://example.org");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->transport, Transport::kTcp);
  EXPECT_EQ(address->host, "example.org");
  EXPECT_EQ(address->port, 6379);
  EXPECT_EQ(address->database, 0u);
  EXPECT_EQ(address->password, "");
}

struct Good {
  const char* url;
  const char* display;
  const char* user;
  const char* password;
};

class GoodUrl : public testing::TestWithParam<Good> {};

TEST_P(GoodUrl, IsUnderstoodAndShownWithoutCredentials) {
  const auto address = parse_redis_url(GetParam().url);
  ASSERT_TRUE(address) << address.error().message;
  EXPECT_EQ(address->display(), GetParam().display);
  EXPECT_EQ(address->user, GetParam().user);
  EXPECT_EQ(address->password, GetParam().password);
}

INSTANTIATE_TEST_SUITE_P(
    All, GoodUrl,
    testing::Values(Good{"redis://h:1/2", "redis://h:1/2", "", ""},
                    Good{"redis://h/", "redis://h:6379/0", "", ""},
                    Good{"redis://:secret@h", "redis://h:6379/0", "", "secret"},
                    Good{"redis://ann:secret@h:7000/15", "redis://h:7000/15", "ann", "secret"},
                    Good{"redis://a%3Ab:p%40%2f%25@h", "redis://h:6379/0", "a:b", "p@/%"},
                    Good{"redis://u:p@ss?@h", "redis://h:6379/0", "u", "p@ss?"},
                    Good{"redis://[::1]:6380/1", "redis://[::1]:6380/1", "", ""},
                    Good{"rediss://h?cacert=%2fetc%2fca.pem", "rediss://h:6379/0", "", ""},
                    Good{"unix:///run/redis.sock", "unix:///run/redis.sock", "", ""},
                    Good{"unix:///a%20b/s?db=3", "unix:///a b/s?db=3", "", ""},
                    Good{"unix://u:p@/run/s", "unix:///run/s", "u", "p"}));

struct Bad {
  const char* url;
  const char* part;  ///< of the message
};

class BadUrl : public testing::TestWithParam<Bad> {};

TEST_P(BadUrl, IsRefusedWithTheReasonAndWithoutThePassword) {
  const auto address = parse_redis_url(GetParam().url);
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, ErrorCode::kInvalid);
  EXPECT_NE(address.error().message.find(GetParam().part), std::string::npos)
      << address.error().message;
  EXPECT_EQ(address.error().message.find("SECRET"), std::string::npos) << address.error().message;
}

INSTANTIATE_TEST_SUITE_P(
    All, BadUrl,
    testing::Values(Bad{"", "not a Redis URL"}, Bad{"http://h", "not a Redis URL"},
                    Bad{"localhost:6379", "not a Redis URL"}, Bad{"u:SECRET@h", "not a Redis URL"},
                    Bad{"redis://", "names no host"}, Bad{"redis://u:SECRET@", "names no host"},
                    Bad{"redis://h:0", "port '0'"}, Bad{"redis://h:65536", "port '65536'"},
                    Bad{"redis://u:SECRET@h:x", "port 'x'"}, Bad{"redis://::1", "IPv6"},
                    Bad{"redis://[::1", "']'"}, Bad{"redis://[::1]x", "'x'"},
                    Bad{"redis://h/x", "database 'x'"}, Bad{"redis://h/-1", "database '-1'"},
                    Bad{"redis://h/4294967296", "database"}, Bad{"redis://h/0/1", "database '0/1'"},
                    Bad{"redis://SECRET@h", "no password"}, Bad{"redis://u:@h", "no password"},
                    Bad{"redis://u:SECRET%4@h", "hex digits"},
                    Bad{"redis://u:SECRET/SECRET@h", "%2F"},
                    Bad{"unix://u:SECRET/SECRET@/s", "%2F"}, Bad{"redis://h?db=1", "'db'"},
                    Bad{"redis://h?tls=yes", "'tls'"}, Bad{"redis://h#1", "'#'"},
                    Bad{"redis://a b", "space"}, Bad{"unix://", "absolute"},
                    Bad{"unix://run/s", "absolute"}, Bad{"unix:///a%00b", "absolute"},
                    Bad{"unix:///s?db=", "database ''"}, Bad{"rediss://h?cacert=", "'cacert'"}));

RC_GTEST_PROP(RedisUrl, AnyTextIsAnsweredAndGoodOnesReadBack, (const std::string& text)) {
  const auto address = parse_redis_url("redis://" + text);
  if (!address) return;
  const auto again = parse_redis_url(address->display());
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->host == address->host);
  RC_ASSERT(again->port == address->port);
  RC_ASSERT(again->database == address->database);
}

}  // namespace
}  // namespace agentainer::net

#include <gtest/gtest.h>

#include "store/private_redis.h"

namespace agentainer::store {
namespace {

struct Row {
  const char* log;
  const char* part;
};

class ExplainRedisLog : public testing::TestWithParam<Row> {};

TEST_P(ExplainRedisLog, SaysWhatToDo) {
  const std::string text = explain_redis_log(GetParam().log, "/data/redis");
  EXPECT_NE(text.find(GetParam().part), std::string::npos) << text;
}

INSTANTIATE_TEST_SUITE_P(
    All, ExplainRedisLog,
    testing::Values(
        Row{"1:M # Error writing to the AOF file: No space left on device\n",
            "the disk of /data/redis is full"},
        Row{"1:M # Short write while writing to the AOF file: (nwritten=12405, expected=100290)\n",
            "the disk of /data/redis is full"},
        Row{"1:M # Bad file format reading the append only file: make a backup of your "
            "AOF file, then use ./redis-check-aof "
            "--fix <filename.manifest>\n",
            "redis-check-aof --fix"},
        Row{"1:M # Can't handle RDB format version 12\n", "newer Redis"},
        Row{"*** FATAL CONFIG FILE ERROR (Redis 6.0.16) ***\nReading the configuration "
            "file, at line 2\nBad directive or "
            "wrong number of arguments\n",
            "too old"},
        Row{"1:M # Can't open the append-only file: Permission denied\n",
            "must belong to the user"},
        Row{"first\nsecond\nthird\nfourth\n", "second\nthird\nfourth"}, Row{"only one", "only one"},
        Row{"\n", "redis.log"}, Row{"", "said nothing"}));

TEST(ExplainRedisLog, KeepsOnlyTheLastLines) {
  EXPECT_EQ(explain_redis_log("first\nsecond\nthird\nfourth\n", "/d").find("first"),
            std::string::npos);
}

}  // namespace
}  // namespace agentainer::store

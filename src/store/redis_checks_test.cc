#include "store/redis_checks.h"

#include <gtest/gtest.h>

#include "store/functions.h"
#include "store/keys.h"

namespace agentainer::store {
namespace {

RedisAnswers good() {
  RedisAnswers answers;
  answers.info =
      "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n# "
      "Replication\r\nrole:master\r\n"
      "maxmemory_policy:noeviction\r\naof_enabled:1\r\n";
  answers.config = {
      {"maxmemory-policy", "noeviction"}, {"appendonly", "yes"}, {"appendfsync", "always"}};
  return answers;
}

std::string with(std::string info, const std::string& from, const std::string& to) {
  return info.replace(info.find(from), from.size(), to);
}

TEST(JudgeRedis, AGoodOneIsTakenWithoutAWord) {
  const auto facts = judge_redis(good(), false);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->version, "7.0.15");
  EXPECT_EQ(facts->appendfsync, "always");
  EXPECT_TRUE(facts->warnings.empty());
}

TEST(JudgeRedis, VersionsBeforeSevenAreRefusedValkeyIsNot) {
  for (const char* version : {"6.2.14", "2.8.0", "5.0"}) {
    RedisAnswers old = good();
    old.info = with(*old.info, "7.0.15", version);
    const auto facts = judge_redis(old, true);
    ASSERT_FALSE(facts) << version;
    EXPECT_EQ(facts.error().code, ErrorCode::kUnsupported);
    EXPECT_NE(facts.error().message.find(version), std::string::npos);
  }
  RedisAnswers later = good();
  later.info = with(*later.info, "7.0.15", "10.1.0");
  EXPECT_TRUE(judge_redis(later, false));
  RedisAnswers valkey = good();
  valkey.info = with(*valkey.info, "redis_mode", "valkey_version:8.0.1\r\nserver_mode");
  ASSERT_TRUE(judge_redis(valkey, false));
  EXPECT_EQ(judge_redis(valkey, false)->version, "Valkey 8.0.1");
}

TEST(JudgeRedis, TheSchemaMustBeOurs) {
  RedisAnswers answers = good();
  answers.schema = "1";
  EXPECT_TRUE(judge_redis(answers, false));
  answers.schema = "2";
  const auto facts = judge_redis(answers, true);
  ASSERT_FALSE(facts);
  EXPECT_NE(facts.error().message.find("schema 2"), std::string::npos);
  EXPECT_NE(facts.error().message.find("another database"), std::string::npos)
      << "it says what to do";
}

TEST(JudgeRedis, WhereConfigIsForbiddenInfoIsAsked) {
  RedisAnswers answers = good();
  answers.config.reset();
  auto facts = judge_redis(answers, false);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->warnings.size(), 1u);
  answers.info = with(*answers.info, "aof_enabled:1", "aof_enabled:0");
  EXPECT_FALSE(judge_redis(answers, false));
  answers.info = with(*good().info, "noeviction", "volatile-ttl");
  EXPECT_FALSE(judge_redis(answers, false));
}

TEST(JudgeRedis, WhereBothAreForbiddenItWarns) {
  const auto facts = judge_redis({}, false);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->warnings.size(), 3u);
}

TEST(JudgeRedis, DataLossCanBeAcceptedTheRestCannot) {
  RedisAnswers answers = good();
  answers.config = {
      {"maxmemory-policy", "allkeys-lru"}, {"appendonly", "no"}, {"appendfsync", "no"}};
  const auto refused = judge_redis(answers, false);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("--allow-data-loss"), std::string::npos);
  const auto facts = judge_redis(answers, true);
  ASSERT_TRUE(facts);
  EXPECT_EQ(facts->warnings.size(), 2u) << "eviction, and no log; its syncing no longer matters";
}

TEST(FunctionLibrary, HasTheRevisionAndSchemaThatTheChecksExpect) {
  const std::string library(function_library());
  EXPECT_NE(library.find("local REVISION = " + std::to_string(kLibraryRevision) + "\n"),
            std::string::npos);
  EXPECT_TRUE(
      library.starts_with("#!lua name=agentainer_" + std::to_string(keys::kSchemaVersion) + "\n"));
}

}  // namespace
}  // namespace agentainer::store

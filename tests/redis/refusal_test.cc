// Which Redis is taken, which is refused, and what is said about it.

#include <gtest/gtest.h>

#include "redis/redis_server.h"
#include "store/redis_store.h"

namespace agentainer::store {
namespace {

using tests::RedisServer;
using tests::wait;

class Refusal : public testing::Test {
 protected:
  Result<std::unique_ptr<RedisStore>> open(const net::RedisAddress& address,
                                           bool allow_data_loss = false) {
    RedisStoreOptions options;
    options.allow_data_loss = allow_data_loss;
    return wait<std::unique_ptr<RedisStore>>(
        loop, [&](auto done) { RedisStore::open(loop, address, options, std::move(done)); });
  }
  void expect_refused(const net::RedisAddress& address, ErrorCode code, const std::string& part) {
    const auto store = open(address);
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, code);
    EXPECT_NE(store.error().message.find(part), std::string::npos) << store.error().message;
  }
  static bool warns(const RedisStore& store, const std::string& part) {
    for (const std::string& warning : store.facts().warnings)
      if (warning.find(part) != std::string::npos) return true;
    return false;
  }

  net::EventLoop loop;
};

TEST_F(Refusal, OfAnotherSchema) {
  RedisServer server;
  server.call({"SET", "agentainer:schema", "99"});
  expect_refused(server.address(), ErrorCode::kUnsupported, "schema 99");
}

TEST_F(Refusal, OfEviction) {
  RedisServer server({"--maxmemory-policy", "allkeys-lru"});
  expect_refused(server.address(), ErrorCode::kInvalid, "noeviction");
  const auto store = open(server.address(), true);
  ASSERT_TRUE(store);
  EXPECT_TRUE(warns(**store, "allkeys-lru"));
}

TEST_F(Refusal, OfARedisWithoutALog) {
  RedisServer server({"--appendonly", "no"});
  expect_refused(server.address(), ErrorCode::kInvalid, "appendonly yes");
  EXPECT_TRUE(open(server.address(), true));
}

TEST_F(Refusal, OfALogThatIsNeverSynced) {
  RedisServer server({"--appendfsync", "no"});
  expect_refused(server.address(), ErrorCode::kInvalid, "appendfsync no");
}

TEST_F(Refusal, NotOfALogSyncedEverySecond) {
  RedisServer server({"--appendfsync", "everysec"});
  const auto store = open(server.address());
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE(warns(**store, "everysec"));
}

TEST_F(Refusal, OfACluster) {
  RedisServer server({"--cluster-enabled", "yes"});
  expect_refused(server.address(), ErrorCode::kUnsupported, "cluster");
}

TEST_F(Refusal, OfAReplica) {
  RedisServer server({"--replicaof", "127.0.0.1 1"});
  expect_refused(server.address(), ErrorCode::kUnsupported, "127.0.0.1:1");
}

TEST_F(Refusal, NotOfAUserWithoutConfig) {
  RedisServer server;
  server.call({"ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all", "-config", "-acl"});
  net::RedisAddress address = server.address();
  address.user = "app";
  address.password = "secret";
  const auto store = open(address);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE(warns(**store, "CONFIG is not allowed"));
  EXPECT_EQ((*store)->facts().maxmemory_policy, "noeviction") << "INFO tells it too";
}

TEST_F(Refusal, WithoutConfigStillOfEvictionAndALackingLog) {
  RedisServer server({"--maxmemory-policy", "allkeys-lru"});
  server.call({"ACL", "SETUSER", "app", "on", "nopass", "~*", "+@all", "-config"});
  net::RedisAddress address = server.address();
  address.user = "app";
  address.password = "any";
  expect_refused(address, ErrorCode::kInvalid, "noeviction");
}

TEST_F(Refusal, OfAUserWhoMayNotLoadTheLibraryUnlessItIsThere) {
  RedisServer server;
  server.call({"ACL", "SETUSER", "app", "on", "nopass", "~*", "+@all", "-function"});
  net::RedisAddress address = server.address();
  address.user = "app";
  address.password = "any";
  expect_refused(address, ErrorCode::kInvalid, "+function|load");
  ASSERT_TRUE(open(server.address()));
  EXPECT_TRUE(open(address));
}

TEST_F(Refusal, OfAWrongPassword) {
  RedisServer server({"--requirepass", "right"});
  net::RedisAddress address = server.address();
  expect_refused(address, ErrorCode::kInvalid, "password");
  address.password = "wrong";
  expect_refused(address, ErrorCode::kInvalid, "WRONGPASS");
  address.password = "right";
  EXPECT_TRUE(open(address));
}

TEST_F(Refusal, OfNobodyAtTheAddress) {
  net::RedisAddress address;
  address.host = "127.0.0.1";
  address.port = 1;
  expect_refused(address, ErrorCode::kUnavailable, "redis://127.0.0.1:1");
}

TEST_F(Refusal, AnOlderLibraryIsReplacedAndOneOfAnotherSchemaIsLeftAlone) {
  RedisServer server;
  const auto library = [](const std::string& name) {
    return "#!lua name=" + name + "\nredis.register_function{function_name='" + name +
           "_revision', callback=function() return 0 end, flags={'no-writes'}}";
  };
  server.call({"FUNCTION", "LOAD", library("agentainer_1")});
  server.call({"FUNCTION", "LOAD", library("agentainer_2")});
  ASSERT_TRUE(open(server.address()));
  EXPECT_EQ(server.call({"FCALL", "agentainer_1_revision", "0"}).integer, kLibraryRevision);
  EXPECT_EQ(server.call({"FCALL", "agentainer_2_revision", "0"}).integer, 0);
}

}  // namespace
}  // namespace agentainer::store

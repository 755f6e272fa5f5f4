#pragma once
// May this Redis be trusted with workflows? Asked on every new connection, before anything else.

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/redis_connection.h"

namespace agentainer::store {

/// Same as REVISION in functions.lua.
inline constexpr std::int64_t kLibraryRevision = 2;

/// What a Redis says about itself.
struct RedisAnswers {
  std::optional<std::string> info;                           ///< INFO; absent: not allowed.
  std::optional<std::map<std::string, std::string>> config;  ///< CONFIG GET; absent: not allowed.
  std::optional<std::string> schema;  ///< agentainer:schema; absent: not set.
};

/// What was found, for `doctor` and the log.
struct RedisFacts {
  std::string version;           ///< "7.0.15", "Valkey 8.0.1"; empty when unknown.
  std::string appendfsync;       ///< Empty when unknown.
  std::string maxmemory_policy;  ///< Empty when unknown.
  std::vector<std::string> warnings;
};

/// kUnsupported: too old, a cluster, another schema. kInvalid: a policy that loses acknowledged
/// work; only a warning if `allow_data_loss`. Each message says what to do.
[[nodiscard]] Result<RedisFacts> judge_redis(const RedisAnswers& answers, bool allow_data_loss);

/// Within the connection's setup: asks, judges, marks an empty database with our schema and loads
/// the Function library where it is missing or older.
void check_redis(net::RedisConnection& connection, bool allow_data_loss,
                 std::function<void(Result<RedisFacts>)> done);

}  // namespace agentainer::store

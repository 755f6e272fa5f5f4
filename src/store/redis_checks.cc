#include "store/redis_checks.h"

#include <charconv>
#include <memory>
#include <string_view>
#include <utility>

#include "store/functions.h"
#include "store/keys.h"

namespace agentainer::store {
namespace {

using net::Command;
using net::Reply;

/// INFO is lines of `name:value`.
std::string info_value(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const std::size_t end = std::min(info.find('\n'), info.size());
    std::string_view line = info.substr(0, end);
    info.remove_prefix(std::min(end + 1, info.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':'))
      return std::string(line.substr(name.size() + 1));
  }
  return {};
}

int major_version(std::string_view version) {
  int major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major;
}

class Judge {
 public:
  Judge(const RedisAnswers& answers, bool allow_data_loss)
      : answers_(answers), allow_data_loss_(allow_data_loss) {}

  Result<RedisFacts> judge() {
    for (const auto& check :
         {&Judge::check_version, &Judge::check_schema, &Judge::check_eviction, &Judge::check_log})
      if (Status status = (this->*check)(); !status) return tl::make_unexpected(status.error());
    return std::move(facts_);
  }

 private:
  std::string config(std::string_view name) const {
    if (!answers_.config) return {};
    const auto found = answers_.config->find(std::string(name));
    return found == answers_.config->end() ? std::string() : found->second;
  }
  std::string info(std::string_view name) const {
    return answers_.info ? info_value(*answers_.info, name) : std::string();
  }

  Status check_version() {
    const std::string redis = info("redis_version");
    const std::string valkey = info("valkey_version");
    facts_.version = valkey.empty() ? redis : "Valkey " + valkey;
    if (redis.empty() && valkey.empty()) {
      facts_.warnings.emplace_back("this Redis does not tell its version (INFO is not allowed)");
    } else if (valkey.empty() && major_version(redis) < 7) {
      return fail(
          ErrorCode::kUnsupported,
          "this is Redis {}; agentainer needs Redis 7 or Valkey: install a newer one, or leave out "
          "--redis to use a private one",
          redis);
    }
    if (info("redis_mode") == "cluster" || info("cluster_enabled") == "1")
      return fail(ErrorCode::kUnsupported,
                  "this Redis runs in cluster mode, which is not supported: give a single primary "
                  "(replicas are fine)");
    if (info("role") == "slave")
      return fail(ErrorCode::kUnsupported,
                  "this Redis is a replica: give the address of its primary, {}:{}",
                  info("master_host"), info("master_port"));
    return {};
  }

  Status check_schema() {
    if (!answers_.schema || *answers_.schema == std::to_string(keys::kSchemaVersion)) return {};
    return fail(ErrorCode::kUnsupported,
                "the data in this Redis has schema {}, this program reads schema {}: use the "
                "agentainer that wrote "
                "it, or another database (redis://host/1) or data directory",
                *answers_.schema, keys::kSchemaVersion);
  }

  Status check_eviction() {
    facts_.maxmemory_policy = config("maxmemory-policy");
    if (facts_.maxmemory_policy.empty()) facts_.maxmemory_policy = info("maxmemory_policy");
    if (facts_.maxmemory_policy.empty())
      facts_.warnings.emplace_back(
          "cannot see this Redis' maxmemory-policy (INFO and CONFIG are not allowed): it must be "
          "noeviction");
    else if (facts_.maxmemory_policy != "noeviction")
      return risk(fmt::format(
          "this Redis drops keys when memory is full (maxmemory-policy {}): set it to noeviction "
          "(redis-cli CONFIG SET maxmemory-policy noeviction, and in redis.conf)",
          facts_.maxmemory_policy));
    return {};
  }

  Status check_log() {
    const std::string append_only = config("appendonly");
    if (append_only == "no" || (append_only.empty() && info("aof_enabled") == "0"))
      return risk(
          "this Redis does not log its writes (appendonly no), so a restart would lose workflows: "
          "turn it on "
          "(redis-cli CONFIG SET appendonly yes, and in redis.conf)");
    facts_.appendfsync = config("appendfsync");
    if (facts_.appendfsync.empty())
      facts_.warnings.emplace_back(
          "cannot see when this Redis syncs its log (CONFIG is not allowed): only appendfsync "
          "always keeps every "
          "acknowledged write through a power failure");
    else if (facts_.appendfsync == "no")
      return risk(
          "this Redis never syncs its log to disk (appendfsync no): set it to always, or to "
          "everysec "
          "(redis-cli CONFIG SET appendfsync always)");
    else if (facts_.appendfsync != "always")
      facts_.warnings.emplace_back(
          fmt::format("this Redis syncs its log with appendfsync {}: a power failure may lose the "
                      "last second of "
                      "acknowledged work; appendfsync always would not",
                      facts_.appendfsync));
    return {};
  }

  Status risk(std::string message) {
    if (!allow_data_loss_)
      return fail(ErrorCode::kInvalid, "{}; or accept it with --allow-data-loss", message);
    facts_.warnings.push_back(std::move(message));
    return {};
  }

  const RedisAnswers& answers_;
  bool allow_data_loss_;
  RedisFacts facts_;
};

/// Gathers the answers of one pipeline, then judges and prepares.
class Check : public std::enable_shared_from_this<Check> {
 public:
  Check(net::RedisConnection& connection, bool allow_data_loss,
        std::function<void(Result<RedisFacts>)> done)
      : connection_(connection), allow_data_loss_(allow_data_loss), done_(std::move(done)) {}

  void start() {
    ask({"INFO"}, [](Check& self, const Reply& reply) { self.answers_.info = reply.text; });
    for (const std::string_view name : {"maxmemory-policy", "appendonly", "appendfsync"})
      ask({"CONFIG", "GET", name}, &Check::add_config);
    ask({"GET", keys::kSchema}, [](Check& self, const Reply& reply) {
      if (!reply.is_nil()) self.answers_.schema = reply.text;
    });
    ask(
        {"FCALL_RO", "agentainer_1_revision", "0"},
        [](Check& self, const Reply& reply) { self.revision_ = reply.integer; }, &Check::judge);
  }

 private:
  using Take = std::function<void(Check&, const Reply&)>;

  static void add_config(Check& self, const Reply& reply) {
    if (!self.answers_.config) self.answers_.config.emplace();
    for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2)
      self.answers_.config->insert_or_assign(reply.elements[i].text, reply.elements[i + 1].text);
  }

  /// A refused question stays unanswered; a lost connection ends the check.
  void ask(const Command& command, Take take, void (Check::*then)() = nullptr) {
    connection_.send_first(
        command, [self = shared_from_this(), take = std::move(take), then](Result<Reply> reply) {
          if (!self->done_) return;
          if (!reply) return self->finish(tl::make_unexpected(reply.error()));
          if (!reply->is_error()) take(*self, *reply);
          if (then != nullptr) (*self.*then)();
        });
  }

  void judge() {
    auto facts = judge_redis(answers_, allow_data_loss_);
    if (!facts) return finish(std::move(facts));
    facts_ = std::move(*facts);
    if (!answers_.schema)
      require(Command{"SET", keys::kSchema, std::to_string(keys::kSchemaVersion), "NX"},
              "write to this Redis");
    if (revision_.value_or(0) < kLibraryRevision)
      require(Command{"FUNCTION", "LOAD", "REPLACE", function_library()},
              "load the Function library (the Redis user needs +function|load and +fcall)");
    require(Command{"FCALL_RO", "agentainer_1_revision", "0"}, "call the Function library (+fcall)",
            &Check::complete);
  }

  void complete() { finish(std::move(facts_)); }

  void require(const Command& command, std::string_view purpose, void (Check::*then)() = nullptr) {
    connection_.send_first(command,
                           [self = shared_from_this(), purpose, then](Result<Reply> reply) {
                             if (!self->done_) return;
                             if (!reply) return self->finish(tl::make_unexpected(reply.error()));
                             if (reply->is_error()) {
                               Error error = net::redis_error(reply->text);
                               error.message = fmt::format("cannot {}: {}", purpose, error.message);
                               return self->finish(tl::make_unexpected(std::move(error)));
                             }
                             if (then != nullptr) (*self.*then)();
                           });
  }

  void finish(Result<RedisFacts> facts) { std::exchange(done_, nullptr)(std::move(facts)); }

  net::RedisConnection& connection_;
  const bool allow_data_loss_;
  std::function<void(Result<RedisFacts>)> done_;
  RedisAnswers answers_;
  std::optional<std::int64_t> revision_;
  RedisFacts facts_;
};

}  // namespace

Result<RedisFacts> judge_redis(const RedisAnswers& answers, bool allow_data_loss) {
  return Judge(answers, allow_data_loss).judge();
}

void check_redis(net::RedisConnection& connection, bool allow_data_loss,
                 std::function<void(Result<RedisFacts>)> done) {
  std::make_shared<Check>(connection, allow_data_loss, std::move(done))->start();
}

}  // namespace agentainer::store

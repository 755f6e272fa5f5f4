#pragma once
// Who may do what. A token is 256 random bits; only its SHA-256 is kept. Bearer tokens (RFC 6750)
// come in the header Authorization.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/routes.h"
#include "base/executor.h"
#include "base/ids.h"
#include "base/json.h"
#include "store/store.h"

namespace agentainer::api {

struct Token {
  std::string id;    ///< Names it in lists and in the audit log; no secret.
  std::string name;  ///< For people.
  std::string hash;  ///< SHA-256 of the secret, hexadecimal.
  Scope scope = Scope::kRead;
  std::optional<WorkflowId> workflow;  ///< It sees and changes only this one.
  TimePoint created{};
  std::optional<TimePoint> expires;
};

/// As stored: a JSON object.
std::string encode(const Token& token);
Result<Token> decode_token(std::string_view id, std::string_view text);

struct NewToken {
  Token token;
  std::string text;  ///< `agt_<id>_<secret>`; nobody can read it again.
};
/// With 256 bits of the kernel's randomness (getrandom(2)).
NewToken make_token(std::string name, Scope scope, TimePoint now);

/// Tokens of the store, kept in memory and read again now and then, since other servers change
/// them too.
class Access {
 public:
  using DoneStatus = store::Store::DoneStatus;

  Access(Executor& executor, store::Store& store) : executor_(executor), store_(store) {}
  ~Access() { *alive_ = false; }

  void load(DoneStatus done);
  /// From now on reads the tokens again every few seconds.
  void keep_fresh();

  /// Null: unknown, wrong or expired. Takes as long whichever of them it is.
  std::shared_ptr<const Token> check(std::string_view text) const;

  void add(Token token, DoneStatus done);
  /// kNotFound
  void revoke(const std::string& id, DoneStatus done);
  const std::map<std::string, std::shared_ptr<const Token>>& tokens() const { return tokens_; }

 private:
  Executor& executor_;
  store::Store& store_;
  std::map<std::string, std::shared_ptr<const Token>> tokens_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The token of an Authorization field: "Bearer <token>". Empty when it is none.
std::string_view bearer_token(const net::HttpRequest& request);

/// Counts refused tries by address, so that guessing is slow. Bounded: it forgets the oldest.
class FailureLimit {
 public:
  /// A try of `address` failed; false: too many did within the last minute.
  bool note(const std::string& address, TimePoint now);

 private:
  static constexpr std::uint32_t kMaxFailures = 30;
  static constexpr std::size_t kMaxAddresses = 10'000;
  struct Window {
    TimePoint begin{};
    std::uint32_t failures = 0;
  };
  std::map<std::string, Window> windows_;
};

}  // namespace agentainer::api

#include "api/access.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sys/random.h>

#include <array>

#include "base/check.h"
#include "base/log.h"

namespace agentainer::api {
namespace {

constexpr milliseconds kFreshFor{3000};
constexpr std::string_view kPrefix = "agt_";
constexpr std::size_t kIdDigits = 12;
constexpr std::size_t kSecretDigits = 64;

std::string hexadecimal(const unsigned char* bytes, std::size_t size) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += {kDigits[bytes[i] >> 4], kDigits[bytes[i] & 15]};
  return out;
}

template <std::size_t kSize>
std::string random_digits() {
  std::array<unsigned char, kSize / 2> bytes{};
  // Never short and never interrupted for so few bytes, once the kernel has its entropy.
  const ssize_t got = getrandom(bytes.data(), bytes.size(), 0);
  AGENTAINER_CHECK(got == static_cast<ssize_t>(bytes.size()), "the kernel gives random bytes");
  return hexadecimal(bytes.data(), bytes.size());
}

std::string hash_of(std::string_view secret) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(secret.data()), secret.size(), digest.data());
  return hexadecimal(digest.data(), digest.size());
}

std::optional<Scope> parse_scope(std::string_view text) {
  for (const Scope scope : {Scope::kRead, Scope::kRun, Scope::kAdmin})
    if (text == to_string(scope)) return scope;
  return std::nullopt;
}

std::optional<TimePoint> time_of(const Json* value) {
  if (value == nullptr || !value->is_int64()) return std::nullopt;
  return TimePoint(milliseconds(value->get_int64()));
}

}  // namespace

std::string encode(const Token& token) {
  json::object out{{"name", token.name},
                   {"hash", token.hash},
                   {"scope", to_string(token.scope)},
                   {"created", token.created.time_since_epoch().count()}};
  if (token.workflow) out["workflow"] = token.workflow->text();
  if (token.expires) out["expires"] = token.expires->time_since_epoch().count();
  return to_text(out);
}

Result<Token> decode_token(std::string_view id, std::string_view text) {
  const Result<Json> parsed = parse_json(text);
  if (!parsed) return tl::make_unexpected(parsed.error());
  const auto damaged = [&] { return fail(ErrorCode::kInvalid, "the token {} is damaged", id); };
  if (!parsed->is_object()) return damaged();
  const json::object& object = parsed->get_object();
  const auto text_of = [&](std::string_view key) -> std::string_view {
    const Json* value = object.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                  : std::string_view();
  };
  const std::optional<Scope> scope = parse_scope(text_of("scope"));
  const std::optional<TimePoint> created = time_of(object.if_contains("created"));
  if (!scope || !created || text_of("hash").size() != 2 * SHA256_DIGEST_LENGTH) return damaged();
  Token token{std::string(id),
              std::string(text_of("name")),
              std::string(text_of("hash")),
              *scope,
              std::nullopt,
              *created,
              time_of(object.if_contains("expires"))};
  if (object.contains("workflow")) {
    token.workflow = WorkflowId::parse(text_of("workflow"));
    if (!token.workflow) return damaged();
  }
  return token;
}

NewToken make_token(std::string name, Scope scope, TimePoint now) {
  NewToken out;
  const std::string secret = random_digits<kSecretDigits>();
  out.token.id = random_digits<kIdDigits>();
  out.token.name = std::move(name);
  out.token.hash = hash_of(secret);
  out.token.scope = scope;
  out.token.created = now;
  out.text = fmt::format("{}{}_{}", kPrefix, out.token.id, secret);
  return out;
}

void Access::load(DoneStatus done) {
  store_.read_tokens([this, alive = alive_,
                      done = std::move(done)](Result<std::vector<store::StoredToken>> stored) {
    if (!*alive) return;
    if (!stored) return done(tl::make_unexpected(stored.error()));
    std::map<std::string, std::shared_ptr<const Token>> tokens;
    for (const store::StoredToken& entry : *stored) {
      Result<Token> token = decode_token(entry.id, entry.text);
      if (token) {
        tokens.emplace(entry.id, std::make_shared<Token>(std::move(*token)));
      } else {
        log::warning("{}; nobody can use it", token.error().message);
      }
    }
    tokens_ = std::move(tokens);
    done({});
  });
}

void Access::keep_fresh() {
  executor_.schedule(executor_.now() + kFreshFor, [this, alive = alive_] {
    if (!*alive) return;
    load([this](const Status& status) {
      // A store that does not answer is reported by those who wait for it.
      if (!status) log::debug("tokens are as they were: {}", status.error().message);
      keep_fresh();
    });
  });
}

std::shared_ptr<const Token> Access::check(std::string_view text) const {
  if (text.size() != kPrefix.size() + kIdDigits + 1 + kSecretDigits || !text.starts_with(kPrefix) ||
      text[kPrefix.size() + kIdDigits] != '_')
    return nullptr;
  const auto found = tokens_.find(std::string(text.substr(kPrefix.size(), kIdDigits)));
  // An unknown one is compared too, with a hash that nothing has.
  static const std::string kNoHash(2 * SHA256_DIGEST_LENGTH, '-');
  const std::string& expected = found == tokens_.end() ? kNoHash : found->second->hash;
  const std::string hash = hash_of(text.substr(kPrefix.size() + kIdDigits + 1));
  if (CRYPTO_memcmp(hash.data(), expected.data(), hash.size()) != 0) return nullptr;
  const auto& token = found->second;
  if (token->expires && *token->expires <= executor_.now()) return nullptr;
  return token;
}

void Access::add(Token token, DoneStatus done) {
  const auto kept = std::make_shared<Token>(std::move(token));
  store_.put_token(kept->id, encode(*kept),
                   [this, alive = alive_, kept, done = std::move(done)](const Status& status) {
                     if (!*alive) return;
                     if (status) tokens_[kept->id] = kept;
                     done(status);
                   });
}

void Access::revoke(const std::string& id, DoneStatus done) {
  store_.remove_token(id, [this, alive = alive_, id, done = std::move(done)](const Status& status) {
    if (!*alive) return;
    if (status || status.error().code == ErrorCode::kNotFound) tokens_.erase(id);
    done(status);
  });
}

std::string_view bearer_token(const net::HttpRequest& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string* field = request.field("Authorization");
  if (field == nullptr) return {};
  std::string_view text = *field;
  if (text.size() < kScheme.size() ||
      !net::equals_ignoring_case(text.substr(0, kScheme.size()), kScheme))
    return {};
  text.remove_prefix(kScheme.size());
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

bool FailureLimit::note(const std::string& address, TimePoint now) {
  constexpr std::chrono::minutes kWindow{1};
  if (windows_.size() >= kMaxAddresses && !windows_.contains(address)) {
    std::erase_if(windows_, [&](const auto& entry) { return entry.second.begin + kWindow <= now; });
    if (windows_.size() >= kMaxAddresses) windows_.erase(windows_.begin());
  }
  Window& window = windows_[address];
  if (window.begin + kWindow <= now) window = {now, 0};
  return ++window.failures <= kMaxFailures;
}

}  // namespace agentainer::api

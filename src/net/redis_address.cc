#include "net/redis_address.h"

#include <charconv>
#include <limits>
#include <optional>

namespace agentainer::net {
namespace {

using Transport = RedisAddress::Transport;

constexpr std::string_view kForms =
    "expected redis://[user:password@]host[:port][/db], rediss://… or "
    "unix:///path/to/socket[?db=n]";

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = hex_digit(text[i + 1]);
    const auto low = hex_digit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return out;
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

/// Cuts `text` at the first `mark`; the part after it, if the mark is there.
std::optional<std::string_view> split_off(std::string_view& text, char mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = text.substr(at + 1);
  text = text.substr(0, at);
  return rest;
}

Status read_credentials(std::string_view text, RedisAddress& address) {
  const auto password = split_off(text, ':');
  if (!password || password->empty())
    return fail(ErrorCode::kInvalid,
                "the Redis URL has a user but no password: write redis://user:password@host, or "
                "redis://:password@host for the default user");
  const auto user_text = percent_decode(text);
  const auto password_text = percent_decode(*password);
  if (!user_text || !password_text)
    return fail(
        ErrorCode::kInvalid,
        "the Redis URL's user or password has a '%' that is not followed by two hex digits; "
        "write a literal '%' as %25");
  address.user = *user_text;
  address.password = *password_text;
  return {};
}

Status read_database(std::string_view text, RedisAddress& address) {
  const auto number = parse_number<std::uint32_t>(text);
  if (!number || *number > static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max()))
    return fail(ErrorCode::kInvalid, "the Redis URL's database '{}' is not a number", text);
  address.database = *number;
  return {};
}

Status read_parameters(std::string_view text, RedisAddress& address) {
  while (!text.empty()) {
    std::string_view name = text;
    const auto rest = split_off(name, '&');
    text = rest.value_or(std::string_view());
    const auto value = split_off(name, '=');
    if (name == "db" && value && address.transport == Transport::kUnix) {
      if (auto status = read_database(*value, address); !status) return status;
    } else if (name == "cacert" && value && !value->empty() &&
               address.transport == Transport::kTls) {
      const auto file = percent_decode(*value);
      if (!file)
        return fail(ErrorCode::kInvalid,
                    "the Redis URL's cacert has a '%' that is not followed by two hex digits");
      address.ca_file = *file;
    } else {
      return fail(ErrorCode::kInvalid,
                  "the Redis URL's parameter '{}' is not known here: 'db=n' goes with unix://, "
                  "'cacert=FILE' with rediss://",
                  name);
    }
  }
  return {};
}

Status read_host_and_port(std::string_view text, RedisAddress& address) {
  std::optional<std::string_view> port;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos)
      return fail(ErrorCode::kInvalid, "the Redis URL's IPv6 address lacks its ']'");
    address.host = text.substr(1, end - 1);
    std::string_view after = text.substr(end + 1);
    if (!after.empty() && after[0] != ':')
      return fail(ErrorCode::kInvalid, "the Redis URL has '{}' after the IPv6 address", after);
    port = split_off(after, ':');
  } else {
    if (text.find(':') != text.rfind(':'))
      return fail(ErrorCode::kInvalid,
                  "an IPv6 address in a Redis URL needs brackets: redis://[::1]:6379");
    port = split_off(text, ':');
    address.host = text;
  }
  if (address.host.empty())
    return fail(ErrorCode::kInvalid, "the Redis URL names no host; {}", kForms);
  if (!port) return {};
  const auto number = parse_number<std::uint16_t>(*port);
  if (!number || *number == 0)
    return fail(ErrorCode::kInvalid, "the Redis URL's port '{}' is not a number from 1 to 65535",
                *port);
  address.port = *number;
  return {};
}

Status read_unix_path(std::string_view text, RedisAddress& address) {
  const auto path = percent_decode(text);
  if (!path || path->size() < 2 || path->front() != '/' || path->find('\0') != std::string::npos)
    return fail(ErrorCode::kInvalid,
                "the Redis URL's socket path must be absolute: unix:///path/to/socket");
  address.path = *path;
  return {};
}

}  // namespace

std::string RedisAddress::display() const {
  if (transport == Transport::kUnix)
    return database == 0 ? fmt::format("unix://{}", path)
                         : fmt::format("unix://{}?db={}", path, database);
  const bool ipv6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}/{}", transport == Transport::kTls ? "rediss" : "redis",
                     ipv6 ? "[" : "", host, ipv6 ? "]" : "", port, database);
}

Result<RedisAddress> parse_redis_url(std::string_view url) {
  RedisAddress address;
  if (url.starts_with("redis://")) {
    address.transport = Transport::kTcp;
  } else if (url.starts_with("rediss://")) {
    address.transport = Transport::kTls;
  } else if (url.starts_with("unix://")) {
    address.transport = Transport::kUnix;
  } else {
    return fail(ErrorCode::kInvalid, "this is not a Redis URL: {}", kForms);
  }
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= ' ' || c == '\x7f' || c == '#')
      return fail(ErrorCode::kInvalid,
                  "the Redis URL has a space, a control character or a '#'; write it as % and two "
                  "hex digits");

  url.remove_prefix(url.find("://") + 3);
  // A password may hold an unencoded '@' or '?', so the last '@' before the path ends the
  // credentials; one that holds '/' has to be encoded.
  const std::size_t slash = url.find('/');
  const std::size_t at = url.substr(0, slash).rfind('@');
  // Refused before any part of it can be taken for a port or a database and shown in a message.
  if (slash != 0 && slash != std::string_view::npos &&
      url.find('@', slash) != std::string_view::npos)
    return fail(ErrorCode::kInvalid,
                "the Redis URL has a '/' before an '@': in a user or password write it as %2F, and "
                "an '@' elsewhere as %40");
  if (at != std::string_view::npos) {
    if (auto status = read_credentials(url.substr(0, at), address); !status)
      return tl::make_unexpected(status.error());
    url.remove_prefix(at + 1);
  }
  const auto parameters = split_off(url, '?');
  Status status;
  if (address.transport == Transport::kUnix) {
    status = read_unix_path(url, address);
  } else {
    const auto database = split_off(url, '/');
    status = read_host_and_port(url, address);
    if (status && database && !database->empty()) status = read_database(*database, address);
  }
  if (status && parameters) status = read_parameters(*parameters, address);
  if (!status) return tl::make_unexpected(status.error());
  return address;
}

}  // namespace agentainer::net

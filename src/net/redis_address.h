#pragma once
// Where a Redis is and how to log in to it, read from a URL.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace agentainer::net {

struct RedisAddress {
  enum class Transport { kTcp, kTls, kUnix };

  Transport transport = Transport::kTcp;
  std::string host;           ///< TCP and TLS: a name, an IPv4 or an IPv6 address without brackets.
  std::uint16_t port = 6379;  ///< TCP and TLS.
  std::string path;           ///< Unix socket; may be longer than a socket address can hold.
  std::string user;           ///< Empty: the default user.
  std::string password;       ///< Empty: no AUTH is sent.
  std::uint32_t database = 0;
  std::string ca_file;  ///< TLS: certificates to trust instead of the system's.

  /// For logs and messages: neither user nor password.
  std::string display() const;
};

/// Accepts `redis://[[user]:password@]host[:port][/db]`, `rediss://…[?cacert=FILE]` (TLS) and
/// `unix://[[user]:password@]/path[?db=n]`, with user, password and path percent-encoded (RFC
/// 3986). kInvalid says what is wrong; no message holds any part of the user or password.
[[nodiscard]] Result<RedisAddress> parse_redis_url(std::string_view url);

}  // namespace agentainer::net

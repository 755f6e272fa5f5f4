#pragma once
// Requests and responses as the rest of the program sees them (RFC 9110).

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace agentainer::net {

struct HttpField {
  std::string name;
  std::string value;
};

/// A request's target, taken apart (RFC 9112, origin form).
struct HttpTarget {
  /// Parts of the path between its slashes, percent-decoded: /a/b%2Fc gives {"a", "b/c"}.
  std::vector<std::string> segments;
  /// Decoded names and values in their order; "+" is a space, as forms send it.
  std::vector<std::pair<std::string, std::string>> query;
};

/// kInvalid: not in origin form, a broken percent code, a NUL byte, or no UTF-8.
Result<HttpTarget> parse_http_target(std::string_view target);

/// Percent-encodes all but unreserved characters (RFC 3986), for a path segment or query part.
std::string percent_encode(std::string_view text);

/// ASCII letters count as equal in either case, as in names of fields.
bool equals_ignoring_case(std::string_view a, std::string_view b);

struct HttpRequest {
  std::string method;  ///< As sent: "GET".
  std::string target;  ///< As sent: "/workflows?limit=5".
  std::vector<HttpField> fields;
  std::string body;
  std::string remote;  ///< The peer's address, without its port; "unix" for a local socket.
  bool is_encrypted = false;

  /// The first field of this name, whatever its case; null when there is none.
  const std::string* field(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::vector<HttpField> fields;
  std::string body;
};

/// "Not Found" of 404; "" of an unknown one.
std::string_view reason_phrase(int status);

}  // namespace agentainer::net

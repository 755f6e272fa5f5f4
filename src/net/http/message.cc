#include "net/http/message.h"

#include <boost/beast/http/status.hpp>

#include "base/json.h"

namespace agentainer::net {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decode(std::string_view text, bool is_query) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0)
        return fail(ErrorCode::kInvalid, "the address has a '%' that is no percent code");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && is_query) {
      c = ' ';
    }
    if (c == '\0') return fail(ErrorCode::kInvalid, "the address holds a NUL byte");
    out += c;
  }
  if (to_valid_utf8(out) != out) return fail(ErrorCode::kInvalid, "the address is not UTF-8");
  return out;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

Result<HttpTarget> parse_http_target(std::string_view target) {
  if (target.empty() || target.front() != '/')
    return fail(ErrorCode::kInvalid, "the request's target has to be a path");
  HttpTarget out;
  const std::size_t mark = target.find('?');
  std::string_view path = target.substr(1, mark == target.npos ? target.npos : mark - 1);
  std::string_view query = mark == target.npos ? std::string_view() : target.substr(mark + 1);
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    auto segment = decode(path.substr(0, slash), false);
    if (!segment) return tl::make_unexpected(segment.error());
    out.segments.push_back(std::move(*segment));
    path = slash == path.npos ? std::string_view() : path.substr(slash + 1);
  }
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view part = query.substr(0, end);
    query = end == query.npos ? std::string_view() : query.substr(end + 1);
    if (part.empty()) continue;
    const std::size_t equals = part.find('=');
    auto name = decode(part.substr(0, equals), true);
    auto value = decode(equals == part.npos ? std::string_view() : part.substr(equals + 1), true);
    if (!name) return tl::make_unexpected(name.error());
    if (!value) return tl::make_unexpected(value.error());
    out.query.emplace_back(std::move(*name), std::move(*value));
  }
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

const std::string* HttpRequest::field(std::string_view name) const {
  for (const HttpField& field : fields)
    if (equals_ignoring_case(field.name, name)) return &field.value;
  return nullptr;
}

std::string_view reason_phrase(int status) {
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  if (known == boost::beast::http::status::unknown) return "";
  const auto text = boost::beast::http::obsolete_reason(known);
  return {text.data(), text.size()};
}

}  // namespace agentainer::net

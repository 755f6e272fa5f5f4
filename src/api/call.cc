#include "api/call.h"

#include <charconv>

#include "base/check.h"

namespace agentainer::api {
namespace {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
    case ErrorCode::kFenced:
      return 409;
    case ErrorCode::kUnavailable:
    case ErrorCode::kMaybeDone:
    case ErrorCode::kResource:
      return 503;
    case ErrorCode::kUnsupported:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

/// "not_found" of "not found" and "Not Found": a program compares it.
std::string identifier(std::string_view words) {
  std::string out(words);
  for (char& c : out) {
    if (c == ' ' || c == '-') c = '_';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

net::HttpResponse json_response(int status, const json::object& body) {
  net::HttpResponse response;
  response.status = status;
  response.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  if (status == 503) response.fields.push_back({"Retry-After", "1"});
  response.body = to_text(body);
  response.body += '\n';
  return response;
}

}  // namespace

net::HttpResponse success(int status, Json data, std::string_view message) {
  return json_response(status,
                       {{"success", true}, {"message", message}, {"data", std::move(data)}});
}

net::HttpResponse refusal(int status, std::string_view code, std::string_view message, Json data) {
  return json_response(status, {{"success", false},
                                {"message", to_valid_utf8(message)},
                                {"data", std::move(data)},
                                {"error", json::object{{"code", identifier(code)}}}});
}

net::HttpResponse refusal(const Error& error) {
  return refusal(status_of(error.code), to_string(error.code), error.message);
}

const std::string& Call::parameter(std::string_view name) const {
  for (const auto& [known, value] : parameters_)
    if (known == name) return value;
  AGENTAINER_CHECK(false, "the route has this parameter");
}

const std::string* Call::query(std::string_view name) const {
  for (const auto& [known, value] : query_)
    if (known == name) return &value;
  return nullptr;
}

Result<std::int64_t> Call::integer(std::string_view name, std::int64_t default_value,
                                   std::int64_t least, std::int64_t most) const {
  const std::string* text = query(name);
  if (text == nullptr) return default_value;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < least || value > most)
    return fail(ErrorCode::kInvalid, "{} has to be an integer from {} to {}", name, least, most);
  return value;
}

Result<bool> Call::boolean(std::string_view name, bool default_value) const {
  const std::string* text = query(name);
  if (text == nullptr) return default_value;
  if (*text == "true" || *text == "1" || text->empty()) return true;
  if (*text == "false" || *text == "0") return false;
  return fail(ErrorCode::kInvalid, "{} has to be true or false", name);
}

void Call::respond(net::HttpResponse response) { exchange_->respond(std::move(response)); }

}  // namespace agentainer::api

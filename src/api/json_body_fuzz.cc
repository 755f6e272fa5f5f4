#include <cstddef>
#include <cstdint>
#include <string_view>

#include "api/body_check.h"
#include "api/routes.h"
#include "base/check.h"

// A body that passes has what the handlers take from it without asking.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace agentainer;
  static const api::BodyCheck check;
  const auto body = parse_json({reinterpret_cast<const char*>(data), size});
  if (!body) return 0;
  for (const api::Route& route : api::routes()) (void)check.check(route.body, *body);
  if (check.check("StateUpdate", *body))
    AGENTAINER_CHECK(body->at("key").is_string() && body->at("operation").is_string(),
                     "a change of the state has its key and operation");
  if (check.check("TokenRequest", *body))
    AGENTAINER_CHECK(body->at("scope").is_string(), "a token has its scope");
  return 0;
}

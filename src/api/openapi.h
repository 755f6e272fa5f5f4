#pragma once
// The OpenAPI 3.1 document, made from the table of routes and the schemas.

#include <string_view>

#include "base/json.h"

namespace agentainer::api {

Json openapi_document(std::string_view version);

}  // namespace agentainer::api

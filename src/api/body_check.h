#pragma once
// Bodies of requests against the schemas of the OpenAPI document.

#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace agentainer::api {

/// The schemas of components/schemas by name.
const json::object& schemas();

class BodyCheck {
 public:
  BodyCheck();
  ~BodyCheck();
  /// kInvalid names every place at fault. Names without a schema accept everything.
  Status check(std::string_view schema, const Json& body) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace agentainer::api

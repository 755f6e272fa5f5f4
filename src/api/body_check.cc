#include "api/body_check.h"

#include <map>
#include <valijson/adapters/boost_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "api/routes.h"

namespace agentainer::api {

struct BodyCheck::Impl {
  std::map<std::string, valijson::Schema, std::less<>> compiled;
};

BodyCheck::BodyCheck() : impl_(std::make_unique<Impl>()) {
  for (const Route& route : routes()) {
    const Json* schema = schemas().if_contains(route.body);
    if (schema == nullptr || impl_->compiled.contains(route.body)) continue;
    valijson::SchemaParser parser;
    parser.populateSchema(valijson::adapters::BoostJsonAdapter(*schema),
                          impl_->compiled[std::string(route.body)]);
  }
}

BodyCheck::~BodyCheck() = default;

Status BodyCheck::check(std::string_view name, const Json& body) const {
  constexpr int kMaxShown = 5;
  const auto schema = impl_->compiled.find(name);
  if (schema == impl_->compiled.end()) return {};
  valijson::Validator validator;
  valijson::ValidationResults results;
  const valijson::adapters::BoostJsonAdapter target(body);
  if (validator.validate(schema->second, target, &results)) return {};
  std::string text;
  valijson::ValidationResults::Error error;
  for (int i = 0; i < kMaxShown && results.popError(error); ++i) {
    std::string place;
    for (const std::string& part : error.context) place += part;
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ",
                        place == "<root>" ? "the body" : place.substr(std::string("<root>").size()),
                        error.description);
  }
  return fail(ErrorCode::kInvalid, "the body is not as it should be: {}", text);
}

}  // namespace agentainer::api

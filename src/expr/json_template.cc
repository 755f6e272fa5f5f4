#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "expr/compile.h"
#include "expr/context.h"
#include "expr/expr.h"

namespace agentainer::expr {
namespace {

std::string_view text_of(const json::string& text) { return {text.data(), text.size()}; }
std::string_view key_of(const json::key_value_pair& entry) {
  return {entry.key().data(), entry.key().size()};
}

/// Whether a string is a template at all; most are not, and are only copied.
bool has_marker(const json::string& text) {
  return text_of(text).find("${{") != std::string_view::npos;
}

/// A reference token of a JSON pointer (RFC 6901, section 3).
std::string escape_token(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

/// Compiles the strings of a value, in the order of a walk through it.
class TemplateCollector {
 public:
  TemplateCollector(const Scope& scope, std::vector<Template>& templates)
      : scope_(scope), templates_(templates) {}

  std::optional<JsonTemplate::Fault> collect(const Json& value, std::size_t depth) {
    if (depth > kMaxJsonDepth)
      return JsonTemplate::Fault{"",
                                 {0, fmt::format("nested deeper than {} levels", kMaxJsonDepth)}};
    if (const json::string* text = value.if_string()) {
      if (!has_marker(*text)) return std::nullopt;
      auto compiled = Template::compile(text_of(*text), scope_);
      if (!compiled) return JsonTemplate::Fault{"", std::move(compiled.error())};
      templates_.push_back(std::move(*compiled));
    } else if (const json::array* array = value.if_array()) {
      for (std::size_t i = 0; i < array->size(); ++i)
        if (auto fault = collect((*array)[i], depth + 1))
          return below(fmt::format("{}", i), *fault);
    } else if (const json::object* object = value.if_object()) {
      for (const json::key_value_pair& entry : *object)
        if (auto fault = collect(entry.value(), depth + 1))
          return below(escape_token(key_of(entry)), *fault);
    }
    return std::nullopt;
  }

 private:
  /// The pointer is made on the way back, for only a fault has one.
  static JsonTemplate::Fault below(std::string_view token, const JsonTemplate::Fault& fault) {
    return {fmt::format("/{}{}", token, fault.pointer), fault.error};
  }

  const Scope& scope_;
  std::vector<Template>& templates_;
};

}  // namespace

struct JsonTemplate::Compiled {
  Json source;
  /// Those of the strings with a marker, in the order in which a walk of `source` meets them.
  std::vector<Template> templates;
  bool is_constant = true;

  /// `value` with its templates evaluated; `next` is the number of the first of them.
  Result<Json> fill(const Json& value, std::size_t& next, Context& context,
                    std::size_t depth) const {
    if (const json::string* text = value.if_string()) {
      if (has_marker(*text)) return templates[next++].evaluate_in(context, depth);
    } else if (const json::array* array = value.if_array()) {
      json::array filled;
      filled.reserve(array->size());
      for (const Json& item : *array) {
        auto result = fill(item, next, context, depth + 1);
        if (!result) return result;
        filled.push_back(std::move(*result));
      }
      return Json(std::move(filled));
    } else if (const json::object* object = value.if_object()) {
      json::object filled;
      filled.reserve(object->size());
      for (const json::key_value_pair& entry : *object) {
        auto result = fill(entry.value(), next, context, depth + 1);
        if (!result) return result;
        filled.emplace(entry.key(), std::move(*result));
      }
      return Json(std::move(filled));
    }
    return value;
  }
};

tl::expected<JsonTemplate, JsonTemplate::Fault> JsonTemplate::compile(const Json& value,
                                                                      const Scope& scope) {
  auto compiled = std::make_shared<Compiled>();
  if (auto fault = TemplateCollector(scope, compiled->templates).collect(value, 0))
    return tl::make_unexpected(std::move(*fault));
  compiled->source = value;
  for (const Template& each : compiled->templates) compiled->is_constant &= each.is_constant();
  JsonTemplate result;
  result.compiled_ = std::move(compiled);
  return result;
}

bool JsonTemplate::is_constant() const { return compiled_->is_constant; }

Result<Json> JsonTemplate::evaluate(const Bindings& bindings, const Limits& limits) const {
  if (compiled_->templates.empty()) return compiled_->source;
  Context context(bindings, limits);
  std::size_t next = 0;
  return compiled_->fill(compiled_->source, next, context, 0);
}

std::vector<Reference> JsonTemplate::references() const {
  std::vector<Reference> all;
  for (const Template& each : compiled_->templates) add_references(all, each.references());
  return all;
}

}  // namespace agentainer::expr

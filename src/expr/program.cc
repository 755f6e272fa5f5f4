#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "expr/compile.h"
#include "expr/context.h"
#include "expr/evaluate.h"
#include "expr/output.h"
#include "expr/parser.h"
#include "expr/utf8.h"

namespace agentainer::expr {

tl::expected<std::shared_ptr<const CompiledProgram>, SourceError> compile_program(
    std::string_view source, const Scope& scope, Unknown unknown) {
  if (source.size() > kMaxSourceBytes)
    return tl::make_unexpected(SourceError{
        kMaxSourceBytes, fmt::format("an expression has at most {} bytes", kMaxSourceBytes)});
  if (const std::size_t invalid = utf8::find_invalid(source); invalid != std::string_view::npos)
    return tl::make_unexpected(SourceError{invalid, "this byte is not valid UTF-8"});
  auto program = std::make_shared<CompiledProgram>();
  program->source = source;
  if (auto error = Parser(program->source, program->ast).parse())
    return tl::make_unexpected(std::move(*error));
  if (auto error = check(program->ast, program->source, scope, unknown, program->references))
    return tl::make_unexpected(std::move(*error));
  return program;
}

void add_references(std::vector<Reference>& to, const std::vector<Reference>& from) {
  for (const Reference& each : from) {
    const bool known = std::any_of(to.begin(), to.end(), [&](const Reference& other) {
      return other.variable == each.variable && other.member == each.member;
    });
    if (!known) to.push_back(each);
  }
}

void Bindings::set(std::string_view name, const Json* value) {
  AGENTAINER_CHECK(value != nullptr, "a bound value exists");
  std::erase_if(slots_, [&](const Slot& slot) { return slot.name == name; });
  slots_.push_back({name, value, nullptr});
}

void Bindings::set(std::string_view name, const Members* members) {
  AGENTAINER_CHECK(members != nullptr, "a bound object exists");
  std::erase_if(slots_, [&](const Slot& slot) { return slot.name == name; });
  slots_.push_back({name, nullptr, members});
}

const Bindings::Slot* Bindings::find(std::string_view name) const {
  for (const Slot& slot : slots_)
    if (slot.name == name) return &slot;
  return nullptr;
}

tl::expected<Program, SourceError> Program::compile(std::string_view source, const Scope& scope) {
  auto compiled = compile_program(source, scope);
  if (!compiled) return tl::make_unexpected(std::move(compiled.error()));
  Program program;
  program.compiled_ = std::move(*compiled);
  return program;
}

Result<Json> Program::evaluate(const Bindings& bindings, const Limits& limits) const {
  Context context(bindings, limits);
  const Value value = expr::evaluate(compiled_->ast, context);
  if (value.is_fault())
    return tl::make_unexpected(describe(context.fault(), compiled_->ast, compiled_->source));
  return to_result(context, value);
}

Result<bool> Program::evaluate_bool(const Bindings& bindings, const Limits& limits) const {
  Context context(bindings, limits);
  const Value value = expr::evaluate(compiled_->ast, context);
  if (value.is_fault())
    return tl::make_unexpected(describe(context.fault(), compiled_->ast, compiled_->source));
  if (!value.is(Kind::kBool))
    return fail(ErrorCode::kInvalid, "the condition gives {}; expected a bool",
                to_string(value.kind()));
  return value.is_true();
}

const std::string& Program::source() const { return compiled_->source; }
const std::vector<Reference>& Program::references() const { return compiled_->references; }

}  // namespace agentainer::expr

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

#include "expr/compile.h"
#include "expr/context.h"
#include "expr/evaluate.h"
#include "expr/lexer.h"
#include "expr/output.h"

namespace agentainer::expr {
namespace {

constexpr std::string_view kOpen = "${{";
constexpr std::string_view kEscapedOpen = "$${{";
constexpr std::string_view kSpaces = " \t\r\n";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(kSpaces) == std::string_view::npos;
}

SourceError unclosed(std::size_t open) {
  return {open, "this '${{' is never closed; expected '}}' (a literal '${{' is written '$${{')"};
}

/// Offset of the `}}` that ends the expression which begins at `begin`: the first two closing
/// braces that are neither in a string nor belong to a map of the expression.
tl::expected<std::size_t, SourceError> find_end(std::string_view text, std::size_t open) {
  Lexer lexer(text, open + kOpen.size());
  std::size_t maps = 0;
  while (true) {
    auto token = lexer.next();
    if (!token) return tl::make_unexpected(std::move(token.error()));
    if (token->kind == TokenKind::kEnd) return tl::make_unexpected(unclosed(open));
    if (token->offset - open > kMaxSourceBytes) return tl::make_unexpected(unclosed(open));
    if (token->kind != TokenKind::kSymbol) continue;
    if (token->text == "{") ++maps;
    if (token->text != "}") continue;
    if (maps == 0) {
      if (text.substr(token->offset, 2) == "}}") return token->offset;
      return tl::make_unexpected(
          SourceError{token->offset, "unexpected '}'; an expression ends with '}}'"});
    }
    --maps;
  }
}

}  // namespace

using TemplatePart = std::variant<std::string, std::shared_ptr<const CompiledProgram>>;

struct Template::Compiled {
  std::vector<TemplatePart> parts;
  /// The one expression that the text is, if it is.
  std::shared_ptr<const CompiledProgram> whole;
  std::string constant;  ///< The text when no part is an expression.
  bool is_constant = false;
};

tl::expected<Template, SourceError> Template::compile(std::string_view text, const Scope& scope) {
  auto compiled = std::make_shared<Compiled>();
  std::string literal;
  std::size_t programs = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t dollar = std::min(text.find('$', at), text.size());
    literal.append(text.substr(at, dollar - at));
    at = dollar;
    if (text.substr(at).starts_with(kEscapedOpen)) {
      literal.append(kOpen);
      at += kEscapedOpen.size();
    } else if (text.substr(at).starts_with(kOpen)) {
      const auto end = find_end(text, at);
      if (!end) return tl::make_unexpected(end.error());
      const std::size_t begin = at + kOpen.size();
      auto program = compile_program(text.substr(begin, *end - begin), scope);
      if (!program)
        return tl::make_unexpected(
            SourceError{begin + program.error().offset, std::move(program.error().message)});
      if (!literal.empty()) compiled->parts.emplace_back(std::exchange(literal, {}));
      compiled->parts.emplace_back(std::move(*program));
      ++programs;
      at = *end + 2;
    } else if (at < text.size()) {
      literal.push_back(text[at++]);
    }
  }
  compiled->is_constant = programs == 0;
  if (compiled->is_constant) {
    compiled->constant = std::move(literal);
  } else if (!literal.empty()) {
    compiled->parts.emplace_back(std::move(literal));
  }
  if (programs == 1) {
    bool alone = true;
    for (const TemplatePart& part : compiled->parts) {
      if (const auto* program = std::get_if<1>(&part)) compiled->whole = *program;
      if (const auto* spaces = std::get_if<0>(&part)) alone &= is_blank(*spaces);
    }
    if (!alone) compiled->whole = nullptr;
  }
  Template result;
  result.compiled_ = std::move(compiled);
  return result;
}

namespace {

/// The value of one expression of a template.
Result<Value> evaluate_part(const CompiledProgram& program, Context& context) {
  const Value value = evaluate(program.ast, context);
  if (value.is_fault())
    return tl::make_unexpected(describe(context.fault(), program.ast, program.source));
  return value;
}

Result<std::string> join_parts(const std::vector<TemplatePart>& parts, NullText null,
                               Context& context) {
  std::string text;
  for (const TemplatePart& part : parts) {
    if (const auto* literal = std::get_if<0>(&part)) {
      text += *literal;
      continue;
    }
    const auto value = evaluate_part(*std::get<1>(part), context);
    if (!value) return tl::make_unexpected(value.error());
    if (Status done = append_text(context, *value, null, text); !done)
      return tl::make_unexpected(std::move(done.error()));
  }
  return text;
}

}  // namespace

bool Template::is_constant() const { return compiled_->is_constant; }

Result<Json> Template::evaluate(const Bindings& bindings, const Limits& limits) const {
  Context context(bindings, limits);
  if (compiled_->whole == nullptr) return evaluate_in(context, 0);
  const auto value = evaluate_part(*compiled_->whole, context);
  if (!value) return tl::make_unexpected(value.error());
  return to_result(context, *value);
}

Result<Json> Template::evaluate_in(Context& context, std::size_t depth) const {
  if (compiled_->is_constant) return Json(compiled_->constant);
  if (compiled_->whole != nullptr) {
    const auto value = evaluate_part(*compiled_->whole, context);
    if (!value) return tl::make_unexpected(value.error());
    return to_json(context, *value, depth);
  }
  const auto text = join_parts(compiled_->parts, NullText::kNull, context);
  if (!text) return tl::make_unexpected(text.error());
  return to_json(context, Value::string(*text), depth);
}

Result<std::string> Template::evaluate_text(const Bindings& bindings, const Limits& limits) const {
  if (compiled_->is_constant) return compiled_->constant;
  Context context(bindings, limits);
  if (compiled_->whole == nullptr) return join_parts(compiled_->parts, NullText::kEmpty, context);
  return join_parts({compiled_->whole}, NullText::kEmpty, context);
}

std::vector<Reference> Template::references() const {
  std::vector<Reference> all;
  for (const TemplatePart& part : compiled_->parts)
    if (const auto* program = std::get_if<1>(&part)) add_references(all, (*program)->references);
  return all;
}

}  // namespace agentainer::expr

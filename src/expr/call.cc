#include <fmt/format.h>

#include <array>
#include <cmath>

#include "expr/containers.h"
#include "expr/evaluate.h"
#include "expr/numbers.h"
#include "expr/strings.h"
#include "expr/utf8.h"

namespace agentainer::expr {
namespace {

Value size(Context& context, const Value& of) {
  if (of.is(Kind::kList)) return Value::integer(static_cast<std::int64_t>(of.list_size()));
  if (of.is(Kind::kMap)) {
    const std::size_t entries = map_size(of);
    // Members count their keys one by one.
    if (of.members() != nullptr && !context.charge(entries / 8)) return Value::fault();
    return Value::integer(static_cast<std::int64_t>(entries));
  }
  if (of.is(Kind::kBytes)) return Value::integer(static_cast<std::int64_t>(of.text().size()));
  if (!context.charge_bytes(of.text().size())) return Value::fault();
  return Value::integer(static_cast<std::int64_t>(utf8::count(of.text())));
}

Value number_fault(Context& context, NodeId node, NumberFault fault, const Value& from) {
  return context.fail(fault == NumberFault::kRange ? FaultKind::kOutOfRange : FaultKind::kBadText,
                      node, from);
}

Value to_int(Context& context, NodeId node, const Value& from) {
  if (from.is(Kind::kInt)) return from;
  if (from.is(Kind::kString)) {
    const auto value = parse_int(from.text());
    return value ? Value::integer(*value) : number_fault(context, node, value.error(), from);
  }
  if (from.is(Kind::kUint)) {
    if (from.as_uint() >> 63 != 0) return context.fail(FaultKind::kOutOfRange, node, from);
    return Value::integer(from.as_int());
  }
  // Open at both ends, as the conformance vectors have it, though -2^63 would fit.
  const double value = from.as_double();
  if (!(value > -0x1p63 && value < 0x1p63)) return context.fail(FaultKind::kOutOfRange, node, from);
  return Value::integer(static_cast<std::int64_t>(value));
}

Value to_uint(Context& context, NodeId node, const Value& from) {
  if (from.is(Kind::kUint)) return from;
  if (from.is(Kind::kString)) {
    const auto value = parse_uint(from.text());
    return value ? Value::uinteger(*value) : number_fault(context, node, value.error(), from);
  }
  if (from.is(Kind::kInt)) {
    if (from.as_int() < 0) return context.fail(FaultKind::kOutOfRange, node, from);
    return Value::uinteger(from.as_uint());
  }
  const double value = from.as_double();
  if (!(value >= 0 && value < 0x1p64)) return context.fail(FaultKind::kOutOfRange, node, from);
  return Value::uinteger(static_cast<std::uint64_t>(value));
}

Value to_double(Context& context, NodeId node, const Value& from) {
  if (from.is(Kind::kInt)) return Value::real(static_cast<double>(from.as_int()));
  if (from.is(Kind::kUint)) return Value::real(static_cast<double>(from.as_uint()));
  if (from.is(Kind::kDouble)) return from;
  const auto value = parse_double(from.text());
  return value ? Value::real(*value) : number_fault(context, node, value.error(), from);
}

Value to_text(Context& context, NodeId node, const Value& from) {
  if (from.is(Kind::kString)) return from;
  if (from.is(Kind::kBool)) return Value::string(from.is_true() ? "true" : "false");
  if (from.is(Kind::kDouble)) return context.copy_string(format_double(from.as_double()));
  if (from.is(Kind::kInt)) return context.copy_string(fmt::format("{}", from.as_int()));
  if (from.is(Kind::kUint)) return context.copy_string(fmt::format("{}", from.as_uint()));
  if (!context.charge_bytes(from.text().size())) return Value::fault();
  if (utf8::find_invalid(from.text()) != std::string_view::npos)
    return context.fail_argument(node, "the bytes are not valid UTF-8");
  return Value::string(from.text());
}

Value to_bool(Context& context, NodeId node, const Value& from) {
  if (from.is(Kind::kBool)) return from;
  for (const std::string_view yes : {"1", "t", "T", "true", "TRUE", "True"})
    if (from.text() == yes) return Value::boolean(true);
  for (const std::string_view no : {"0", "f", "F", "false", "FALSE", "False"})
    if (from.text() == no) return Value::boolean(false);
  return context.fail(FaultKind::kBadText, node, from);
}

/// The pattern of a matches(), compiled: the tree's own where it is a constant.
const Regex* pattern(Context& context, const Node& node, NodeId id, const Value& text) {
  if (node.regex != nullptr) return node.regex;
  std::optional<Regex>& last = context.last_regex();
  if (last && last->pattern() == text.text()) return &*last;
  // A compile costs far more than a step; and a pattern may be small and its program large.
  if (!context.charge(100 + text.text().size())) return nullptr;
  auto regex = Regex::compile(text.text());
  if (!regex) {
    context.fail_argument(id, fmt::format("not a regular expression (RE2): {}", regex.error()));
    return nullptr;
  }
  last = std::move(*regex);
  return context.charge(last->program_size()) ? &*last : nullptr;
}

Value matches(Context& context, const Node& node, NodeId id, const Value& text,
              const Value& regex) {
  const Regex* compiled = pattern(context, node, id, regex);
  if (compiled == nullptr) return Value::fault();
  // The worst case is the text times the program; a usual pattern takes one look at each byte,
  // but which one it is cannot be told beforehand.
  const std::uint64_t work = text.text().size() * compiled->program_size() / 32;
  if (!context.charge(1 + work)) return Value::fault();
  return Value::boolean(compiled->matches(text.text()));
}

Value dispatch(Context& context, const Node& node, NodeId id, std::span<const Value> given) {
  const Value& first = given[0];
  switch (node.signature->function) {
    case Function::kSize:
      return size(context, first);
    case Function::kToInt:
      return to_int(context, id, first);
    case Function::kToUint:
      return to_uint(context, id, first);
    case Function::kToDouble:
      return to_double(context, id, first);
    case Function::kToString:
      return to_text(context, id, first);
    case Function::kToBool:
      return to_bool(context, id, first);
    case Function::kToBytes:
      return Value::bytes(first.text());
    case Function::kDyn:
      return first;
    case Function::kType:
      return Value::type(first.kind());
    case Function::kMatches:
      return matches(context, node, id, first, given[1]);
    case Function::kContains:
    case Function::kStartsWith:
    case Function::kEndsWith:
    case Function::kCharAt:
    case Function::kIndexOf:
    case Function::kLastIndexOf:
    case Function::kJoin:
    case Function::kLowerAscii:
    case Function::kUpperAscii:
    case Function::kReplace:
    case Function::kReverse:
    case Function::kSplit:
    case Function::kSubstring:
    case Function::kTrim:
    case Function::kQuote:
      return call_string(context, id, node.signature->function, given);
    case Function::kFormat:
      return format(context, id, first.text(), given[1]);
  }
  return Value::fault();
}

}  // namespace

Value call(Context& context, const Ast& ast, NodeId id, std::span<const Value> arguments) {
  const Node& node = ast[id];
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if ((kinds(arguments[i].kind()) & node.signature->parameters[i]) == 0)
      return context.fail_overload(id, arguments);
  return dispatch(context, node, id, arguments);
}

}  // namespace agentainer::expr

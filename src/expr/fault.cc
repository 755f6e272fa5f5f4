#include <fmt/format.h>

#include <vector>

#include "expr/context.h"
#include "expr/overloads.h"
#include "expr/suggest.h"
#include "expr/utf8.h"

namespace agentainer::expr {
namespace {

/// Keys of a larger map are not searched for a near one.
constexpr std::size_t kMaxSearchedKeys = 1000;

/// At most `bytes` of `text`, cut between characters.
std::string shorten(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  std::size_t end = 0;
  while (end + utf8::decode(text, end).bytes <= bytes) end += utf8::decode(text, end).bytes;
  return fmt::format("{}…", text.substr(0, end));
}

std::string show(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.is_true() ? "true" : "false";
    case Kind::kInt:
      return fmt::format("{}", value.as_int());
    case Kind::kUint:
      return fmt::format("{}u", value.as_uint());
    case Kind::kDouble:
      return fmt::format("{}", value.as_double());
    case Kind::kString:
      return fmt::format("'{}'", shorten(value.text(), 60));
    case Kind::kBytes:
    case Kind::kList:
    case Kind::kMap:
    case Kind::kType:
    case Kind::kFault:
      break;
  }
  return std::string(to_string(value.kind()));
}

std::vector<std::string_view> string_keys(const Value& map) {
  std::vector<std::string_view> keys;
  if (const json::object* object = map.json_object()) {
    if (object->size() > kMaxSearchedKeys) return keys;
    for (const auto& [key, value] : *object) keys.emplace_back(key.data(), key.size());
  } else if (const Members* members = map.members()) {
    keys = members->keys();
    if (keys.size() > kMaxSearchedKeys) keys.clear();
  } else if (const MapData* data = map.map_data()) {
    for (std::uint32_t i = 0; i < data->size && data->size <= kMaxSearchedKeys; ++i)
      if (data->entries[i].key.is(Kind::kString)) keys.push_back(data->entries[i].key.text());
  }
  return keys;
}

std::string no_such_key(const Fault& fault, std::string_view where) {
  const bool is_text = fault.subject.is(Kind::kString);
  return fmt::format(
      "no such key: {}{}{}", show(fault.subject), where.empty() ? "" : fmt::format(" in {}", where),
      is_text ? did_you_mean(fault.subject.text(), string_keys(fault.container)) : std::string());
}

/// The source of a node, for a message.
std::string snippet(const Ast& ast, NodeId id, std::string_view source) {
  const Node& node = ast[id];
  return shorten(source.substr(node.begin, node.end - node.begin), 60);
}

std::string message(const Fault& fault, const Ast& ast, std::string_view source) {
  const Node node = fault.node == kNoNode ? Node{} : ast[fault.node];
  const std::string receiver =
      node.child_count > 0 ? snippet(ast, ast.child(node, 0), source) : std::string();
  switch (fault.kind) {
    case FaultKind::kNoSuchKey:
      return no_such_key(fault, receiver);
    case FaultKind::kIndexOutOfRange:
      return fmt::format("index {} is out of range: {} has {} items", show(fault.subject), receiver,
                         fault.container.list_size());
    case FaultKind::kNoSuchOverload:
      return describe_overload(node, std::span(fault.operands).first(fault.operand_count));
    case FaultKind::kOverflow:
      return "integer overflow";
    case FaultKind::kDivisionByZero:
      return "division by zero";
    case FaultKind::kModulusByZero:
      return "modulus by zero";
    case FaultKind::kOutOfRange:
      return fmt::format("{} is out of range for {}()", show(fault.subject), node.name);
    case FaultKind::kBadText:
      return fmt::format("{} does not spell a value for {}()", show(fault.subject), node.name);
    case FaultKind::kDuplicateKey:
      return fmt::format("the key {} is in the map twice", show(fault.subject));
    case FaultKind::kUnboundVariable:
      return fmt::format("'{}' has no value here", node.name);
    case FaultKind::kUnknownName:
      return fmt::format("unknown name '{}'", node.name);
    case FaultKind::kBadArgument:
      return node.op == Op::kCall ? fmt::format("{}(): {}", node.name, fault.text) : fault.text;
    case FaultKind::kCost:
      return fmt::format("the evaluation takes more than its limit of {} steps", fault.limit);
    case FaultKind::kMemory:
      return fmt::format("the evaluation makes more than its limit of {} bytes", fault.limit);
    case FaultKind::kDepth:
      return "the values are nested too deeply";
  }
  return "evaluation failed";
}

}  // namespace

Error describe(const Fault& fault, const Ast& ast, std::string_view source) {
  std::string text = message(fault, ast, source);
  // Where in a longer expression; for a short one its text tells enough by itself.
  if (fault.node != kNoNode && fault.kind != FaultKind::kNoSuchKey &&
      fault.kind != FaultKind::kUnboundVariable && fault.kind != FaultKind::kUnknownName)
    text += fmt::format(", in `{}`", snippet(ast, fault.node, source));
  return Error{fault.is_limit() ? ErrorCode::kResource : ErrorCode::kInvalid, std::move(text)};
}

}  // namespace agentainer::expr

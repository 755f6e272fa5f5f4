#include "expr/context.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace agentainer::expr {
namespace {

/// What one evaluation makes in all is bounded too, at this many times its largest single result:
/// nothing it has made is given back before its end.
constexpr std::size_t kTotalPerResult = 4;

/// A value counts its bytes with 32 bits.
constexpr std::size_t kMaxValueBytes = std::size_t{1} << 31;

}  // namespace

Context::Context(const Bindings& bindings, const Limits& limits)
    : bindings_(bindings),
      limits_{limits.max_cost, std::min(limits.max_result_bytes, kMaxValueBytes)},
      cost_left_(limits.max_cost),
      arena_(first_block_.data(), first_block_.size()) {}

bool Context::exhausted() {
  cost_left_ = 0;
  Fault fault;
  fault.kind = FaultKind::kCost;
  fault.limit = limits_.max_cost;
  fault_ = std::move(fault);
  return false;
}

void* Context::allocate(std::size_t bytes, std::size_t alignment) {
  if (bytes > limits_.max_result_bytes ||
      bytes_used_ / kTotalPerResult + bytes > limits_.max_result_bytes) {
    fail_memory();
    return nullptr;
  }
  bytes_used_ += bytes;
  return arena_.allocate(bytes, alignment);
}

char* Context::text_space(std::size_t bytes) {
  return charge_bytes(bytes) ? space<char>(bytes) : nullptr;
}

Value Context::copy_string(std::string_view text) {
  char* copy = text_space(text.size());
  if (copy == nullptr) return Value::fault();
  if (!text.empty()) std::memcpy(copy, text.data(), text.size());
  return Value::string({copy, text.size()});
}

bool ListBuilder::add(const Value& item) {
  std::vector<Value>& items = context_.pending_items_;
  if ((items.size() - first_ + 1) * sizeof(Value) > context_.limits_.max_result_bytes) {
    context_.fail_memory();
    return false;
  }
  items.push_back(item);
  return true;
}

Value ListBuilder::finish() {
  const std::span<const Value> items = std::span(context_.pending_items_).subspan(first_);
  Value* copy = context_.list_space(items.size());
  if (copy == nullptr) return Value::fault();
  std::uninitialized_copy(items.begin(), items.end(), copy);
  return Value::list(copy, items.size());
}

Value Context::fail(Fault fault) {
  fault_ = std::move(fault);
  return Value::fault();
}

Value Context::fail(FaultKind kind, NodeId node, const Value& subject, const Value& container) {
  Fault fault;
  fault.kind = kind;
  fault.node = node;
  fault.subject = subject;
  fault.container = container;
  return fail(std::move(fault));
}

Value Context::fail_overload(NodeId node, std::span<const Value> operands) {
  Fault fault;
  fault.kind = FaultKind::kNoSuchOverload;
  fault.node = node;
  for (const Value& operand : operands)
    fault.operands[fault.operand_count++] = kinds(operand.kind());
  return fail(std::move(fault));
}

Value Context::fail_argument(NodeId node, std::string text) {
  Fault fault;
  fault.kind = FaultKind::kBadArgument;
  fault.node = node;
  fault.text = std::move(text);
  return fail(std::move(fault));
}

Value Context::fail_memory() {
  Fault fault;
  fault.kind = FaultKind::kMemory;
  fault.limit = limits_.max_result_bytes;
  return fail(std::move(fault));
}

}  // namespace agentainer::expr

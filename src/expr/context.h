#pragma once
// One evaluation: its budget, its memory, and what went wrong.

#include <array>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "expr/ast.h"
#include "expr/expr.h"
#include "expr/value.h"

namespace agentainer::expr {

enum class FaultKind : std::uint8_t {
  kNoSuchKey,        ///< `subject` is the key, `container` where it is not.
  kIndexOutOfRange,  ///< `subject` is the index, `container` the list.
  kNoSuchOverload,   ///< `operands` are what the operator or function got.
  kOverflow,         ///< Of integers.
  kDivisionByZero,
  kModulusByZero,
  kOutOfRange,    ///< `subject` does not fit the type that it is converted to.
  kBadText,       ///< `subject` is a string that does not spell what it is converted to.
  kDuplicateKey,  ///< `subject` is the key.
  kUnboundVariable,
  kUnknownName,  ///< Of a variable or function; only without a check.
  kBadArgument,  ///< `text` says what is wrong.
  // Limits. Nothing absorbs these.
  kCost,
  kMemory,  ///< `limit` in bytes.
  kDepth,
};

/// Why an evaluation failed; cheap, for && and || may absorb any number of them. Words come last.
struct Fault {
  FaultKind kind = FaultKind::kCost;
  NodeId node = kNoNode;
  Value subject;
  Value container;
  std::array<Kinds, kMaxArguments> operands{};
  std::uint8_t operand_count = 0;
  std::uint64_t limit = 0;
  std::string text;

  bool is_limit() const {
    return kind == FaultKind::kCost || kind == FaultKind::kMemory || kind == FaultKind::kDepth;
  }
};

/// The fault as an error for the caller: kResource for a limit, kInvalid otherwise.
Error describe(const Fault& fault, const Ast& ast, std::string_view source);

class Context {
 public:
  Context(const Bindings& bindings, const Limits& limits);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Bindings& bindings() const { return bindings_; }
  const Limits& limits() const { return limits_; }

  /// Takes `units` of the cost budget; false, with a fault, when it does not have them.
  bool charge(std::uint64_t units) {
    if (units > cost_left_) [[unlikely]]
      return exhausted();
    cost_left_ -= units;
    return true;
  }
  /// For work on text: about a step for 128 bytes.
  bool charge_bytes(std::size_t bytes) { return charge(bytes / 128); }

  // Memory that lives as long as this object. nullptr, with a fault, when a limit is passed.
  char* text_space(std::size_t bytes);
  Value* list_space(std::size_t items) { return space<Value>(items); }
  MapEntry* map_space(std::size_t entries) { return space<MapEntry>(entries); }
  MapData* map_data_space() { return space<MapData>(1); }
  std::uint32_t* index_space(std::size_t slots) { return space<std::uint32_t>(slots); }

  /// Counts what the evaluation gives to its caller; false when that passes the limit.
  bool take_output(std::size_t bytes) {
    output_bytes_ += bytes;
    return output_bytes_ <= limits_.max_result_bytes;
  }

  /// A string with a copy of `text`; a fault when a limit is passed.
  Value copy_string(std::string_view text);

  // Each of these records the fault and gives Value::fault().
  Value fail(Fault fault);
  Value fail(FaultKind kind, NodeId node, const Value& subject = {}, const Value& container = {});
  Value fail_overload(NodeId node, std::span<const Value> operands);
  Value fail_argument(NodeId node, std::string text);
  Value fail_memory();

  const Fault& fault() const { return fault_; }
  /// For && and ||, which report the fault of an earlier operand.
  void set_fault(Fault fault) { fault_ = std::move(fault); }

  /// The pattern compiled last, for a matches() in a loop whose pattern is no constant.
  std::optional<Regex>& last_regex() { return last_regex_; }

 private:
  friend class ListBuilder;

  bool exhausted();
  void* allocate(std::size_t bytes, std::size_t alignment);
  template <typename T>
  T* space(std::size_t count) {
    return static_cast<T*>(allocate(count * sizeof(T), alignof(T)));
  }

  const Bindings& bindings_;
  const Limits limits_;
  std::uint64_t cost_left_;
  std::size_t bytes_used_ = 0;
  std::size_t output_bytes_ = 0;
  alignas(std::max_align_t) std::array<std::byte, 512> first_block_;  // Most need no more.
  std::pmr::monotonic_buffer_resource arena_;
  std::vector<Value> pending_items_;  ///< Of the lists that are being made, innermost last.
  std::optional<Regex> last_regex_;
  Fault fault_;
};

/// Makes a list of unknown length. Builders nest as blocks do: the one made last is finished first.
class ListBuilder {
 public:
  explicit ListBuilder(Context& context)
      : context_(context), first_(context.pending_items_.size()) {}
  ListBuilder(const ListBuilder&) = delete;
  ListBuilder& operator=(const ListBuilder&) = delete;
  ~ListBuilder() { context_.pending_items_.resize(first_); }

  /// False, with a fault, when a limit is passed.
  bool add(const Value& item);
  Value finish();

 private:
  Context& context_;
  const std::size_t first_;
};

}  // namespace agentainer::expr

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "expr/evaluate.h"

namespace agentainer::expr {
namespace {

/// `+ - *` of integers, and whether it overflowed.
template <typename T>
bool combine(Op op, T left, T right, T& result) {
  if (op == Op::kAdd) return __builtin_add_overflow(left, right, &result);
  if (op == Op::kSubtract) return __builtin_sub_overflow(left, right, &result);
  return __builtin_mul_overflow(left, right, &result);
}

template <typename T>
Value integers(Context& context, NodeId node, Op op, T left, T right, Value (*make)(T)) {
  T result = 0;
  if (op == Op::kDivide || op == Op::kModulo) {
    if (right == 0)
      return context.fail(
          op == Op::kDivide ? FaultKind::kDivisionByZero : FaultKind::kModulusByZero, node);
    // The one quotient that does not fit; its remainder is zero, but the CPU traps on both.
    if (std::numeric_limits<T>::is_signed && right == static_cast<T>(-1)) {
      if (op == Op::kModulo) return make(0);
      if (left == std::numeric_limits<T>::min()) return context.fail(FaultKind::kOverflow, node);
    }
    return make(op == Op::kDivide ? left / right : left % right);
  }
  if (combine(op, left, right, result)) return context.fail(FaultKind::kOverflow, node);
  return make(result);
}

Value doubles(Op op, double left, double right) {
  if (op == Op::kAdd) return Value::real(left + right);
  if (op == Op::kSubtract) return Value::real(left - right);
  if (op == Op::kMultiply) return Value::real(left * right);
  // IEEE 754: a division by zero is an infinity or NaN. Spelled out, for C++ does not define it.
  if (right != 0) return Value::real(left / right);
  if (left == 0 || std::isnan(left) || std::isnan(right))
    return Value::real(std::numeric_limits<double>::quiet_NaN());
  const bool negative = std::signbit(left) != std::signbit(right);
  return Value::real(negative ? -std::numeric_limits<double>::infinity()
                              : std::numeric_limits<double>::infinity());
}

Value join_texts(Context& context, const Value& left, const Value& right) {
  const std::string_view a = left.text();
  const std::string_view b = right.text();
  if (a.empty()) return right;
  if (b.empty()) return left;
  char* joined = context.text_space(a.size() + b.size());
  if (joined == nullptr) return Value::fault();
  std::memcpy(joined, a.data(), a.size());
  std::memcpy(joined + a.size(), b.data(), b.size());
  const std::string_view text(joined, a.size() + b.size());
  return left.is(Kind::kBytes) ? Value::bytes(text) : Value::string(text);
}

Value join_lists(Context& context, const Value& left, const Value& right) {
  const std::size_t a = left.list_size();
  const std::size_t b = right.list_size();
  if (a == 0) return right;
  if (b == 0) return left;
  Value* items = context.charge((a + b) / 8) ? context.list_space(a + b) : nullptr;
  if (items == nullptr) return Value::fault();
  for (std::size_t i = 0; i < a; ++i) items[i] = left.item(i);
  for (std::size_t i = 0; i < b; ++i) items[a + i] = right.item(i);
  return Value::list(items, a + b);
}

}  // namespace

Value arithmetic(Context& context, NodeId node, Op op, const Value& left, const Value& right) {
  if (left.kind() == right.kind()) {
    if (left.is(Kind::kInt))
      return integers<std::int64_t>(context, node, op, left.as_int(), right.as_int(),
                                    Value::integer);
    if (left.is(Kind::kUint))
      return integers<std::uint64_t>(context, node, op, left.as_uint(), right.as_uint(),
                                     Value::uinteger);
    if (left.is(Kind::kDouble) && op != Op::kModulo)
      return doubles(op, left.as_double(), right.as_double());
    if (op == Op::kAdd && (left.is(Kind::kString) || left.is(Kind::kBytes)))
      return join_texts(context, left, right);
    if (op == Op::kAdd && left.is(Kind::kList)) return join_lists(context, left, right);
  }
  return context.fail_overload(node, std::array{left, right});
}

Value negate(Context& context, NodeId node, const Value& operand) {
  if (operand.is(Kind::kDouble)) return Value::real(-operand.as_double());
  if (!operand.is(Kind::kInt)) return context.fail_overload(node, std::array{operand});
  if (operand.as_int() == std::numeric_limits<std::int64_t>::min())
    return context.fail(FaultKind::kOverflow, node);
  return Value::integer(-operand.as_int());
}

}  // namespace agentainer::expr

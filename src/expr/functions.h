#pragma once
// The functions and methods an expression may call, and which kinds of value each takes.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "expr/value.h"

namespace agentainer::expr {

enum class Function : std::uint8_t {
  kSize,
  kToInt,
  kToUint,
  kToDouble,
  kToString,
  kToBool,
  kToBytes,
  kDyn,
  kType,
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
  kCharAt,
  kIndexOf,
  kLastIndexOf,
  kJoin,
  kLowerAscii,
  kUpperAscii,
  kReplace,
  kReverse,
  kSplit,
  kSubstring,
  kTrim,
  kQuote,
  kFormat,
};

enum class CallStyle : std::uint8_t {
  kGlobal,  ///< f(a, b)
  kMethod,  ///< a.f(b)
};

inline constexpr std::size_t kMaxArguments = 4;

/// One form of a function: its name, how it is called, and what it takes. The receiver of a method
/// is the first parameter.
struct Signature {
  std::string_view name;
  CallStyle style;
  Function function;
  std::uint8_t arity;
  std::array<Kinds, kMaxArguments> parameters;
  Kinds result;
};

std::span<const Signature> signatures();

/// The form with this name, style and number of parameters, or nullptr.
const Signature* find_signature(std::string_view name, CallStyle style, std::size_t arity);

/// The name with a dot, as strings.quote, that `name` is a slip for; empty where there is none.
std::string_view nearest_dotted(std::string_view name);

/// Why there is no such form: an unknown name with a near one, a wrong number of arguments, or a
/// method called as a function. `arity` counts a receiver.
std::string explain_missing(std::string_view name, CallStyle style, std::size_t arity);

}  // namespace agentainer::expr

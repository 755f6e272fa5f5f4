#pragma once
// The functions on text: the standard ones and CEL's strings extension. Positions count code
// points.

#include <span>
#include <string>
#include <string_view>

#include "expr/context.h"
#include "expr/functions.h"
#include "expr/value.h"

namespace agentainer::expr {

/// Text that grows within the evaluation's limits.
class TextBuilder {
 public:
  explicit TextBuilder(Context& context) : context_(context) {}

  /// False, with a fault, when a limit is passed.
  [[nodiscard]] bool append(std::string_view text);
  /// As text(), but a value of the evaluation; a fault when a limit is passed.
  Value finish() { return context_.copy_string(text_); }
  const std::string& text() const { return text_; }

 private:
  Context& context_;
  std::string text_;
};

/// One of the functions that take a string first (or a list, for join), with arguments that fit its
/// signature.
Value call_string(Context& context, NodeId node, Function function, std::span<const Value> given);

/// `pattern.format(arguments)`.
Value format(Context& context, NodeId node, std::string_view pattern, const Value& arguments);

}  // namespace agentainer::expr

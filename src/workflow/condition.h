#pragma once
// Conditions of steps, branches and decisions: the original's structured form, or a CEL string.

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "expr/expr.h"

namespace agentainer::expr {
class Regex;
}

namespace agentainer::workflow {

/// Immutable; copies share. Made by the file parser.
class Condition {
 public:
  enum class Kind { kCompare, kCel, kAnd, kOr, kNot };
  // clang-format off
  enum class Operator {
    kEq, kNe, kGt, kGe, kLt, kLe, kContains, kNotContains, kIn, kNotIn, kMatches
  };
  // clang-format on

  struct Node {
    Kind kind = Kind::kCompare;
    // kCompare: `field` is a dotted path into the state ("a.b", "$.a.b", "$.a[0].b").
    std::string field;
    std::vector<std::string> path;
    Operator op = Operator::kEq;
    Json value;
    std::shared_ptr<const expr::Regex> regex;           // kMatches
    expr::Program program;                              // kCel
    std::vector<std::shared_ptr<const Node>> children;  // kAnd, kOr, kNot
  };

  Condition() = default;
  explicit Condition(std::shared_ptr<const Node> root) : root_(std::move(root)) {}

  /// `bindings` must hold "state". A structured comparison on a field that is missing is false (for
  /// !=, not_contains and not_in true), and so is one between values that have no order; an
  /// expression's error is kInvalid.
  [[nodiscard]] Result<bool> evaluate(const expr::Bindings& bindings) const;

  /// One line for people: `state.score >= 0.8`.
  std::string text() const;
  std::vector<expr::Reference> references() const;

 private:
  std::shared_ptr<const Node> root_;
};

}  // namespace agentainer::workflow

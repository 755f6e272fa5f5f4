#pragma once
// Names, arity and kinds, before anything runs.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "expr/ast.h"

namespace agentainer::expr {

/// What a name or function that nobody knows is.
enum class Unknown {
  kIsError,           ///< A SourceError.
  kFailsWhenReached,  ///< An error of the evaluation, which && and || may absorb (CEL without a
                      ///< check).
};

/// Resolves the names of a parsed tree, in place, and adds what the expression reads to
/// `references`.
[[nodiscard]] std::optional<SourceError> check(Ast& ast, std::string_view source,
                                               const Scope& scope, Unknown unknown,
                                               std::vector<Reference>& references);

}  // namespace agentainer::expr

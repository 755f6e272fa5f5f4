#pragma once
// Source text into a checked tree: what a Program holds, and each part of a Template.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "expr/ast.h"
#include "expr/check.h"
#include "expr/expr.h"

namespace agentainer::expr {

struct CompiledProgram {
  std::string source;  ///< The tree's names point into it.
  Ast ast;
  std::vector<Reference> references;
};

[[nodiscard]] tl::expected<std::shared_ptr<const CompiledProgram>, SourceError> compile_program(
    std::string_view source, const Scope& scope, Unknown unknown = Unknown::kIsError);

/// Adds those of `from` that `to` does not have.
void add_references(std::vector<Reference>& to, const std::vector<Reference>& from);

}  // namespace agentainer::expr

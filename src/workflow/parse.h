#pragma once
// Workflow files, YAML or JSON, to definitions.

#include <memory>
#include <string_view>
#include <vector>

#include "workflow/definition.h"
#include "workflow/diagnostic.h"

namespace agentainer::workflow {

struct ParseResult {
  /// Null when any diagnostic is an error.
  std::shared_ptr<const Definition> definition;
  /// Every problem found, in the order of the text; at most kMaxDiagnostics.
  std::vector<Diagnostic> diagnostics;
};

inline constexpr std::size_t kMaxDiagnostics = 100;

/// Pure: reads no file and no environment. The same text always gives the same result. Memory and
/// time are bounded by the size of `source` (alias bombs and deep nesting are diagnostics).
ParseResult parse(std::string_view source);

/// Parses the text of a duration ("90s", "1h30m", "250ms", "1.5h"; a bare number is seconds… see
/// docs/workflow-reference.md). Used by the command line too.
Result<milliseconds> parse_duration(std::string_view text);

/// The JSON Schema (draft 2020-12) of workflow files.
std::string json_schema();

}  // namespace agentainer::workflow

#pragma once
// What is wrong in a workflow file, and where.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace agentainer::workflow {

struct Diagnostic {
  enum class Severity { kError, kWarning };
  Severity severity = Severity::kError;
  std::size_t line = 1;    ///< From 1.
  std::size_t column = 1;  ///< From 1, in characters (code points), not bytes.
  std::size_t length = 1;  ///< Characters to underline on that line.
  /// What is wrong and what was expected; "did you mean" where there is a near miss.
  std::string message;
  std::string path;  ///< Where in the document: `steps[2].config.timeout`.
};

/// `file:line:column: error: message`, the source line and a caret under it, for each diagnostic,
/// with control characters of the source made visible. `color` adds ANSI colours.
std::string render(const std::vector<Diagnostic>& diagnostics, std::string_view file,
                   std::string_view source, bool color);

}  // namespace agentainer::workflow

#include "cli/workflow_file.h"

#include <algorithm>
#include <filesystem>

#include "cli/inputs.h"
#include "cli/text/format.h"
#include "cli/text/width.h"

namespace agentainer::cli {

using workflow::Diagnostic;

Result<WorkflowFile> read_workflow_file(const std::string& path) {
  Result<std::string> text = read_file(path, workflow::kMaxSourceBytes);
  if (!text) return tl::make_unexpected(text.error());
  const bool is_stdin = path == "-";
  std::error_code error;
  std::filesystem::path directory = std::filesystem::current_path(error);
  if (!error && !is_stdin)
    directory = std::filesystem::absolute(path, error).lexically_normal().parent_path();
  if (error)
    return fail(ErrorCode::kUnavailable, "the working directory is gone: {}", error.message());
  return WorkflowFile{is_stdin ? "<stdin>" : one_line(path), directory.string(), std::move(*text)};
}

std::string diagnostics_text(const WorkflowFile& file, const workflow::ParseResult& parsed,
                             bool color) {
  if (parsed.diagnostics.empty()) return {};
  std::string text = workflow::render(parsed.diagnostics, file.name, file.text, color);
  if (!text.ends_with('\n')) text += '\n';
  const auto errors = static_cast<std::size_t>(
      std::count_if(parsed.diagnostics.begin(), parsed.diagnostics.end(),
                    [](const auto& d) { return d.severity == Diagnostic::Severity::kError; }));
  const std::size_t warnings = parsed.diagnostics.size() - errors;
  std::string counts;
  if (errors > 0) counts = counted(errors, "error");
  if (warnings > 0) counts += (counts.empty() ? "" : " and ") + counted(warnings, "warning");
  return text + fmt::format("{}: {}\n", file.name, counts);
}

}  // namespace agentainer::cli

#pragma once
// Workflow files from the command line: read, validated, their faults shown.

#include <memory>
#include <string>

#include "base/result.h"
#include "workflow/parse.h"

namespace agentainer::cli {

struct WorkflowFile {
  std::string name;              ///< For messages: the path, or "<stdin>".
  std::string source_directory;  ///< Absolute; of the file, or the working directory for `-`.
  std::string text;
};

/// A path, or `-` for standard input. kNotFound, kInvalid, kUnavailable.
Result<WorkflowFile> read_workflow_file(const std::string& path);

/// The diagnostics of a file with source lines and carets, and a line that counts them; nothing
/// when there are none.
std::string diagnostics_text(const WorkflowFile& file, const workflow::ParseResult& parsed,
                             bool color);

}  // namespace agentainer::cli

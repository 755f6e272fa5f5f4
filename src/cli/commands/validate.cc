#include <unistd.h>

#include <memory>

#include "cli/command.h"
#include "cli/text/documents.h"
#include "cli/workflow_file.h"

namespace agentainer::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  bool json = false;
};

json::array diagnostics_json(const workflow::ParseResult& parsed) {
  json::array out;
  for (const workflow::Diagnostic& diagnostic : parsed.diagnostics)
    out.push_back(json::object{
        {"severity",
         diagnostic.severity == workflow::Diagnostic::Severity::kError ? "error" : "warning"},
        {"line", diagnostic.line},
        {"column", diagnostic.column},
        {"length", diagnostic.length},
        {"path", diagnostic.path},
        {"message", diagnostic.message}});
  return out;
}

ExitCode validate(const Options& options) {
  const Style style = detect_terminal(STDOUT_FILENO).style;
  ExitCode code = ExitCode::kOk;
  json::array reports;
  std::string text;
  for (const std::string& path : options.files) {
    const Result<WorkflowFile> file = read_workflow_file(path);
    if (!file) {
      code = ExitCode::kUsage;
      if (options.json) {
        reports.push_back(json::object{{"file", path},
                                       {"valid", false},
                                       {"error", file.error().message},
                                       {"diagnostics", json::array{}}});
      } else {
        complain(file.error().message);
      }
      continue;
    }
    const workflow::ParseResult parsed = workflow::parse(file->text);
    if (!parsed.definition) code = ExitCode::kUsage;
    if (options.json) {
      reports.push_back(json::object{{"file", file->name},
                                     {"valid", parsed.definition != nullptr},
                                     {"diagnostics", diagnostics_json(parsed)}});
      continue;
    }
    text += diagnostics_text(*file, parsed, style.color);
    if (parsed.definition)
      text += fmt::format("{}: {}\n", file->name, style.paint(Tone::kGood, "valid"));
  }
  if (options.json) text = document(reports, DocumentFormat::kJson, isatty(STDOUT_FILENO) == 1);
  const std::optional<ExitCode> ended = print_output(text);
  return ended == ExitCode::kTrouble ? *ended : code;
}

}  // namespace

void add_validate(CLI::App& root, Action& action) {
  auto options = std::make_shared<Options>();
  CLI::App* command = add_command(
      root, "validate", "Check workflow files and show every mistake at once",
      {"agentainer validate workflow.yaml", "agentainer validate workflows/*.yaml --json",
       "generate | agentainer validate -"});
  command->add_option("FILE", options->files, "Workflow files, YAML or JSON; - for standard input")
      ->required()
      ->type_name("");
  command->add_flag("--json", options->json,
                    "A JSON list with an object for each file, on standard output");
  command->callback([options, &action] { action = [options] { return validate(*options); }; });
}

}  // namespace agentainer::cli

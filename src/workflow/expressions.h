#pragma once
// Compiles the expressions of one step and puts their faults where they stand in the file.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/expr.h"
#include "workflow/definition.h"
#include "workflow/document.h"
#include "workflow/draft.h"
#include "workflow/reporter.h"

namespace agentainer::workflow {

/// That a step's expression reads another step, and where it says so.
struct StepReference {
  StepIndex from{};
  std::string to;  ///< Id as written; whether there is such a step is checked by Order.
  Value in;        ///< The scalar that says so, or what holds it.
  std::optional<std::size_t> offset;  ///< Of the id, in the scalar's text.
};

class ExpressionReader {
 public:
  /// Steps read are appended to `references`. All must outlive it.
  ExpressionReader(StepIndex step, const expr::Scope& scope, Reporter& reporter,
                   std::vector<StepReference>& references)
      : step_(step), scope_(scope), reporter_(reporter), references_(references) {}

  /// Each is absent where something is wrong, which is then reported.
  std::optional<expr::Template> read_template(const Value& value);
  std::optional<expr::JsonTemplate> read_json_template(const Value& value);
  /// An expression in text that is nothing else; `${{ }}` around it is accepted.
  std::optional<expr::Program> read_program(const Value& value);

  /// For a path that begins with `steps.<id>`.
  void note_path(const Value& value);

  Reporter& reporter() { return reporter_; }

 private:
  void report(const Value& value, const expr::SourceError& error, std::size_t start);
  void note(const Value& value, const std::vector<expr::Reference>& references);

  StepIndex step_;
  const expr::Scope& scope_;
  Reporter& reporter_;
  std::vector<StepReference>& references_;
};

/// Fills in the condition, choices, command, environment and input of the draft's step.
void compile_expressions(StepIndex index, StepDraft& draft, Reporter& reporter,
                         std::vector<StepReference>& references);

}  // namespace agentainer::workflow

#pragma once
// A step on its way from the file to the definition: what is read, with the places of what can only
// be understood when all steps are known (names of steps) or checked with care (expressions).

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "workflow/definition.h"
#include "workflow/document.h"

namespace agentainer::workflow {

struct ChoiceDraft {
  std::string name;
  std::optional<Value> condition;  // absent: always
  std::optional<Value> field;  // what a structured condition without a field of its own compares
  std::vector<Value> next;     // names of steps
};

struct StepDraft {
  explicit StepDraft(const Value& place) : at(place) {}

  Step step;
  Value at;  // where a message about the step as a whole points
  std::optional<std::vector<Value>> depends_on;
  std::optional<StepIndex> also_depends_on;  // a mapreduce's reduce: its map
  std::vector<ChoiceDraft> choices;          // in the order tried
  std::optional<Value> condition;
  std::optional<Value> command;
  std::optional<Value> env_vars;
  std::optional<Value> input;
  std::optional<Value> input_path;
  std::optional<Value> until;
  bool type_is_known = true;
};

}  // namespace agentainer::workflow

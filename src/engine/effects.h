#pragma once
// What apply() yields: first everything to commit, then what to do once it is committed.

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "engine/record.h"
#include "engine/state_data.h"
#include "engine/state_update.h"

namespace agentainer::engine {

struct TaskOutputWrite {
  StepIndex step{};
  TaskIndex task{};
  bool succeeded = false;
  std::string text;  ///< The result, or {"index","cause","message","attempts"} of a task that
                     ///< failed for good.
};
/// Durable text that belongs to a step: "" its output, "items" a map's list, "errors" its failed
/// items.
struct StepTextWrite {
  StepIndex step{};
  std::string_view part;
  Text text;
};
struct StateWrite {
  std::string key;
  Text text;  ///< Null deletes.
};

struct StartAttempt {
  StepIndex step{};
  TaskIndex task{};
  Attempt attempt{};
};
struct StopAttempt {
  StepIndex step{};
  TaskIndex task{};
  Attempt attempt{};
};
/// Count the items of a map's input_file; answered by ItemsRead.
struct ReadItems {
  StepIndex step{};
};
/// Read all task outputs of a step in order; answered by ResultsCollected.
struct CollectResults {
  StepIndex step{};
};
using Action = std::variant<StartAttempt, StopAttempt, ReadItems, CollectResults>;

/// What became of a request that is answered by yes or no.
struct RequestAnswer {
  std::uint64_t ticket = 0;
  Status status;
};

struct Effects {
  std::vector<Record> records;
  std::vector<TaskOutputWrite> task_outputs;
  std::vector<StepTextWrite> step_texts;
  std::vector<StateWrite> state;
  /// Payloads of kept signals, by name; "null" in place of one that was taken.
  std::map<std::string, Text> signals;
  std::vector<Action> actions;
  /// To be given once everything above is committed: what they say rests on it.
  std::vector<StateAnswer> state_answers;
  std::vector<RequestAnswer> answers;
  std::uint32_t slots_taken = 0;  ///< StartAttempts among the actions.
  std::uint32_t slots_freed = 0;  ///< Attempts whose end this took note of.

  bool empty() const {
    return records.empty() && actions.empty() && state_answers.empty() && answers.empty();
  }
};

}  // namespace agentainer::engine

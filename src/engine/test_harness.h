#pragma once
// For tests: drives one workflow through the engine without a server, and holds every step of it to
// what must always be true:
// - each record survives encoding and may follow those before it (check_record);
// - replaying what was committed gives the very state;
// - attempts start as they are recorded as dispatched, and never more than there are slots.

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/engine.h"

namespace agentainer::engine {

class Harness {
 public:
  static constexpr TimePoint kStart{milliseconds(1'800'000'000'000)};

  /// `source` is a workflow file; it must be valid (else the harness throws).
  explicit Harness(std::string_view source, const json::object& inputs = {});

  /// Applies the events in one batch. The effects are those committed.
  const Effects& apply(std::vector<Event> events);
  void pass(milliseconds time) { now_ += time; }

  TimePoint now() const { return now_; }
  std::uint32_t slots = 1'000'000;
  bool reuse_freed = true;

  const WorkflowState& state() const { return state_; }
  const Effects& last() const { return effects_; }
  StepIndex step(std::string_view id) const;
  Attempt attempt(StepIndex step, TaskIndex task) const;

  /// The current attempt of a task ends.
  Event success(StepIndex step, TaskIndex task, std::string result) const;
  Event failure(StepIndex step, TaskIndex task, FailureCause cause, std::string message) const;
  /// What a server would answer to CollectResults.
  Event collect(StepIndex step) const;
  /// Successes of all attempts in flight.
  std::vector<Event> all_succeed() const;

  /// What is committed so far: by commit, so that a crash can be played between any two.
  std::size_t commits() const { return commits_.size(); }
  /// The state after the first `count` commits, rebuilt from what was stored.
  WorkflowState rebuild(std::size_t count) const;
  /// A crash after `count` commits: the workflow is taken up again, its attempts lost, and every
  /// attempt succeeds from then on. It must end, and run nothing again that had succeeded.
  void finish_after_crash(std::size_t count) const;

  /// Changes of task status seen in any harness of this process.
  static std::set<std::pair<TaskStatus, TaskStatus>>& seen_changes();

 private:
  struct Commit {
    std::vector<std::string> records;
    std::vector<std::pair<std::string, Text>> state;
    std::vector<StepTextWrite> texts;
    std::vector<TaskOutputWrite> outputs;
    std::map<std::string, Text> signals;
  };
  struct Crashed {};
  Harness(const Harness& original, std::size_t count, Crashed);

  void take(Effects effects, std::uint32_t in_flight_before);
  void commit();
  void check_actions(std::uint32_t in_flight_before) const;

  std::shared_ptr<const workflow::Definition> definition_;
  TimePoint now_ = kStart;
  WorkflowState state_;
  Effects effects_;
  std::vector<Commit> commits_;
  std::map<std::pair<StepIndex, TaskIndex>, TaskOutputWrite> outputs_;
};

/// One line for each effect, for people and for the tables of scripts.
std::string describe(const Effects& effects, const WorkflowState& state);

}  // namespace agentainer::engine

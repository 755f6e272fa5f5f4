#pragma once
// The decisions of apply(), while one batch of events is handled. Internal to engine/.

#include <map>
#include <string>
#include <string_view>

#include "engine/engine.h"

namespace agentainer::engine {

class Decider {
 public:
  Decider(WorkflowState& state, const Context& context) : state_(state), context_(context) {}

  // engine.cc
  void handle(Event& event);
  /// Starts, settles and dispatches until nothing more can be decided now.
  void advance();
  void emit(RecordBody body);
  void stop_workflow(WorkflowStatus outcome, std::string_view reason);
  Effects take() { return std::move(effects_); }

 private:
  const workflow::Definition& definition() const { return *state_.definition; }
  const workflow::Step& defined(StepIndex step) const { return definition().step(step); }
  void set_state(std::string key, Text text);
  bool all_steps_ended() const { return state_.ended_steps == state_.steps.size(); }

  // request_rules.cc: what people ask of it
  void on_state_update(StateUpdateRequested& event);
  void on_pause(std::uint64_t ticket);
  void on_unpause(std::uint64_t ticket);
  void on_signal(SignalSent& event);
  void answer(std::uint64_t ticket, Status status = {});
  /// After the end: it changes nothing; who waits for an answer gets one.
  void refuse(const Event& event);

  // task_rules.cc: attempts and tasks
  void on_attempt_ended(AttemptEnded& event);
  void on_success(AttemptEnded& event);
  void on_failure(AttemptEnded& event);
  void after_final_failure(const AttemptEnded& event);
  void emit_tasks(StepIndex step, TaskIndex task, Attempt attempt, bool succeeded,
                  std::uint32_t duration_ms);
  void dispatch();
  std::uint32_t dispatch_some(StepIndex step, std::uint32_t limit);
  std::uint32_t free_slots() const;
  std::uint64_t failed_items(StepIndex step) const;
  void stop_attempts_of(StepIndex step);

  // step_rules.cc: the life of a step
  void start_step(StepIndex step);
  void start_tasks(StepIndex step);
  void start_map(StepIndex step);
  void start_map_over(StepIndex step, std::uint32_t items, std::string fingerprint);
  void choose(StepIndex step);
  void start_wait(StepIndex step);
  void take_signal(StepIndex step);
  void on_wait_due(StepIndex step);
  void end_wait(StepIndex step, Text output, std::string_view reason);
  std::string failure_summary() const;
  void settle_all();
  void settle(StepIndex step);
  void complete_single(StepIndex step);
  void on_items_read(ItemsRead& event);
  void on_results_collected(ResultsCollected& event);
  void stop_step(StepIndex step, StepStatus outcome, std::string_view reason);
  /// A step that has nothing in flight ends as failed, with what that means for the workflow.
  void fail_step(StepIndex step, std::string_view reason);
  void skip_step(StepIndex step, std::string_view reason);
  void on_step_failed(StepIndex step, std::string_view reason);
  void check_deadlines();

  WorkflowState& state_;
  const Context& context_;
  Effects effects_;
  std::map<std::string, std::size_t> written_;  // keys of the state, to their place in effects_
};

}  // namespace agentainer::engine

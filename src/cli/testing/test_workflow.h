#pragma once
// A workflow for tests: made by hand, moved by records.

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "engine/state.h"

namespace agentainer::cli {

class TestWorkflow {
 public:
  struct StepSpec {
    const char* id;
    workflow::StepType type = workflow::StepType::kSequential;
    std::vector<std::uint32_t> depends_on = {};
    const char* signal = "";  // of a wait
  };

  explicit TestWorkflow(std::initializer_list<StepSpec> steps)
      : TestWorkflow(std::vector<StepSpec>(steps)) {}

  explicit TestWorkflow(const std::vector<StepSpec>& steps) {
    auto definition = std::make_shared<workflow::Definition>();
    definition->name = "example";
    for (const StepSpec& spec : steps) {
      workflow::Step step;
      step.id = spec.id;
      step.name = spec.id;
      step.type = spec.type;
      step.wait.signal = spec.signal;
      for (const std::uint32_t dependency : spec.depends_on) {
        step.depends_on.push_back(StepIndex{dependency});
        definition->steps[dependency].dependents.push_back(
            StepIndex{static_cast<std::uint32_t>(definition->steps.size())});
      }
      definition->steps.push_back(std::move(step));
    }
    state = engine::make_state(WorkflowId::from_parts(1'000'000, 1, 2), std::move(definition));
    apply(engine::WorkflowCreated{"example"});
    apply(engine::WorkflowStarted{});
  }

  engine::Record apply(engine::RecordBody body) {
    engine::Record record{now, std::move(body)};
    engine::transition(state, record);
    ++state.sequence;
    return record;
  }
  engine::Record start(std::uint32_t step, std::uint32_t tasks = 1) {
    return apply(engine::StepStarted{StepIndex{step}, tasks, tasks, {}});
  }
  engine::Record dispatch(std::uint32_t step, std::uint32_t first, std::uint32_t last,
                          std::uint32_t attempt = 1) {
    return apply(engine::TasksDispatched{StepIndex{step}, {{first, last, attempt}}});
  }
  engine::Record succeed(std::uint32_t step, std::uint32_t first, std::uint32_t last,
                         std::uint32_t attempt = 1) {
    return apply(engine::TasksSucceeded{StepIndex{step},
                                        {{first, last, attempt}},
                                        std::vector<std::uint32_t>(last - first + 1, 10)});
  }
  engine::Record fail(std::uint32_t step, std::uint32_t task, std::string message,
                      std::optional<std::int64_t> retry_delay_ms = {}, std::uint32_t attempt = 1) {
    return apply(engine::AttemptFailed{StepIndex{step}, TaskIndex{task}, Attempt{attempt},
                                       FailureCause::kExitCode, 1, 0, std::move(message), 10, true,
                                       retry_delay_ms});
  }
  engine::Record end(std::uint32_t step, engine::StepStatus status, std::string reason = {}) {
    return apply(engine::StepEnded{StepIndex{step}, status, std::move(reason), {}, {}});
  }

  TimePoint now{milliseconds(1'000'000)};
  engine::WorkflowState state;
};

}  // namespace agentainer::cli

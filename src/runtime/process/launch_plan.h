#pragma once
// What to start for a task: program, arguments, environment, working directory.
//
// Environment, from what is overridden to what overrides:
//   1. the base: PATH, HOME and LANG of the server (or defaults), the variables named by `inherit`,
//   `extra`, and
//      WORKFLOW_NAME, STEP_NAME, STEP_TYPE, TMPDIR, TRACEPARENT
//   2. `env` of the image's agent.yaml
//   3. the step's env_vars
//   4. what identifies the task: WORKFLOW_ID, STEP_ID, TASK_ID, TASK_ATTEMPT, MAP_INDEX, WORKER_ID,
//   TOTAL_WORKERS and
//      everything that begins with AGENTAINER_
// Nothing else of the server's own environment is passed on: it holds secrets that are no agent's
// business.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "runtime/runtime.h"

namespace agentainer::runtime {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// An environment as execve(2) wants it. A later value of a name replaces an earlier one.
class EnvironmentBlock {
 public:
  /// kInvalid for a name that is empty or holds '=' or NUL, or a value that holds NUL.
  Status set(std::string_view name, std::string_view value);

  /// NULL-terminated; points into this object, until the next set().
  char* const* pointers();

 private:
  struct Entry {
    std::size_t begin = 0;
    std::size_t name_size = 0;
  };
  std::string text_;  ///< "NAME=value\0" after one another
  std::vector<Entry> entries_;
  std::vector<char*> pointers_;
};

/// What all tasks of a step have in common.
struct StepPlan {
  std::vector<std::string> command;  ///< The image's; may be empty.
  std::string working_directory;
  Variables base;   ///< 1, without TMPDIR and TRACEPARENT
  Variables image;  ///< 2
};

struct PlanOptions {
  std::vector<std::string> inherit;  ///< Names of variables of the server's environment.
  Variables extra;                   ///< For every agent (REDIS_HOST, …).
};

/// kInvalid or kNotFound with what to do when the agent's image is not usable here.
Result<StepPlan> make_step_plan(const AgentSpec& agent, const PlanOptions& options);

/// The step's command, or the image's. kInvalid when there is neither.
Result<const std::vector<std::string>*> choose_command(const StepPlan& plan,
                                                       const std::vector<std::string>& command);

/// PATH as the task will see it.
std::string_view effective_path(const StepPlan& plan, const Variables& task);

/// The file to execute for `name`: searched in `path` unless it has a slash. kNotFound with where
/// it was looked for.
Result<std::string> resolve_program(const std::string& name, std::string_view path,
                                    const std::string& working_directory);

/// What differs from attempt to attempt.
struct AttemptPlaces {
  std::string_view task_file;
  std::string_view result_file;
  std::string_view temporary_directory;
  std::string_view marker;
  std::string_view api_url;  ///< Empty: not offered.
  std::string_view token;    ///< Empty: none.
};

Result<EnvironmentBlock> make_environment(const StepPlan& plan, const TaskSpec& task,
                                          const AttemptPlaces& places);

}  // namespace agentainer::runtime

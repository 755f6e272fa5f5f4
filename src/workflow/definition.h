#pragma once
// A workflow's definition: what a validated workflow file means. Immutable once made; every name is
// resolved, every unit converted, every expression compiled.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "base/outcome.h"
#include "base/time.h"
#include "expr/expr.h"
#include "workflow/condition.h"

namespace agentainer::workflow {

enum class StepType { kSequential, kParallel, kMap, kReduce, kBranch, kDecision, kWait };
std::string_view to_string(StepType type);

enum class FailureStrategy { kFailFast, kContinue, kContinueOnPartial };
enum class CleanupPolicy { kAlways, kOnSuccess, kNever };
enum class Backoff { kConstant, kLinear, kExponential };
enum class ExecutionMode { kStandard, kPooled };
enum class ErrorHandling { kFailFast, kContinueOnError };
enum class OnTimeout { kFail, kContinue };

struct RetryPolicy {
  std::uint32_t max_attempts = 1;  ///< Counts the first try; 1 to 1000.
  Backoff backoff = Backoff::kConstant;
  /// d: constant d, linear d*n, exponential d*2^(n-1); n = 1 for the first retry.
  milliseconds delay{1000};
  milliseconds max_delay{3'600'000};  ///< Upper bound of a wait, before jitter.
  double jitter = 0.0;  ///< 0..1: a wait is drawn evenly from [wait*(1-jitter), wait].
  /// Bit 1 << FailureCause. The default is every cause but kExpression and kCancelled.
  std::uint32_t retry_on = 0x7F;

  bool retries(FailureCause cause) const { return (retry_on >> static_cast<unsigned>(cause)) & 1u; }
};

struct PoolConfig {
  std::uint32_t min_size = 1;
  std::uint32_t max_size = 10;
  milliseconds idle_timeout{300'000};
  std::uint32_t max_agent_uses = 100;  ///< 0: no bound
  milliseconds max_age{0};             ///< 0: no bound
  bool warm_up = false;
};

struct MapConfig {
  /// Key, dotted path or $.path of a list in the state; empty when input_file is used.
  std::string input_path;
  std::string input_file;  ///< JSON Lines file, one item a line, relative to the workflow file.
  std::string item_alias = "item";
  std::uint32_t max_concurrency = 0;  ///< Tasks of this step in flight; 0: no limit of its own.
  ErrorHandling error_handling = ErrorHandling::kFailFast;
  /// Items a task; above 1 the alias holds a list, and the result is a list as long.
  std::uint32_t batch_size = 1;
  std::optional<std::uint64_t> max_failures;  ///< More failed items than this fail the step.
  std::optional<double> max_failure_percent;  ///< 0..100, of all items.
};

/// What a wait waits for: a signal, else a time, else that a duration passes.
struct WaitConfig {
  std::string signal;                   ///< Its name (is_signal_name), or empty.
  std::optional<expr::Template> until;  ///< A time as parse_time() takes it.
  milliseconds duration{0};
  OnTimeout on_timeout = OnTimeout::kFail;  ///< When no signal came within Step::timeout.
};

/// Letters, digits, '_', '-' and '.', 1 to 64 of them.
bool is_signal_name(std::string_view name);

/// What a branch or decision selects: steps, by index.
struct Choice {
  std::string name;  ///< For people and events: "true", "false", the branch's id, "default".
  std::optional<Condition> when;  ///< Absent: always true (a default).
  std::vector<StepIndex> next;
};

struct EnvironmentVariable {
  std::string name;
  expr::Template value;
};

struct Step {
  std::string id;
  std::string name;  ///< The id when the file gives none.
  StepType type = StepType::kSequential;
  std::vector<StepIndex> depends_on;  ///< Resolved, implicit order included, without duplicates.
  std::vector<StepIndex> dependents;  ///< The reverse of depends_on.

  /// As written; what it means is the runtime's affair. May be empty with a command.
  std::string image;
  std::vector<expr::Template> command;
  std::vector<EnvironmentVariable> env_vars;
  std::optional<expr::JsonTemplate> input;  ///< Absent: the whole state.
  OutputMode output = OutputMode::kAuto;
  std::optional<Condition> condition;  ///< False: the step is skipped.

  std::uint32_t max_workers = 1;  ///< Tasks of a parallel step, 1 to 100,000.
  /// Of one attempt, from its start; of a wait for a signal, from the step's; 0: none.
  milliseconds timeout{0};
  milliseconds step_timeout{0};  ///< Of the whole step, from its start; 0: none.
  RetryPolicy retry;             ///< The step's own, else the workflow's.
  ResourceLimits limits;         ///< The step's own, else the workflow's, field by field.
  ExecutionMode execution_mode = ExecutionMode::kStandard;
  PoolConfig pool;
  CleanupPolicy cleanup = CleanupPolicy::kAlways;

  MapConfig map;    // kMap
  WaitConfig wait;  // kWait
  /// kBranch, kDecision: in the order tried; the first that holds is taken.
  std::vector<Choice> choices;

  bool runs_agents() const {
    return type != StepType::kBranch && type != StepType::kDecision && type != StepType::kWait;
  }
};

struct Definition {
  std::string name;
  std::string description;
  std::vector<Step> steps;  ///< 1 to kMaxSteps, in file order; acyclic.

  std::uint32_t max_parallel = 0;  ///< Tasks in flight, whole workflow; 0: the server's limit only.
  milliseconds timeout{0};         ///< Of the whole workflow, from its start; 0: none.
  FailureStrategy failure_strategy = FailureStrategy::kFailFast;
  bool enable_profiling = false;
  std::string schedule;  ///< A cron expression, or empty.

  json::object state;     ///< Initial state; inputs given at start are laid over it.
  json::object metadata;  ///< Free for the user.

  /// Index of the step with this id.
  std::optional<StepIndex> find(std::string_view id) const;
  const Step& step(StepIndex index) const { return steps[to_int(index)]; }

  /// Makes find() take logarithmic time; without it, or when steps were added since, it looks at
  /// them all. parse() calls it.
  void index_ids();

 private:
  std::vector<StepIndex> by_id_;  // sorted by id
};

inline constexpr std::size_t kMaxSteps = 100'000;
inline constexpr std::size_t kMaxSourceBytes = 16 * 1024 * 1024;

}  // namespace agentainer::workflow

#include "workflow/fields.h"

#include <algorithm>

namespace agentainer::workflow {

namespace {

constexpr std::array<std::string_view, 2> kConditionTypeNames{"simple", "expression"};
constexpr std::array<std::string_view, 3> kRedisAccessNames{"none", "scoped", "open"};

constexpr double kMany = 1e9;

}  // namespace

// clang-format off
static constexpr Field kRetryFields[] = {
  {.name = "max_attempts", .shape = Shape::kInteger, .fallback = "1",
   .doc = "Tries of a task, the first one included.", .minimum = 1, .maximum = 1000},
  {.name = "backoff", .shape = Shape::kEnum, .fallback = "constant",
   .doc = "How the wait grows before retry n: `constant` delay, `linear` delay * n, `exponential` delay * 2^(n-1).",
   .choices = kBackoffNames},
  {.name = "delay", .shape = Shape::kDuration, .fallback = "1s", .doc = "The wait before the first retry."},
  {.name = "max_delay", .shape = Shape::kDuration, .fallback = "1h", .doc = "The longest wait."},
  {.name = "jitter", .shape = Shape::kNumber, .fallback = "0",
   .doc = "The part of a wait that is random: 0.2 waits between 80 % and 100 % of it.", .minimum = 0, .maximum = 1},
  {.name = "retry_on", .shape = Shape::kEnumList, .fallback = "all of them",
   .doc = "The causes of failure that are retried.", .choices = kRetryOnNames},
};

static constexpr Field kLimitsFields[] = {
  {.name = "cpu", .shape = Shape::kCores, .fallback = "no limit", .doc = "Cores: `0.5`, `2`, or `500m` for thousandths."},
  {.name = "memory", .shape = Shape::kBytes, .fallback = "no limit", .doc = "Memory: `256MiB`, `1GB`, or bytes."},
  {.name = "pids", .shape = Shape::kInteger, .fallback = "no limit",
   .doc = "Processes and threads at once.", .minimum = 0, .maximum = 4194304},
  {.name = "gpu", .shape = Shape::kInteger, .fallback = "0", .doc = "GPUs.", .minimum = 0, .maximum = 1024},
  {.name = "cpu_limit", .shape = Shape::kInteger, .fallback = "no limit",
   .doc = "`cpu` in billionths of a core.", .minimum = 0, .maximum = 1e15},
  {.name = "memory_limit", .shape = Shape::kBytes, .fallback = "no limit", .doc = "Another name of `memory`, usually in bytes."},
  {.name = "gpu_limit", .shape = Shape::kInteger, .fallback = "0", .doc = "Another name of `gpu`.", .minimum = 0, .maximum = 1024},
};

static constexpr Field kPoolFields[] = {
  {.name = "min_size", .shape = Shape::kInteger, .fallback = "1", .doc = "Agents kept ready.", .minimum = 0, .maximum = 10000},
  {.name = "max_size", .shape = Shape::kInteger, .fallback = "10", .doc = "Most agents at once.", .minimum = 1, .maximum = 10000},
  {.name = "idle_timeout", .shape = Shape::kDuration, .fallback = "5m", .doc = "An agent idle for longer is stopped."},
  {.name = "max_agent_uses", .shape = Shape::kInteger, .fallback = "100",
   .doc = "Tasks after which an agent is replaced; 0: no bound.", .minimum = 0, .maximum = kMany},
  {.name = "max_age", .shape = Shape::kDuration, .fallback = "0", .doc = "Age at which an agent is replaced; 0: no bound."},
  {.name = "warm_up", .shape = Shape::kBool, .fallback = "false", .doc = "Start `min_size` agents before the first task needs them."},
};

static constexpr Field kMapFields[] = {
  {.name = "input_path", .shape = Shape::kPath,
   .doc = "The list to map over: a key or dotted path of the state (`urls`, `$.report.pages`), or `steps.<id>.output`."},
  {.name = "input_file", .shape = Shape::kText,
   .doc = "Instead of `input_path`: a JSON Lines file, one item a line, relative to the workflow file."},
  {.name = "item_alias", .shape = Shape::kText, .fallback = "item", .doc = "The item's name in the task's input and in expressions."},
  {.name = "max_concurrency", .shape = Shape::kInteger, .fallback = "0",
   .doc = "Tasks of this step at once; 0: no limit of its own.", .minimum = 0, .maximum = kMany},
  {.name = "error_handling", .shape = Shape::kEnum, .fallback = "fail_fast",
   .doc = "`fail_fast`: the first failed item fails the step. `continue_on_error`: the other items go on.",
   .choices = kErrorHandlingNames},
  {.name = "batch_size", .shape = Shape::kInteger, .fallback = "1",
   .doc = "Items a task; above 1 the alias holds a list, and the result is a list as long.", .minimum = 1, .maximum = 1000000},
  {.name = "max_failures", .shape = Shape::kInteger, .fallback = "no bound",
   .doc = "With `continue_on_error`: more failed items than this fail the step.", .minimum = 0, .maximum = kMany},
  {.name = "max_failure_percent", .shape = Shape::kNumber, .fallback = "no bound",
   .doc = "With `continue_on_error`: a larger part of failed items than this fails the step.", .minimum = 0, .maximum = 100},
};

static constexpr Field kConditionFields[] = {
  {.name = "type", .shape = Shape::kEnum, .fallback = "simple",
   .doc = "`expression` for a CEL `expression`; needs not be given.", .choices = kConditionTypeNames},
  {.name = "field", .shape = Shape::kPath, .doc = "What is compared: a key or dotted path of the state (`score`, `$.report.pages[0]`)."},
  {.name = "operator", .shape = Shape::kEnum, .fallback = "==",
   .doc = "How it is compared. `contains`: text, list or mapping; `in`: a list; `matches`: an RE2 pattern.", .choices = kOperatorNames},
  {.name = "value", .shape = Shape::kAnything, .doc = "What it is compared with."},
  {.name = "expression", .shape = Shape::kText, .doc = "A CEL expression: `state.score >= 0.8`."},
  {.name = "and", .shape = Shape::kConditions, .doc = "All of these hold."},
  {.name = "or", .shape = Shape::kConditions, .doc = "At least one of these holds."},
  {.name = "not", .shape = Shape::kCondition, .doc = "This does not hold."},
};

static constexpr Field kBranchFields[] = {
  {.name = "condition", .shape = Shape::kCondition, .doc = "Which way to go.", .required = true},
  {.name = "true_steps", .shape = Shape::kStepNames, .doc = "Steps that run when it holds."},
  {.name = "false_steps", .shape = Shape::kStepNames, .doc = "Steps that run when it does not."},
  {.name = "true_workflow", .shape = Shape::kAnything,
   .doc = "sub-workflows do not run in this version; list their steps here and name them in 'true_steps'", .use = Use::kNever},
  {.name = "false_workflow", .shape = Shape::kAnything,
   .doc = "sub-workflows do not run in this version; list their steps here and name them in 'false_steps'", .use = Use::kNever},
};

static constexpr Field kDecisionBranchFields[] = {
  {.name = "id", .shape = Shape::kScalar, .doc = "A name for events and logs."},
  {.name = "name", .shape = Shape::kScalar, .doc = "The same, where there is no `id`."},
  {.name = "condition", .shape = Shape::kCondition, .doc = "When to go this way.", .required = true},
  {.name = "next_steps", .shape = Shape::kStepNames, .doc = "Steps that then run."},
  {.name = "priority", .shape = Shape::kInteger, .fallback = "0",
   .doc = "Higher is tried first; equal ones in their order.", .minimum = -1000000, .maximum = 1000000},
  {.name = "workflow", .shape = Shape::kAnything,
   .doc = "sub-workflows do not run in this version; list their steps here and name them in 'next_steps'", .use = Use::kNever},
};

static constexpr Field kDecisionChoiceFields[] = {
  {.name = "condition", .shape = Shape::kCondition,
   .doc = "When to go this way; a structured one without `field` compares the decision's `input_path`.", .required = true},
  {.name = "next", .shape = Shape::kStepNames, .doc = "Steps that then run.", .required = true},
};

static constexpr Field kDecisionFields[] = {
  {.name = "branches", .shape = Shape::kObjectList, .doc = "The ways to go.", .table = &kDecisionBranchTable},
  {.name = "choices", .shape = Shape::kObjectList, .doc = "Instead of `branches`: ways tried in their order.", .table = &kDecisionChoiceTable},
  {.name = "input_path", .shape = Shape::kPath, .doc = "With `choices`: what their conditions compare."},
  {.name = "default", .shape = Shape::kStepNames, .doc = "Steps that run when no condition holds."},
};

static constexpr Field kStepConfigFields[] = {
  {.name = "image", .shape = Shape::kText, .doc = "What runs the tasks: `./dir` with an `agent.yaml`, or a container image."},
  {.name = "command", .shape = Shape::kCommand,
   .doc = "Program and arguments as a list, or one line for `/bin/sh -c`. Needs no `image` in the process runtime."},
  {.name = "env_vars", .aliases = {"env"}, .shape = Shape::kTextMap, .doc = "Environment of the tasks."},
  {.name = "input", .shape = Shape::kAnything, .fallback = "the whole state", .doc = "What the tasks get as `input`, instead of the state."},
  {.name = "output", .shape = Shape::kEnum, .fallback = "auto",
   .doc = "How a task's result is read. `auto`: the result file, else JSON on stdout, else `{\"stdout\": …}`; `lines`: a list of stdout's lines.", .choices = kOutputModeNames},
  {.name = "condition", .shape = Shape::kCondition, .doc = "The step is skipped when this does not hold."},
  {.name = "max_workers", .aliases = {"workers"}, .shape = Shape::kInteger, .fallback = "1",
   .doc = "`parallel`: its tasks. `map`: `max_concurrency`, where that is not given.", .minimum = 1, .maximum = 100000},
  {.name = "timeout", .shape = Shape::kDuration, .fallback = "none", .doc = "Longest time of one attempt, from its start; of a `wait` for a signal."},
  {.name = "step_timeout", .shape = Shape::kDuration, .fallback = "none", .doc = "Longest time of the whole step, retries and waits included."},
  {.name = "retry_policy", .aliases = {"retry"}, .shape = Shape::kObject, .fallback = "the workflow's",
   .doc = "Retries of a task; field by field over the workflow's.", .table = &kRetryTable},
  {.name = "resource_limits", .aliases = {"resources", "limits"}, .shape = Shape::kObject, .fallback = "the workflow's",
   .doc = "Limits of one agent; field by field over the workflow's.", .table = &kLimitsTable},
  {.name = "execution_mode", .shape = Shape::kEnum, .fallback = "standard",
   .doc = "`pooled` takes agents that are already running.", .choices = kExecutionModeNames, .use = Use::kLater},
  {.name = "pool_config", .aliases = {"pool"}, .shape = Shape::kObject, .doc = "The pool of a `pooled` step.", .table = &kPoolTable,
   .use = Use::kLater},
  {.name = "cleanup_policy", .shape = Shape::kEnum, .fallback = "the workflow's",
   .doc = "When an agent is removed after its task's last attempt.", .choices = kCleanupPolicyNames, .use = Use::kLater},
  {.name = "map_config", .aliases = {"map"}, .shape = Shape::kObject, .doc = "`map`, `mapreduce`: the list and how to go through it.", .table = &kMapTable},
  {.name = "branch_config", .aliases = {"branch"}, .shape = Shape::kObject, .doc = "`branch`: its condition and ways.", .table = &kBranchTable},
  {.name = "decision_node", .aliases = {"decision"}, .shape = Shape::kObject, .doc = "`decision`: its conditions and ways.", .table = &kDecisionTable},
  {.name = "signal", .shape = Shape::kText, .doc = "`wait`: the name of the signal that ends it; its payload becomes the step's output."},
  {.name = "duration", .shape = Shape::kDuration, .doc = "`wait`: how long."},
  {.name = "until", .shape = Shape::kText,
   .doc = "`wait`: the time that ends it, like `2030-01-01T00:00:00Z` (RFC 3339); may be an expression."},
  {.name = "on_timeout", .shape = Shape::kEnum, .fallback = "fail",
   .doc = "`wait`: what becomes of the step when no signal came within `timeout`; `continue` completes it with the output `null`.",
   .choices = kOnTimeoutNames},
  {.name = "mapper", .shape = Shape::kObject, .doc = "`mapreduce`: fields of the map step, over the step's own.", .table = &kStepConfigTable},
  {.name = "reducer", .shape = Shape::kObject, .doc = "`mapreduce`: fields of the reduce step, over the step's own.", .table = &kStepConfigTable},
  {.name = "dynamic", .shape = Shape::kBool, .fallback = "false", .doc = "Workers follow the load.", .use = Use::kLater},
  {.name = "volumes", .shape = Shape::kTextList, .doc = "Containers: mounts, `host:container[:ro]`.", .use = Use::kLater},
  {.name = "network", .shape = Shape::kText, .fallback = "none", .doc = "Containers: the network to join.", .use = Use::kLater},
  {.name = "user", .shape = Shape::kScalar, .doc = "Containers: `uid[:gid]` or a name.", .use = Use::kLater},
  {.name = "labels", .shape = Shape::kTextMap, .doc = "Containers: labels.", .use = Use::kLater},
  {.name = "secrets", .shape = Shape::kTextList, .doc = "Names of secrets that the tasks get.", .use = Use::kLater},
  {.name = "redis_access", .shape = Shape::kEnum, .fallback = "none", .doc = "A Redis connection of the agent's own.",
   .choices = kRedisAccessNames, .use = Use::kLater},
  {.name = "sub_workflow_id", .shape = Shape::kScalar,
   .doc = "sub-workflows do not run in this version; put their steps into this file", .use = Use::kNever},
  {.name = "sub_workflow_name", .shape = Shape::kScalar,
   .doc = "sub-workflows do not run in this version; put their steps into this file", .use = Use::kNever},
};

static constexpr Field kStepFields[] = {
  {.name = "id", .shape = Shape::kScalar, .fallback = "made from `name`",
   .doc = "Letters, digits, `_` and `-`, at most 64, not starting with a digit or `-`."},
  {.name = "name", .shape = Shape::kScalar, .fallback = "the id", .doc = "The name that people see."},
  {.name = "type", .shape = Shape::kEnum, .fallback = "sequential", .doc = "What kind of step it is.", .choices = kStepTypeNames},
  {.name = "depends_on", .shape = Shape::kStepNames, .fallback = "the step before", .doc = "Steps that must end first; `[]`: none."},
  {.name = "config", .shape = Shape::kObject, .doc = "The fields below may stand here too.", .table = &kStepConfigTable},
};

static constexpr Field kConfigFields[] = {
  {.name = "max_parallel", .shape = Shape::kInteger, .fallback = "0",
   .doc = "Tasks of the whole workflow at once; 0: only the server's limit.", .minimum = 0, .maximum = kMany},
  {.name = "timeout", .shape = Shape::kDuration, .fallback = "none", .doc = "Longest time of the whole workflow, from its start."},
  {.name = "failure_strategy", .shape = Shape::kEnum, .fallback = "fail_fast",
   .doc = "`fail_fast`: the first failed step ends the workflow. `continue`: what does not depend on it still runs. "
          "`continue_on_partial`: everything runs with what there is.", .choices = kFailureStrategyNames},
  {.name = "retry_policy", .aliases = {"retry"}, .shape = Shape::kObject, .doc = "Retries, for steps that do not say otherwise.", .table = &kRetryTable},
  {.name = "resource_limits", .aliases = {"resources", "limits"}, .shape = Shape::kObject,
   .doc = "Limits, for steps that do not say otherwise.", .table = &kLimitsTable},
  {.name = "cleanup_policy", .shape = Shape::kEnum, .fallback = "always",
   .doc = "When agents are removed, for steps that do not say otherwise.", .choices = kCleanupPolicyNames, .use = Use::kLater},
  {.name = "enable_profiling", .shape = Shape::kBool, .fallback = "false", .doc = "Keep detailed metrics of every task.",
   .use = Use::kLater},
  {.name = "schedule", .shape = Shape::kText, .doc = "When a server starts it: a cron expression of five or six fields, or `@daily` and the like.",
   .use = Use::kLater},
};

static constexpr Field kWorkflowFields[] = {
  {.name = "name", .shape = Shape::kScalar, .doc = "The workflow's name, at most 200 printable characters.", .required = true},
  {.name = "description", .shape = Shape::kText, .doc = "For people."},
  {.name = "config", .shape = Shape::kObject, .doc = "The fields below may stand here too.", .table = &kConfigTable},
  {.name = "state", .shape = Shape::kAnyMap, .fallback = "empty", .doc = "The initial state; inputs given at the start are laid over it."},
  {.name = "metadata", .shape = Shape::kAnyMap, .fallback = "empty", .doc = "Anything you like."},
  {.name = "steps", .shape = Shape::kSteps, .doc = "The steps: a list, or a mapping of ids to steps.", .required = true},
};
// clang-format on

constexpr Table kWorkflowTable{"workflow", kWorkflowFields};
constexpr Table kConfigTable{"workflow config", kConfigFields};
constexpr Table kStepTable{"step", kStepFields};
constexpr Table kStepConfigTable{"step config", kStepConfigFields};
constexpr Table kRetryTable{"retry policy", kRetryFields};
constexpr Table kLimitsTable{"resource limits", kLimitsFields};
constexpr Table kPoolTable{"pool", kPoolFields};
constexpr Table kMapTable{"map", kMapFields};
constexpr Table kBranchTable{"branch", kBranchFields};
constexpr Table kDecisionTable{"decision", kDecisionFields};
constexpr Table kDecisionBranchTable{"decision branch", kDecisionBranchFields};
constexpr Table kDecisionChoiceTable{"decision choice", kDecisionChoiceFields};
constexpr Table kConditionTable{"condition", kConditionFields};

std::span<const Table* const> all_tables() {
  static constexpr const Table* kAll[] = {
      &kWorkflowTable, &kConfigTable,   &kStepTable,           &kStepConfigTable,
      &kRetryTable,    &kLimitsTable,   &kPoolTable,           &kMapTable,
      &kBranchTable,   &kDecisionTable, &kDecisionBranchTable, &kDecisionChoiceTable,
      &kConditionTable};
  return kAll;
}

const Field* Table::find(std::string_view key) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& field) { return field.is_named(key); });
  return found == fields.end() ? nullptr : &*found;
}

}  // namespace agentainer::workflow

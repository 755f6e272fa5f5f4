#pragma once
// The blocks of fields inside a step or the workflow's config. Each function reads over `out`,
// which holds the defaults, and reports what is wrong.

#include <vector>

#include "workflow/definition.h"
#include "workflow/draft.h"
#include "workflow/object_reader.h"

namespace agentainer::workflow {

/// What a workflow's config gives to steps that do not say otherwise.
struct StepDefaults {
  RetryPolicy retry;
  ResourceLimits limits;
  CleanupPolicy cleanup = CleanupPolicy::kAlways;
};

/// The fields that config and steps share: retry_policy, resource_limits, cleanup_policy.
void read_defaults(const ObjectReader& fields, StepDefaults& out);
void read_pool(const ObjectReader& fields, PoolConfig& out);

/// `step_fields` has map_config, or the complaint is made. `max_workers` stands for
/// max_concurrency.
void read_map(const ObjectReader& step_fields, StepDraft& draft);

/// What a step of type wait waits for.
void read_wait(const ObjectReader& step_fields, StepDraft& draft);
std::vector<ChoiceDraft> read_branch(const ObjectReader& step_fields, const Value& owner);
std::vector<ChoiceDraft> read_decision(const ObjectReader& step_fields, const Value& owner);

/// The mapping of a kObject field, read by its table; absent where there is none, or none that is
/// good.
std::optional<ObjectReader> read_block(const ObjectReader& fields, std::string_view field,
                                       const Table& table);

}  // namespace agentainer::workflow

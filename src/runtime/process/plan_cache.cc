#include "runtime/process/plan_cache.h"

#include <algorithm>
#include <utility>

namespace agentainer::runtime {
namespace {

constexpr std::size_t kMaxEntries = 256;
constexpr std::size_t kMaxPrograms = 64;  // a step's command can be made from its input

}  // namespace

Result<std::shared_ptr<const StepPlan>> PlanCache::find(
    const std::shared_ptr<const AgentSpec>& agent) {
  const auto found = entries_.find(agent.get());
  if (found != entries_.end() && found->second.agent.lock() == agent) return found->second.plan;
  auto plan = make_step_plan(*agent, options_);
  if (!plan) return tl::make_unexpected(plan.error());
  std::erase_if(entries_, [](const auto& entry) { return entry.second.agent.expired(); });
  if (entries_.size() >= kMaxEntries) entries_.clear();
  auto shared = std::make_shared<const StepPlan>(std::move(*plan));
  entries_[agent.get()] = Entry{agent, shared, {}};
  return shared;
}

Result<std::string> PlanCache::program(const AgentSpec& agent, const StepPlan& plan,
                                       const std::vector<std::string>& command,
                                       const Variables& environment) {
  const auto chosen = choose_command(plan, command);
  if (!chosen) return tl::make_unexpected(chosen.error());
  const std::string& name = (*chosen)->front();
  const bool has_own_path =
      std::any_of(environment.begin(), environment.end(),
                  [](const auto& variable) { return variable.first == "PATH"; });
  const auto entry = entries_.find(&agent);
  if (has_own_path || entry == entries_.end())
    return resolve_program(name, effective_path(plan, environment), plan.working_directory);
  auto& programs = entry->second.programs;
  if (const auto found = programs.find(name); found != programs.end()) return found->second;
  auto file = resolve_program(name, effective_path(plan, environment), plan.working_directory);
  if (!file) return file;
  if (programs.size() >= kMaxPrograms) programs.clear();
  programs.emplace(name, *file);
  return file;
}

void PlanCache::forget_programs(const AgentSpec& agent) {
  if (const auto entry = entries_.find(&agent); entry != entries_.end())
    entry->second.programs.clear();
}

}  // namespace agentainer::runtime

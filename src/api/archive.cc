#include "api/archive.h"

#include "server/recovery.h"
#include "workflow/parse.h"

namespace agentainer::api {
namespace {

std::uint64_t tasks_of(const engine::WorkflowState& state) {
  std::uint64_t tasks = 0;
  for (const engine::StepState& step : state.steps) tasks += 1 + step.tasks.size();
  return tasks;
}

Result<std::shared_ptr<const engine::WorkflowState>> open(const store::LoadedWorkflow& loaded) {
  workflow::ParseResult parsed = workflow::parse(loaded.origin.definition);
  if (!parsed.definition)
    return fail(ErrorCode::kInternal, "the stored definition of {} is not valid here: {}",
                loaded.id.text(),
                parsed.diagnostics.empty() ? "" : parsed.diagnostics.front().message);
  Result<engine::WorkflowState> state = server::rebuild(loaded, parsed.definition);
  if (!state) return tl::make_unexpected(state.error());
  return std::make_shared<const engine::WorkflowState>(std::move(*state));
}

}  // namespace

void Archive::look(const WorkflowId& id, Look look) {
  if (server_.find(id) != nullptr) return server_.look(id, std::move(look));
  if (const auto kept = kept_.find(id); kept != kept_.end()) {
    recent_.splice(recent_.begin(), recent_, kept->second.place);
    const auto state = kept->second.state;
    return look(state.get());
  }
  std::vector<Look>& waiting = waiting_[id];
  waiting.push_back(std::move(look));
  if (waiting.size() > 1) return;
  store_.load(id, [this, alive = alive_, id](const Result<store::LoadedWorkflow>& loaded) {
    if (!*alive) return;
    const std::vector<Look> looks = std::move(waiting_.extract(id).mapped());
    const auto opened = loaded ? open(*loaded)
                               : Result<std::shared_ptr<const engine::WorkflowState>>(
                                     tl::make_unexpected(loaded.error()));
    if (opened && engine::has_ended((*opened)->status)) keep(*opened);
    for (const Look& one : looks) {
      if (opened) {
        one(opened->get());
      } else {
        one(tl::make_unexpected(opened.error()));
      }
    }
  });
}

void Archive::keep(std::shared_ptr<const engine::WorkflowState> state) {
  const WorkflowId id = state->id;
  if (kept_.contains(id)) return;
  const std::uint64_t tasks = tasks_of(*state);
  if (tasks > kMaxKeptTasks) return;
  while (!recent_.empty() && (kept_.size() >= kMaxKept || kept_tasks_ + tasks > kMaxKeptTasks)) {
    const WorkflowId oldest = recent_.back();
    forget(oldest);
  }
  recent_.push_front(id);
  kept_.emplace(id, Kept{std::move(state), recent_.begin()});
  kept_tasks_ += tasks;
}

void Archive::forget(const WorkflowId& id) {
  const auto kept = kept_.find(id);
  if (kept == kept_.end()) return;
  kept_tasks_ -= tasks_of(*kept->second.state);
  recent_.erase(kept->second.place);
  kept_.erase(kept);
}

}  // namespace agentainer::api

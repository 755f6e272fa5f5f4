#include "engine/explain.h"

#include "api/handlers/handlers.h"
#include "base/time_text.h"
#include "runtime/logs.h"
#include "runtime/text.h"

namespace agentainer::api {
namespace {

constexpr std::size_t kMaxSteps = 500;
constexpr std::size_t kMaxLogBytes = 2000;

/// The end of what the task's latest attempt wrote: standard error when there is any.
std::string last_log(const Context& context, const engine::WorkflowState& state,
                     const engine::StepExplanation& one) {
  if (!one.task) return {};
  for (const runtime::LogStream stream :
       {runtime::LogStream::kStderr, runtime::LogStream::kStdout}) {
    const runtime::LogId id{state.id, state.definition->step(one.step).id, *one.task,
                            state.step(one.step).tasks.attempt(*one.task), stream};
    const auto range = runtime::read_log(context.options.data_directory, id,
                                         -static_cast<std::int64_t>(kMaxLogBytes), kMaxLogBytes);
    if (range && !range->bytes.empty()) return runtime::inert_text(range->bytes);
  }
  return {};
}

Json step_view(const Context& context, const engine::WorkflowState& state,
               const engine::StepExplanation& one) {
  return {{"step", state.definition->step(one.step).id},
          {"status", to_string(state.step(one.step).status)},
          {"cause", one.cause},
          {"since", one.since ? Json(utc_time(*one.since)) : Json(nullptr)},
          {"help", one.help},
          {"log", last_log(context, state, one)}};
}

}  // namespace

void explain(Context& context, const CallPtr& call) {
  context.archive.look(
      call->workflow(), [&context, call](Result<const engine::WorkflowState*> found) {
        if (!found) return call->refuse(found.error());
        const engine::WorkflowState& state = **found;
        std::optional<StepIndex> only;
        if (const std::string* step = call->query("step")) {
          only = state.definition->find(*step);
          if (!only)
            return call->refuse({ErrorCode::kNotFound, fmt::format("the workflow has no step '{}'",
                                                                   to_valid_utf8(*step))});
        }
        const engine::SlotUse slots =
            context.server.find(state.id) != nullptr ? context.server.slots() : engine::SlotUse();
        json::array steps;
        for (const engine::StepExplanation& one :
             engine::explain(state, context.executor.now(), slots, only, kMaxSteps))
          steps.push_back(step_view(context, state, one));
        call->succeed({{"status", to_string(state.status)},
                       {"reason", state.reason},
                       {"steps", std::move(steps)}});
      });
}

}  // namespace agentainer::api

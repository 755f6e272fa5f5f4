#include "engine/explain.h"

#include <algorithm>

namespace agentainer::engine {
namespace {

constexpr std::size_t kMaxNamed = 3;
constexpr std::uint32_t kMaxLooked = 200'000;  ///< Tasks looked at for one that failed.

std::string seconds_text(milliseconds duration) {
  const auto ms = std::max<std::int64_t>(duration.count(), 0);
  if (ms < 10'000) return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
  if (ms < 600'000) return fmt::format("{} s", ms / 1000);
  if (ms < 36'000'000) return fmt::format("{} min", ms / 60'000);
  return fmt::format("{} h", ms / 3'600'000);
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::optional<TaskIndex> find_task(const TaskTable& tasks, TaskStatus status) {
  if (tasks.count(status) == 0) return std::nullopt;
  const std::uint32_t end = std::min(tasks.size(), kMaxLooked);
  for (std::uint32_t i = 0; i < end; ++i)
    if (tasks.status(TaskIndex{i}) == status) return TaskIndex{i};
  return std::nullopt;
}

/// "step fetch, which has run for 40 s, and step parse, which waits itself"
std::string unmet_text(const WorkflowState& state, const workflow::Step& defined, TimePoint now) {
  std::string out;
  std::size_t named = 0;
  std::size_t more = 0;
  for (const StepIndex dependency : defined.depends_on) {
    const StepState& step = state.step(dependency);
    if (has_ended(step.status)) continue;
    if (named++ >= kMaxNamed) {
      ++more;
      continue;
    }
    out += fmt::format("{}step {}, which {}", out.empty() ? "" : ", and ",
                       state.definition->step(dependency).id,
                       step.status == StepStatus::kRunning
                           ? fmt::format("has run for {}", seconds_text(now - step.started))
                           : std::string("waits itself"));
  }
  if (more > 0) out += fmt::format(", and {} more", more);
  return out;
}

void explain_pending(const WorkflowState& state, StepExplanation& out, TimePoint now) {
  const StepState& step = state.step(out.step);
  out.since = state.started == TimePoint{} ? state.created : state.started;
  if (state.status == WorkflowStatus::kPending) {
    out.cause = "the workflow has not been started";
    out.help = "start it: agentainer workflow start " + state.id.text();
  } else if (state.stopping) {
    out.cause = fmt::format("nothing new starts: the workflow is being stopped ({})", state.reason);
  } else if (step.unmet > 0) {
    out.cause = "waits for " + unmet_text(state, state.definition->step(out.step), now);
  } else {
    out.cause = "is about to start";
  }
}

std::string retry_text(const WorkflowState& state, StepIndex index, TimePoint now) {
  const StepState& step = state.step(index);
  const workflow::Step& defined = state.definition->step(index);
  const auto next =
      std::min_element(step.retry_due.begin(), step.retry_due.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  const auto failures = step.failures.find(to_int(next->first));
  const std::uint32_t failed = failures == step.failures.end() ? 1 : failures->second;
  std::string out = fmt::format("task {}: try {} of {} ", to_int(next->first), failed + 1,
                                defined.retry.max_attempts);
  out += next->second > now ? fmt::format("in {}", seconds_text(next->second - now))
                            : std::string("is due");
  const std::uint32_t retrying = step.tasks.count(TaskStatus::kRetrying);
  if (retrying > 1) out += fmt::format(" ({} wait for another try)", counted(retrying, "task"));
  return out;
}

/// Why tasks that could run do not.
std::string slots_text(const WorkflowState& state, StepIndex index, SlotUse slots) {
  const workflow::Step& defined = state.definition->step(index);
  const std::uint32_t max_parallel = state.definition->max_parallel;
  const std::uint32_t waiting = state.step(index).tasks.count(TaskStatus::kWaiting);
  if (waiting == 0) return {};
  const std::string many = counted(waiting, "task") + (waiting == 1 ? " waits" : " wait");
  if (room_of(state, index) == 0)
    return fmt::format("{} for one of the step's {} places (max_concurrency)", many,
                       defined.map.max_concurrency);
  if (max_parallel > 0 && state.in_flight >= max_parallel)
    return fmt::format("{} for one of the workflow's {} slots (config.max_parallel)", many,
                       max_parallel);
  if (slots.limit > 0 && slots.used >= slots.limit)
    return fmt::format("{} for one of the server's {} slots (--max-tasks)", many, slots.limit);
  return many + " to be dispatched";
}

void explain_wait(const WorkflowState& state, StepExplanation& out, TimePoint now) {
  const workflow::Step& defined = state.definition->step(out.step);
  const StepState& step = state.step(out.step);
  if (defined.wait.signal.empty()) {
    out.cause = "waits for its time";
    if (step.due) out.cause += fmt::format(", in {}", seconds_text(*step.due - now));
    return;
  }
  out.cause = fmt::format("waits for the signal {}", defined.wait.signal);
  if (step.due) out.cause += fmt::format(", at most {} more", seconds_text(*step.due - now));
  out.help = fmt::format("send it: agentainer workflow signal {} {}", state.id.text(),
                         defined.wait.signal);
}

void explain_running(const WorkflowState& state, StepExplanation& out, TimePoint now,
                     SlotUse slots) {
  const StepState& step = state.step(out.step);
  out.since = step.started;
  if (step.stopping) {
    out.cause = fmt::format("is being stopped: {}", step.reason);
    return;
  }
  if (state.definition->step(out.step).type == workflow::StepType::kWait)
    return explain_wait(state, out, now);
  std::string cause;
  const auto add = [&](const std::string& text) {
    if (!text.empty()) cause += (cause.empty() ? "" : "; ") + text;
  };
  const std::uint32_t running = step.tasks.count(TaskStatus::kRunning);
  if (running > 0) {
    add(counted(running, "task") + (running == 1 ? " runs" : " run"));
    out.task = find_task(step.tasks, TaskStatus::kRunning);
  }
  if (!step.retry_due.empty()) {
    add(retry_text(state, out.step, now));
    if (!out.task) out.task = step.retry_due.begin()->first;
  }
  if (state.paused_at && step.tasks.count(TaskStatus::kWaiting) + step.retry_due.size() > 0) {
    add(fmt::format("the workflow has been paused for {}", seconds_text(now - *state.paused_at)));
    out.help = "let it go on: agentainer workflow resume " + state.id.text();
  } else {
    add(slots_text(state, out.step, slots));
  }
  if (step.reading_items) add("the items of its file are being counted");
  if (step.collecting) add("its results are being collected");
  out.cause = cause.empty() ? "is about to end" : cause;
}

void explain_ended(const WorkflowState& state, StepExplanation& out) {
  const StepState& step = state.step(out.step);
  if (step.ended != TimePoint{}) out.since = step.ended;
  out.cause = step.reason.empty() ? std::string(to_string(step.status)) : step.reason;
  if (step.status != StepStatus::kFailed) return;
  out.task = find_task(step.tasks, TaskStatus::kFailed);
  if (out.task)
    out.help = fmt::format("look at its log: agentainer logs {} {} --task {}", state.id.text(),
                           state.definition->step(out.step).id, to_int(*out.task));
}

}  // namespace

std::vector<StepExplanation> explain(const WorkflowState& state, TimePoint now, SlotUse slots,
                                     std::optional<StepIndex> only, std::size_t limit) {
  std::vector<StepExplanation> out;
  for (std::uint32_t i = 0; i < state.steps.size() && out.size() < limit; ++i) {
    const StepIndex index{i};
    if (only && *only != index) continue;
    StepExplanation one;
    one.step = index;
    switch (state.step(index).status) {
      case StepStatus::kPending:
        explain_pending(state, one, now);
        break;
      case StepStatus::kRunning:
        explain_running(state, one, now, slots);
        break;
      case StepStatus::kFailed:
      case StepStatus::kSkipped:
      case StepStatus::kCancelled:
        explain_ended(state, one);
        break;
      case StepStatus::kCompleted:
        if (!only) continue;
        one.cause = "completed";
        one.since = state.step(index).ended;
        break;
    }
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace agentainer::engine

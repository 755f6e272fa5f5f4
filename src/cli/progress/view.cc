#include "cli/progress/view.h"

#include <algorithm>

#include "cli/progress/step_line.h"
#include "cli/progress/window.h"
#include "cli/text/format.h"
#include "cli/text/records.h"
#include "cli/text/width.h"

namespace agentainer::cli {
namespace {

using engine::StepStatus;
using engine::WorkflowState;
using engine::WorkflowStatus;

constexpr milliseconds kSampleDistance{500};
constexpr milliseconds kTrendLength{10'000};

Line header(const WorkflowState& state, const FrameOptions& options) {
  const Symbol symbol = symbol_of(state.status, options.style);
  const bool ended = engine::has_ended(state.status);
  Line line;
  line.add(symbol.text, symbol.tone).add(" ").add(state.definition->name, Tone::kStrong);
  line.add("  ").add(state.id.text(), Tone::kFaint).add("  ");
  if (ended) {
    line.add(to_string(state.status), symbol.tone);
    if (state.started != TimePoint{})
      line.add(" in " + short_duration(state.ended - state.started));
  } else {
    if (state.started != TimePoint{}) line.add(short_duration(options.now - state.started));
    line.add(options.style.dot())
        .add(
            fmt::format("{} of {} steps", grouped(state.ended_steps), grouped(state.steps.size())));
  }
  if (state.stopping)
    line.add(options.style.dot())
        .add(*state.stopping == WorkflowStatus::kCancelled ? "cancelling" : "stopping",
             Tone::kWaiting);
  if (state.paused_at)
    line.add(options.style.dot())
        .add("paused " + short_duration(options.now - *state.paused_at), Tone::kWaiting);
  if (const std::string reason = failure_line(state.reason); !reason.empty())
    line.add(": ").add(reason, tone_of(ended ? state.status : *state.stopping));
  return line;
}

Line hidden_steps(const WorkflowState& state, std::size_t shown, const Style& style) {
  std::size_t counts[6] = {};
  for (const engine::StepState& step : state.steps) ++counts[static_cast<std::size_t>(step.status)];
  Line line;
  line.add(fmt::format("  {} {} more of {} steps: ", style.ellipsis(),
                       grouped(state.steps.size() - shown), grouped(state.steps.size())),
           Tone::kFaint);
  bool first = true;
  for (const StepStatus status :
       {StepStatus::kCompleted, StepStatus::kRunning, StepStatus::kPending, StepStatus::kFailed,
        StepStatus::kSkipped, StepStatus::kCancelled}) {
    const std::size_t count = counts[static_cast<std::size_t>(status)];
    if (count == 0) continue;
    if (!first) line.add(style.dot(), Tone::kFaint);
    first = false;
    line.add(fmt::format("{} {}", grouped(count), to_string(status)),
             symbol_of(status, style).tone);
  }
  return line;
}

/// Lines of one workflow, at most `rows`.
void append_workflow(std::vector<std::string>& lines, const WorkflowView& view, std::size_t rows,
                     const FrameOptions& options) {
  if (rows == 0) return;
  const std::size_t columns = options.size.columns;
  lines.push_back(header(*view.state, options).render(options.style, columns));
  const Window window = choose_window(*view.state, view.observed->last_error, rows - 1);
  std::size_t name_width = 0;
  for (const StepIndex step : window.steps)
    name_width = std::max(name_width, display_width(view.state->definition->step(step).id));
  name_width = std::min<std::size_t>(name_width, std::max<std::size_t>(8, columns / 3));
  for (const StepIndex step : window.steps) {
    lines.push_back(step_line(view, step, name_width, options).render(options.style, columns));
    if (!window.with_errors || !shows_error(*view.state, view.observed->last_error, step)) continue;
    Line error;
    error.add(fmt::format("{:{}}", "", name_width + 6))
        .add("last error: ", Tone::kFaint)
        .add(view.observed->last_error.at(step), Tone::kBad);
    lines.push_back(error.render(options.style, columns));
  }
  if (window.steps.size() < view.state->steps.size() && rows > 1)
    lines.push_back(hidden_steps(*view.state, window.steps.size(), options.style)
                        .render(options.style, columns));
}

}  // namespace

void Trend::note(TimePoint now, std::uint64_t done) {
  if (!samples_.empty() && now - samples_.back().at < kSampleDistance) return;
  samples_.push_back({now, done});
  while (samples_.size() > 2 && now - samples_.front().at > kTrendLength) samples_.pop_front();
}

std::optional<double> Trend::per_second() const {
  if (samples_.size() < 2) return std::nullopt;
  const milliseconds length = samples_.back().at - samples_.front().at;
  if (length < milliseconds(1000) || samples_.back().done <= samples_.front().done)
    return std::nullopt;
  return static_cast<double>(samples_.back().done - samples_.front().done) * 1000.0 /
         static_cast<double>(length.count());
}

std::uint64_t ended_tasks(const engine::StepState& step) {
  return std::uint64_t{step.tasks.count(engine::TaskStatus::kSucceeded)} +
         step.tasks.count(engine::TaskStatus::kFailed) +
         step.tasks.count(engine::TaskStatus::kCancelled);
}

std::vector<std::string> render_frame(std::span<const WorkflowView> views,
                                      const FrameOptions& options) {
  std::vector<std::string> lines;
  const std::size_t height = std::max<std::size_t>(2, options.size.rows) - 1;
  if (!options.notice.empty())
    lines.push_back(Line()
                        .add("! ", Tone::kWaiting)
                        .add(options.notice, Tone::kWaiting)
                        .render(options.style, options.size.columns));
  std::size_t left = views.size();
  for (const WorkflowView& view : views) {
    const std::size_t rows = height - std::min(height, lines.size());
    if (rows < left && rows <= 1) {
      if (rows == 1)
        lines.push_back(options.style.paint(
            Tone::kFaint, fmt::format("{} {} more workflows", options.style.ellipsis(), left)));
      break;
    }
    append_workflow(lines, view, std::max<std::size_t>(1, rows / left), options);
    --left;
  }
  return lines;
}

}  // namespace agentainer::cli

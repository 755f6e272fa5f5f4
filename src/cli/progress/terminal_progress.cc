#include "cli/progress/terminal_progress.h"

#include <utility>

#include "cli/text/records.h"
#include "cli/text/width.h"

namespace agentainer::cli {
namespace {

constexpr milliseconds kFrameDistance{100};
constexpr milliseconds kClockDistance{1000};

}  // namespace

TerminalProgress::TerminalProgress(Executor& executor, Find find, Size size, LiveArea::Write write,
                                   Style style)
    : executor_(executor),
      find_(std::move(find)),
      size_(std::move(size)),
      style_(style),
      area_(std::move(write)) {}

TerminalProgress::~TerminalProgress() { finish(); }

void TerminalProgress::say(std::string_view text) { area_.print_above(text, size_().columns); }

void TerminalProgress::on_resized() {
  if (!finished_) draw();
}

void TerminalProgress::on_continued() {
  if (finished_) return;
  area_.leave();
  draw();
}

void TerminalProgress::finish() {
  if (finished_) return;
  finished_ = true;
  if (armed_) executor_.cancel(timer_);
  area_.leave();
}

void TerminalProgress::on_committed(const engine::WorkflowState& state,
                                    std::span<const engine::Record> records) {
  Observed& observed = running_[state.id];
  notice_.clear();
  for (const engine::Record& record : records) {
    if (const auto* failed = std::get_if<engine::AttemptFailed>(&record.body))
      observed.last_error[failed->step] = fmt::format(
          "{} attempt {}: {}", task_label(state.definition->step(failed->step), failed->task),
          to_int(failed->attempt), failure_line(failed->message));
    if (const auto* ended = std::get_if<engine::StepEnded>(&record.body)) {
      observed.last_error.erase(ended->step);
      observed.trend.erase(ended->step);
    }
  }
  draw_soon();
}

void TerminalProgress::on_ended(const engine::WorkflowState& state) {
  const auto found = running_.find(state.id);
  if (found == running_.end()) return;
  const WorkflowView view{&state, &found->second};
  FrameOptions options = frame_options();
  options.notice.clear();
  std::string text;
  for (const std::string& line : render_frame({&view, 1}, options)) text += line + '\n';
  running_.erase(found);
  area_.draw({}, options.size.columns);
  area_.print_above(text, options.size.columns);
  draw_soon();
}

void TerminalProgress::on_abandoned(const engine::WorkflowState& state, const Error& error) {
  running_.erase(state.id);
  say(fmt::format("workflow {} is no longer run here: {}", state.id.text(),
                  one_line(error.message)));
  draw_soon();
}

void TerminalProgress::on_store_trouble(const Error& error) {
  notice_ = fmt::format("the store does not answer, waiting for it: {}", one_line(error.message));
  draw_soon();
}

void TerminalProgress::draw_soon() {
  if (!finished_) arm(std::max(executor_.now(), last_drawn_ + kFrameDistance));
}

void TerminalProgress::draw() {
  last_drawn_ = executor_.now();
  std::vector<WorkflowView> views;
  for (auto& [id, observed] : running_) {
    const engine::WorkflowState* state = find_(id);
    if (state == nullptr) continue;
    note_trends(*state, observed);
    views.push_back({state, &observed});
  }
  area_.draw(views.empty() && notice_.empty() ? std::vector<std::string>()
                                              : render_frame(views, frame_options()),
             size_().columns);
  if (!views.empty()) arm(last_drawn_ + kClockDistance);
}

/// For the earlier of `due` and what is armed already.
void TerminalProgress::arm(TimePoint due) {
  if (armed_ && *armed_ <= due) return;
  if (armed_) executor_.cancel(timer_);
  armed_ = due;
  timer_ = executor_.schedule(due, [this] {
    armed_.reset();
    draw();
  });
}

void TerminalProgress::note_trends(const engine::WorkflowState& state, Observed& observed) {
  for (std::uint32_t i = 0; i < state.steps.size(); ++i) {
    const engine::StepState& step = state.steps[i];
    if (step.status == engine::StepStatus::kRunning && step.tasks.size() > 1)
      observed.trend[StepIndex{i}].note(last_drawn_, ended_tasks(step));
  }
}

FrameOptions TerminalProgress::frame_options() const {
  FrameOptions options{executor_.now(), size_(), style_, notice_};
  // The last column stays free: terminals differ in what a full line does to the next one.
  if (options.size.columns > 1) --options.size.columns;
  return options;
}

}  // namespace agentainer::cli

#include "cli/progress/step_line.h"

#include <algorithm>
#include <cmath>

#include "cli/text/format.h"
#include "cli/text/records.h"
#include "cli/text/width.h"

namespace agentainer::cli {
namespace {

using engine::StepState;
using engine::StepStatus;
using engine::TaskStatus;
using engine::WorkflowState;

constexpr std::size_t kBarColumns = 20;
constexpr std::size_t kNamedDependencies = 3;

class StepLine {
 public:
  StepLine(const WorkflowView& view, StepIndex index, const FrameOptions& options)
      : view_(view),
        state_(*view.state),
        index_(index),
        step_(state_.step(index)),
        defined_(state_.definition->step(index)),
        options_(options) {}

  Line make(std::size_t name_width) {
    const Symbol symbol = symbol_of(step_.status, options_.style);
    line_.add("  ").add(symbol.text, symbol.tone).add(" ");
    const std::string_view name = fitting_prefix(defined_.id, name_width);
    line_.add(name, step_.status == StepStatus::kPending || step_.status == StepStatus::kSkipped
                        ? Tone::kFaint
                        : Tone::kPlain);
    line_.pad_to(4 + name_width + 2);
    describe();
    return std::move(line_);
  }

 private:
  void describe() {
    switch (step_.status) {
      case StepStatus::kPending:
        pending();
        return;
      case StepStatus::kRunning:
        running();
        return;
      case StepStatus::kCompleted:
        completed();
        return;
      case StepStatus::kFailed:
        line_.add(reached(), Tone::kFaint);
        line_.add(failure_line(step_.reason), Tone::kBad);
        return;
      case StepStatus::kSkipped:
        line_.add("skipped", Tone::kFaint);
        if (!step_.reason.empty()) line_.add(": " + failure_line(step_.reason), Tone::kFaint);
        return;
      case StepStatus::kCancelled:
        line_.add(reached(), Tone::kFaint).add("cancelled", Tone::kWaiting);
        return;
    }
  }

  void pending() {
    if (step_.reading_items) {
      line_.add("counting items");
      return;
    }
    std::string names;
    std::size_t waiting = 0;
    for (const StepIndex dependency : defined_.depends_on) {
      if (engine::has_ended(state_.step(dependency).status)) continue;
      if (++waiting <= kNamedDependencies)
        names += (names.empty() ? "" : ", ") + state_.definition->step(dependency).id;
    }
    if (waiting > kNamedDependencies)
      names += fmt::format(" and {} more", waiting - kNamedDependencies);
    if (waiting > 0) line_.add("waits for " + names, Tone::kFaint);
  }

  void running() {
    const bool many = has_many_tasks();
    if (many) progress_bar();
    if (step_.stopping) part("stopping", Tone::kWaiting);
    if (defined_.type == workflow::StepType::kWait && !step_.stopping)
      part(wait_label(defined_, step_.due, options_.now), Tone::kWaiting);
    if (step_.collecting) part("collecting results");
    const std::uint32_t active = step_.tasks.count(TaskStatus::kRunning);
    const std::uint32_t waiting = step_.tasks.count(TaskStatus::kWaiting);
    if (many && active > 0) part(fmt::format("{} running", grouped(active)));
    if (!many && active == 0 && waiting > 0) part("waits for a free slot", Tone::kFaint);
    if (!many && step_.tasks.size() == 1 && to_int(step_.tasks.attempt(TaskIndex{0})) > 1)
      part(fmt::format("attempt {}", to_int(step_.tasks.attempt(TaskIndex{0}))));
    if (const std::uint32_t failed = step_.tasks.count(TaskStatus::kFailed); many && failed > 0)
      part(fmt::format("{} failed", grouped(failed)), Tone::kBad);
    retries(many);
    if (step_.started != TimePoint{})
      part(short_duration(options_.now - step_.started), Tone::kFaint);
    if (many) speed();
  }

  bool has_many_tasks() const {
    return defined_.type == workflow::StepType::kMap ||
           defined_.type == workflow::StepType::kParallel;
  }

  void progress_bar() {
    const std::uint64_t total = step_.tasks.size();
    const std::uint64_t done = ended_tasks(step_);
    line_.add(bar(done, total, kBarColumns, options_.style), Tone::kBusy);
    line_.add(fmt::format(" {}/{}", grouped(done), grouped(total)));
    first_part_ = false;
  }

  void retries(bool many) {
    const std::uint32_t retrying = step_.tasks.count(TaskStatus::kRetrying);
    if (retrying == 0) return;
    std::string text = many ? fmt::format("{} to retry", grouped(retrying)) : "to be retried";
    if (const std::optional<TimePoint> due = next_retry())
      text += *due <= options_.now ? ", now" : " in " + short_duration(*due - options_.now);
    part(text, Tone::kWaiting);
  }

  /// The first end of a wait among this step's.
  std::optional<TimePoint> next_retry() const {
    // Ordered by due time over all steps; this step's first one is near the front unless thousands
    // of tasks of other steps wait.
    constexpr std::size_t kMaxLooked = 1000;
    std::size_t looked = 0;
    for (const auto& [due, step, task] : state_.agenda.retries) {
      if (step == index_) return due;
      if (++looked == kMaxLooked) break;
    }
    return std::nullopt;
  }

  void speed() {
    const auto trend = view_.observed->trend.find(index_);
    if (trend == view_.observed->trend.end()) return;
    const std::optional<double> rate = trend->second.per_second();
    if (!rate) return;
    const std::uint64_t left = step_.tasks.size() - ended_tasks(step_);
    const double seconds = std::ceil(static_cast<double>(left) / *rate);
    if (left > 0 && seconds < 30.0 * 86400.0)
      part(fmt::format("~{} left",
                       short_duration(std::chrono::seconds(static_cast<std::int64_t>(seconds)))),
           Tone::kFaint);
    part(*rate >= 9.95
             ? fmt::format("{}/s", grouped(static_cast<std::uint64_t>(std::llround(*rate))))
             : fmt::format("{:.1f}/s", *rate),
         Tone::kFaint);
  }

  void completed() {
    if (step_.started != TimePoint{}) part(short_duration(step_.ended - step_.started));
    if (!step_.choice.empty()) part("chose " + step_.choice);
    if (!has_many_tasks()) return;
    part(defined_.type == workflow::StepType::kMap ? counted(step_.items, "item")
                                                   : counted(step_.tasks.size(), "worker"),
         Tone::kFaint);
    if (const std::uint32_t failed = step_.tasks.count(TaskStatus::kFailed); failed > 0)
      part(fmt::format("{} failed", grouped(failed)), Tone::kBad);
  }

  /// How far a step got that did not complete.
  std::string reached() const {
    std::string text;
    if (step_.started == TimePoint{}) return text;
    if (has_many_tasks())
      text = fmt::format("{}/{} succeeded{}", grouped(step_.tasks.count(TaskStatus::kSucceeded)),
                         grouped(step_.tasks.size()), options_.style.dot());
    return text +
           fmt::format("{}{}", short_duration(step_.ended - step_.started), options_.style.dot());
  }

  void part(std::string_view text, Tone tone = Tone::kPlain) {
    if (!first_part_) line_.add(options_.style.dot(), Tone::kFaint);
    first_part_ = false;
    line_.add(text, tone);
  }

  const WorkflowView& view_;
  const WorkflowState& state_;
  StepIndex index_;
  const StepState& step_;
  const workflow::Step& defined_;
  const FrameOptions& options_;
  Line line_;
  bool first_part_ = true;
};

}  // namespace

Line step_line(const WorkflowView& view, StepIndex step, std::size_t name_width,
               const FrameOptions& options) {
  return StepLine(view, step, options).make(name_width);
}

}  // namespace agentainer::cli

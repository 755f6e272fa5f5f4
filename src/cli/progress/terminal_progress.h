#pragma once
// Live progress on a terminal: drawn when something changed, at most ten times a second, and once a
// second for the clock.

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/executor.h"
#include "cli/progress/live_area.h"
#include "cli/progress/progress.h"
#include "cli/progress/view.h"

namespace agentainer::cli {

class TerminalProgress final : public Progress {
 public:
  /// The state of a workflow that runs here, or null.
  using Find = std::function<const engine::WorkflowState*(const WorkflowId&)>;
  using Size = std::function<TerminalSize()>;

  TerminalProgress(Executor& executor, Find find, Size size, LiveArea::Write write, Style style);
  ~TerminalProgress() override;

  void say(std::string_view text) override;
  void on_resized() override;
  void on_continued() override;
  void finish() override;
  void on_committed(const engine::WorkflowState& state,
                    std::span<const engine::Record> records) override;
  void on_ended(const engine::WorkflowState& state) override;
  void on_abandoned(const engine::WorkflowState& state, const Error& error) override;
  void on_store_trouble(const Error& error) override;

 private:
  void draw_soon();
  void draw();
  void arm(TimePoint due);
  void note_trends(const engine::WorkflowState& state, Observed& observed);
  FrameOptions frame_options() const;

  Executor& executor_;
  Find find_;
  Size size_;
  Style style_;
  LiveArea area_;
  std::map<WorkflowId, Observed> running_;
  std::string notice_;
  TimePoint last_drawn_{};
  std::optional<TimePoint> armed_;
  Executor::TimerId timer_{};
  bool finished_ = false;
};

}  // namespace agentainer::cli

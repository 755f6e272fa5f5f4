#pragma once
// Running workflows as the lines of a terminal. Pure: the same state gives the same lines.

#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/time.h"
#include "cli/text/style.h"
#include "cli/text/terminal.h"
#include "engine/state.h"

namespace agentainer::cli {

/// How fast a step's tasks end, over the last seconds.
class Trend {
 public:
  void note(TimePoint now, std::uint64_t done);
  /// Nothing before a second has been seen.
  std::optional<double> per_second() const;

 private:
  struct Sample {
    TimePoint at;
    std::uint64_t done;
  };
  std::deque<Sample> samples_;
};

/// What the screen knows of a workflow beside its state.
struct Observed {
  std::map<StepIndex, std::string> last_error;
  std::map<StepIndex, Trend> trend;
};

struct WorkflowView {
  const engine::WorkflowState* state = nullptr;
  const Observed* observed = nullptr;
};

struct FrameOptions {
  TimePoint now{};
  TerminalSize size;
  Style style;
  std::string notice;  ///< Trouble to be shown above all else; may be empty.
};

/// At most size.rows - 1 lines, none wider than size.columns. Where not all steps fit, the running,
/// the last ended and the next ones are shown.
std::vector<std::string> render_frame(std::span<const WorkflowView> views,
                                      const FrameOptions& options);

/// Tasks of a step that will not run again.
std::uint64_t ended_tasks(const engine::StepState& step);

}  // namespace agentainer::cli

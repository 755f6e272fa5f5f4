#include "cli/progress/progress.h"

#include "cli/text/terminal.h"
#include "cli/text/width.h"

namespace agentainer::cli {

void QuietProgress::say(std::string_view text) { print_error(std::string(text) + '\n'); }

void QuietProgress::on_committed(const engine::WorkflowState&, std::span<const engine::Record>) {
  if (!in_trouble_) return;
  in_trouble_ = false;
  say("the store answers again; going on");
}

void QuietProgress::on_abandoned(const engine::WorkflowState& state, const Error& error) {
  say(fmt::format("workflow {} is no longer run here: {}", state.id.text(),
                  one_line(error.message)));
}

void QuietProgress::on_store_trouble(const Error& error) {
  if (in_trouble_) return;
  in_trouble_ = true;
  say(fmt::format("the store does not answer, waiting for it: {}", one_line(error.message)));
}

}  // namespace agentainer::cli

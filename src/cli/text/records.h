#pragma once
// The history of a workflow in words.

#include <optional>
#include <string>
#include <string_view>

#include "cli/text/style.h"
#include "engine/record.h"
#include "engine/status.h"

namespace agentainer::cli {

/// "list", "count[17]" for a task of a map, a batch of it or a parallel step.
std::string task_label(const workflow::Step& step, TaskIndex task);

/// What a running wait waits for, and for how long still: "waiting for signal approved, 23h left".
std::string wait_label(const workflow::Step& step, std::optional<TimePoint> due, TimePoint now);

/// A failure's message on one line: what happened, then the last line of stderr, which is where
/// most programs say why.
std::string failure_line(std::string_view message);

/// One record on one line, and how it is meant.
struct Description {
  std::string text;
  Tone tone = Tone::kPlain;
};
Description describe(const engine::Record& record, const workflow::Definition& definition);

}  // namespace agentainer::cli

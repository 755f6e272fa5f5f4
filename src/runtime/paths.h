#pragma once
// clang-format off
// Where the runtime keeps files. Everything is below the data directory:
//
//   <data>/
//   ├── logs/
//   │   └── <workflow id>/
//   │       └── <step id>/
//   │           ├── <task>.<attempt>.stdout     what the attempt wrote, byte for byte; cut at a limit and marked
//   │           └── <task>.<attempt>.stderr     (no file when it wrote nothing)
//   └── run/                                    things that live no longer than a server
//       ├── lock                                held while a life's directory is made or taken over
//       └── <pid>-<start time>-<n>/             one life of a server
//           ├── lock                            flock held for life; its text names the life's marker and cgroups
//           └── <slot>/                         used by one attempt at a time, again and again
//               ├── task.json                   AGENTAINER_TASK_FILE, and stdin
//               ├── result.json                 AGENTAINER_RESULT_FILE, made by the agent
//               └── tmp/                        TMPDIR, emptied after every attempt
// clang-format on

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace agentainer::runtime {

enum class LogStream { kStdout, kStderr };
std::string_view to_string(LogStream stream);

/// Names one stream of one attempt. `step_id` is the text of the step's id.
struct LogId {
  WorkflowId workflow;
  std::string step_id;
  TaskIndex task{};
  Attempt attempt{};
  LogStream stream = LogStream::kStdout;

  bool operator==(const LogId&) const = default;
};

/// Whether `text` is a step id ([A-Za-z_][A-Za-z0-9_-]{0,63}), and therefore safe as a file name.
bool is_step_id(std::string_view text);

std::string run_directory(std::string_view data_directory);
std::string logs_directory(std::string_view data_directory);
/// Precondition: is_step_id(step_id).
std::string step_log_directory(std::string_view data_directory, const WorkflowId& workflow,
                               std::string_view step_id);

/// "<task>.<attempt>.stdout"
std::string log_file_name(TaskIndex task, Attempt attempt, LogStream stream);

struct LogFileName {
  TaskIndex task{};
  Attempt attempt{};
  LogStream stream = LogStream::kStdout;
  auto operator<=>(const LogFileName&) const = default;
};
/// The reverse of log_file_name; nothing for any other name.
std::optional<LogFileName> parse_log_file_name(std::string_view name);

}  // namespace agentainer::runtime

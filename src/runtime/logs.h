#pragma once
// Reading what attempts wrote (see paths.h for where it is). Safe while they run, and safe against
// what they may have done to the files: links are not followed, and only regular files are read.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/paths.h"

namespace agentainer::runtime {

struct LogFile {
  LogFileName name;
  std::int64_t size_bytes = 0;
};

/// The logs of a step, in the order of task, attempt and stream: at most `limit`, from task `first`
/// on. Attempts that wrote nothing have none. kInvalid for a step id that is none.
Result<std::vector<LogFile>> list_logs(const std::string& data_directory,
                                       const WorkflowId& workflow, std::string_view step_id,
                                       TaskIndex first, std::size_t limit);

struct LogRange {
  std::string bytes;            ///< As written: show it through inert_text().
  std::int64_t offset = 0;      ///< Of the first byte.
  std::int64_t size_bytes = 0;  ///< Of the whole log when it was read; it may still grow.
};

/// At most `max_bytes` from `offset` on. A negative offset counts from the end. An attempt that
/// wrote nothing gives an empty range; so does an offset past the end. kInvalid for a step id that
/// is none, or a log that is no regular file.
Result<LogRange> read_log(const std::string& data_directory, const LogId& id, std::int64_t offset,
                          std::size_t max_bytes);

}  // namespace agentainer::runtime

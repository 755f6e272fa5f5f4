#pragma once
// From what an agent wrote to its result (agent contract, section 1).

#include <cstdint>
#include <string>

#include "base/outcome.h"
#include "base/result.h"
#include "runtime/process/files.h"
#include "runtime/process/output_capture.h"

namespace agentainer::runtime {

/// Bound of {"stdout": text} in OutputMode::kAuto, where stdout is more likely talk than a result.
inline constexpr std::int64_t kMaxAutoTextBytes = 256 * 1024;

/// All of an open result file. kInvalid when it is larger than `max_bytes` or cannot be read.
Result<std::string> read_result(const UniqueFd& file, std::int64_t max_bytes);

/// The result as JSON text, from a result file. kAuto and kJson want one JSON value in it, kText
/// and kLines take it as text. kInvalid with a sentence for people otherwise.
Result<std::string> result_from_file(OutputMode mode, const std::string& text);

/// The result as JSON text, from stdout, where there is no result file. In kAuto, what is not
/// wholly one JSON value becomes {"stdout": text}, with "truncated": true when it is not all of it;
/// in the other modes cut output is kInvalid.
Result<std::string> result_from_stdout(OutputMode mode, const OutputText& output);

}  // namespace agentainer::runtime

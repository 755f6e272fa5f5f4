#pragma once
// Human units: durations (parse_duration() is in parse.h), sizes, cores.

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace agentainer::workflow {

/// Longest duration accepted: 100 years of 365 days.
inline constexpr milliseconds kMaxDuration{100LL * 365 * 24 * 3600 * 1000};

/// "256MiB", "1.5GB", "64Ki", or plain bytes. What is not whole bytes is rounded up.
[[nodiscard]] Result<std::int64_t> parse_bytes(std::string_view text);

/// Cores ("0.5", "2", "500m" for thousandths) to billionths of a core.
[[nodiscard]] Result<std::int64_t> parse_cores(std::string_view text);

/// "2030-01-01T00:00:00Z", "2030-01-01T02:00:00.5+02:00" (RFC 3339), from 1970 to 2199. What is
/// finer than milliseconds is dropped.
[[nodiscard]] Result<TimePoint> parse_time(std::string_view text);

}  // namespace agentainer::workflow

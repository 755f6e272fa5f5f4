#pragma once
// Times as text (RFC 3339).

#include <string>

#include "base/time.h"

namespace agentainer {

/// "2025-03-01T12:00:05.250Z", and the empty string for no time (TimePoint{}).
std::string utc_time(TimePoint time);

}  // namespace agentainer

#pragma once
// Text for people: what agents wrote, made harmless, and amounts in the units of workflow files.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace agentainer::runtime {

/// Valid UTF-8 that a terminal or page shows as it is: line feeds and tabs stay, carriage returns
/// become line feeds, and every other control character, escape, text-direction override or invalid
/// byte becomes U+FFFD.
std::string inert_text(std::string_view bytes);

/// At most the last `max_lines` lines of `bytes` as inert text, without empty lines at its end.
std::string last_lines(std::string_view bytes, std::size_t max_lines);

/// "250ms", "30s", "1.5s", "1m30s", "2h".
std::string format_duration(milliseconds duration);

/// "512 B", "256 MiB", "1.5 GiB".
std::string format_bytes(std::int64_t bytes);

/// "SIGKILL (Killed)", or "signal 99" for one without a name.
std::string format_signal(int signal);

/// strerror without its shared buffer: "No such file or directory".
std::string format_errno(int error);

}  // namespace agentainer::runtime

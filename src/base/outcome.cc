#include "base/outcome.h"

#include <array>
#include <utility>

namespace agentainer {
namespace {

constexpr std::array kCauseNames{
    std::pair{FailureCause::kExitCode, std::string_view("exit_code")},
    std::pair{FailureCause::kSignal, std::string_view("signal")},
    std::pair{FailureCause::kTimeout, std::string_view("timeout")},
    std::pair{FailureCause::kMemory, std::string_view("memory")},
    std::pair{FailureCause::kLost, std::string_view("lost")},
    std::pair{FailureCause::kStart, std::string_view("start")},
    std::pair{FailureCause::kInvalidResult, std::string_view("invalid_result")},
    std::pair{FailureCause::kExpression, std::string_view("expression")},
    std::pair{FailureCause::kCancelled, std::string_view("cancelled")},
};

}  // namespace

std::string_view to_string(FailureCause cause) {
  for (const auto& [value, name] : kCauseNames)
    if (value == cause) return name;
  return "unknown";
}

std::optional<FailureCause> parse_failure_cause(std::string_view text) {
  for (const auto& [value, name] : kCauseNames)
    if (name == text) return value;
  return std::nullopt;
}

}  // namespace agentainer

#include "workflow/definition.h"

#include <algorithm>

#include "workflow/fields.h"

namespace agentainer::workflow {
std::string_view to_string(StepType type) { return kStepTypeNames[static_cast<std::size_t>(type)]; }

bool is_signal_name(std::string_view name) {
  constexpr std::size_t kMaxBytes = 64;
  const auto fits = [](char c) {
    return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  };
  return !name.empty() && name.size() <= kMaxBytes && std::all_of(name.begin(), name.end(), fits);
}

std::optional<StepIndex> Definition::find(std::string_view id) const {
  if (by_id_.size() != steps.size()) {
    for (std::size_t i = 0; i < steps.size(); ++i)
      if (steps[i].id == id) return StepIndex{static_cast<std::uint32_t>(i)};
    return std::nullopt;
  }
  const auto found = std::lower_bound(
      by_id_.begin(), by_id_.end(), id,
      [&](StepIndex index, std::string_view wanted) { return step(index).id < wanted; });
  if (found == by_id_.end() || step(*found).id != id) return std::nullopt;
  return *found;
}

void Definition::index_ids() {
  by_id_.resize(steps.size());
  for (std::size_t i = 0; i < steps.size(); ++i)
    by_id_[i] = StepIndex{static_cast<std::uint32_t>(i)};
  std::sort(by_id_.begin(), by_id_.end(),
            [&](StepIndex a, StepIndex b) { return step(a).id < step(b).id; });
}

}  // namespace agentainer::workflow

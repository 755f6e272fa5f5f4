#include "runtime/process/slot.h"

#include <utility>

namespace agentainer::runtime {

Result<std::unique_ptr<Slot>> SlotFactory::make(const ResourceLimits& limits) {
  const std::lock_guard lock(mutex_);
  const unsigned number = ++last_number_;
  auto workspace = Workspace::create(directory_.fd(), directory_.path(), number);
  if (!workspace) return tl::make_unexpected(workspace.error());
  std::unique_ptr<Cgroup> cgroup;
  if (driver_ != nullptr) {
    auto made = driver_->create(number, limits);
    if (!made) return tl::make_unexpected(made.error());
    cgroup = std::move(*made);
  }
  return std::unique_ptr<Slot>(new Slot{number, limits, std::move(*workspace), std::move(cgroup)});
}

std::unique_ptr<Slot> IdleSlots::take(const ResourceLimits& limits) {
  const auto found = slots_.find(key(limits));
  if (found == slots_.end()) return nullptr;
  std::unique_ptr<Slot> slot = std::move(found->second.back());
  found->second.pop_back();
  if (found->second.empty()) slots_.erase(found);
  --size_;
  return slot;
}

std::unique_ptr<Slot> IdleSlots::put(std::unique_ptr<Slot> slot) {
  if (size_ >= kMaxIdle) return slot;
  ++size_;
  slots_[key(slot->limits)].push_back(std::move(slot));
  return nullptr;
}

std::vector<std::unique_ptr<Slot>> IdleSlots::clear() {
  std::vector<std::unique_ptr<Slot>> all;
  for (auto& [limits, slots] : slots_)
    for (std::unique_ptr<Slot>& slot : slots) all.push_back(std::move(slot));
  slots_.clear();
  size_ = 0;
  return all;
}

}  // namespace agentainer::runtime

#include "workflow/implicit_order.h"

#include <algorithm>

namespace agentainer::workflow {
namespace {

/// The steps from after the earliest branch whose paths have ended up to the step looked at. It
/// only grows, at either end, so that every step enters it once.
class Range {
 public:
  Range(std::size_t steps, const Adjacency& depends_on)
      : depends_on_(depends_on), dependents_(steps, 0) {}

  bool is_open() const { return open_; }

  /// Makes the range begin after `branch` (or earlier, as it does) and end before `end`.
  void open(std::uint32_t branch, std::uint32_t end) {
    const std::uint32_t last = open_ ? begin_ : end;
    if (open_ && branch + 1 >= begin_) return;
    begin_ = branch + 1;
    open_ = true;
    for (std::uint32_t step = begin_; step < last; ++step) enter(step);
  }

  void enter(std::uint32_t step) {
    for (const std::uint32_t dependency : depends_on_[step]) {
      ++dependents_[dependency];
      ends_.erase(dependency);
    }
    if (dependents_[step] == 0) ends_.insert(step);
  }

  /// Steps of the range on which no other of it depends.
  const std::set<std::uint32_t>& ends() const { return ends_; }

 private:
  const Adjacency& depends_on_;
  std::vector<std::uint32_t> dependents_;  // in the range, of each step
  std::set<std::uint32_t> ends_;
  std::uint32_t begin_ = 0;
  bool open_ = false;
};

}  // namespace

void add_implicit_order(const std::vector<ListedStep>& steps, Adjacency& depends_on) {
  const auto count = static_cast<std::uint32_t>(steps.size());
  Adjacency ending_before(steps.size() + 1);  // branches, by the step after their last target
  for (std::uint32_t step = 0; step < count; ++step)
    if (steps[step].is_branch)
      ending_before[std::max(step, steps[step].last_target) + 1].push_back(step);

  Range range(steps.size(), depends_on);
  std::vector<std::uint32_t> may_select_none;  // branches that no join has been added to yet
  for (std::uint32_t step = 0; step < count; ++step) {
    for (const std::uint32_t branch : ending_before[step]) {
      range.open(branch, step);
      if (steps[branch].may_select_none) may_select_none.push_back(branch);
    }
    if (!steps[step].orders_itself && step > 0) {
      std::vector<std::uint32_t>& own = depends_on[step];
      if (range.is_open()) {
        own.insert(own.end(), range.ends().begin(), range.ends().end());
        own.insert(own.end(), may_select_none.begin(), may_select_none.end());
        may_select_none.clear();
      }
      if (own.empty()) own.push_back(step - 1);
      std::sort(own.begin(), own.end());
      own.erase(std::unique(own.begin(), own.end()), own.end());
    }
    if (range.is_open()) range.enter(step);
  }
}

}  // namespace agentainer::workflow

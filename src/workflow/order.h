#pragma once
// The order of a workflow's steps: names to indexes, the implicit order, cycles, and what has
// surely run before what.

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "workflow/draft.h"
#include "workflow/expressions.h"
#include "workflow/graph.h"
#include "workflow/reporter.h"

namespace agentainer::workflow {

/// Both must outlive it.
class Order {
 public:
  Order(std::vector<StepDraft>& drafts, Reporter& reporter);

  /// Resolves the names in `depends_on` and in choices, and fills in every step's `depends_on` and
  /// `dependents` and every choice's `next` (choices are those of the draft, one for one). Reports
  /// duplicate ids, unknown names, cycles, and a reduce without anything to reduce.
  void resolve();

  /// After resolve(): reports references to steps that do not exist, or that need not have run when
  /// the reference is evaluated.
  void check_references(std::span<const StepReference> references);

 private:
  /// That a step depends on another because the file says so: in its `depends_on`, or in a choice
  /// that has it as a target.
  struct Named {
    std::uint32_t step = 0;
    std::uint32_t on = 0;
    Value at;
    bool is_target = false;
  };

  void collect_names();
  std::optional<std::uint32_t> find(std::string_view id) const;
  /// The step of this name. Where there is none, that is reported and the one that may be meant
  /// given, so that one slip does not look like many; `assumed` then tells so.
  std::optional<std::uint32_t> find_or_report(const Value& name, bool& assumed);
  void resolve_choices();
  void resolve_dependencies();
  void link();
  void report_cycle(const std::vector<std::uint32_t>& cycle);
  void check_reduces();
  void report(const StepReference& reference, std::string message);
  std::string_view id(std::uint32_t step) const { return drafts_[step].step.id; }

  std::vector<StepDraft>& drafts_;
  Reporter& reporter_;
  std::vector<std::string_view> ids_;
  std::unordered_map<std::string_view, std::uint32_t> by_id_;
  std::vector<Named> named_;
  /// (step, dependency) that stands on an assumed name.
  std::set<std::pair<std::uint32_t, std::uint32_t>> assumed_;
  std::vector<bool> is_target_;  // of a branch or decision
  Adjacency depends_on_;         // sorted
  /// Steps of whose dependencies one did not resolve, so that nothing is said about what ran before
  /// them.
  std::vector<bool> uncertain_;
  std::vector<std::optional<std::uint32_t>> rank_;
  std::size_t reported_references_ = 0;
};

}  // namespace agentainer::workflow

#pragma once
// What steps depend on that do not say it: the step listed before, or all paths of a branch that
// end before them.

#include <cstdint>
#include <set>
#include <vector>

#include "workflow/graph.h"

namespace agentainer::workflow {

/// What the implicit order needs to know of a step.
struct ListedStep {
  bool orders_itself = false;    ///< It has `depends_on`, or is a branch's target.
  bool is_branch = false;        ///< It selects steps.
  bool may_select_none = false;  ///< A branch one of whose ways has no steps.
  std::uint32_t last_target =
      0;  ///< Of a branch: the last step, in the file's order, that it selects.
};

/// Adds to `depends_on`, which holds what the file names, what the order of the file implies:
/// - A step that does not order itself depends on the step listed before it.
/// - Listed after the last target of a branch, it instead joins the branch's paths: it depends on
/// every
///   step listed between the branch and itself on which no other step between them depends, and on
///   the branch if that may select nothing, so that the join runs then too.
void add_implicit_order(const std::vector<ListedStep>& steps, Adjacency& depends_on);

}  // namespace agentainer::workflow

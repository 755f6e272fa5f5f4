#include "workflow/order.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "workflow/implicit_order.h"
#include "workflow/parse.h"
#include "workflow/words.h"

namespace agentainer::workflow {

Order::Order(std::vector<StepDraft>& drafts, Reporter& reporter)
    : drafts_(drafts),
      reporter_(reporter),
      is_target_(drafts.size(), false),
      depends_on_(drafts.size()),
      uncertain_(drafts.size(), false) {}

void Order::resolve() {
  collect_names();
  resolve_choices();
  resolve_dependencies();
  link();
  for (const auto& cycle : find_cycles(depends_on_)) report_cycle(cycle);
  rank_ = ranks(depends_on_);
  check_reduces();
}

void Order::collect_names() {
  for (std::uint32_t step = 0; step < drafts_.size(); ++step) {
    if (id(step).empty()) continue;
    const auto [earlier, added] = by_id_.try_emplace(id(step), step);
    if (added) {
      ids_.push_back(id(step));
      continue;
    }
    // Of a mapreduce step that is given twice, the map is no second mistake.
    const bool has_reduce =
        step + 1 < drafts_.size() && drafts_[step + 1].also_depends_on == StepIndex{step};
    if (has_reduce && find(id(step + 1))) continue;
    reporter_.error(drafts_[step].at,
                    fmt::format("step {} is already defined on line {}", quote(id(step)),
                                drafts_[earlier->second].at.line()));
  }
}

std::optional<std::uint32_t> Order::find(std::string_view id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::uint32_t> Order::find_or_report(const Value& name, bool& assumed) {
  const auto found = find(name.text());
  assumed = !found;
  if (found) return found;
  const std::string_view near = reporter_.nearest(name.text(), ids_);
  reporter_.error(name, fmt::format("there is no step {}{}", quote(name.text()),
                                    near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
  return find(near);
}

void Order::resolve_choices() {
  std::vector<std::uint32_t> last_choice(drafts_.size(), 0);  // that named the step, counted from 1
  std::uint32_t choice = 0;
  for (std::uint32_t branch = 0; branch < drafts_.size(); ++branch) {
    StepDraft& draft = drafts_[branch];
    draft.step.choices.resize(draft.choices.size());
    for (std::size_t i = 0; i < draft.choices.size(); ++i) {
      ++choice;
      for (const Value& name : draft.choices[i].next) {
        bool assumed = false;
        auto target = find_or_report(name, assumed);
        if (!target) {
          // Any step may be the one that is meant.
          uncertain_.assign(uncertain_.size(), true);
          continue;
        }
        // To select a mapreduce step is to select its map; its reduce follows.
        if (drafts_[*target].also_depends_on) target = to_int(*drafts_[*target].also_depends_on);
        if (*target == branch) {
          if (!assumed)
            reporter_.error(name, fmt::format("step {} cannot select itself", quote(name.text())));
          continue;
        }
        if (std::exchange(last_choice[*target], choice) == choice) continue;
        draft.step.choices[i].next.push_back(StepIndex{*target});
        is_target_[*target] = true;
        named_.push_back({*target, branch, name, true});
        if (assumed) assumed_.emplace(*target, branch);
      }
    }
  }
}

void Order::resolve_dependencies() {
  std::vector<ListedStep> listed(drafts_.size());
  for (std::uint32_t step = 0; step < drafts_.size(); ++step) {
    const StepDraft& draft = drafts_[step];
    listed[step].orders_itself = draft.depends_on.has_value() || is_target_[step];
    if (draft.also_depends_on) depends_on_[step].push_back(to_int(*draft.also_depends_on));
    if (!draft.depends_on) continue;
    for (const Value& name : *draft.depends_on) {
      bool assumed = false;
      const auto dependency = find_or_report(name, assumed);
      if (!dependency) {
        uncertain_[step] = true;
      } else if (*dependency != step) {
        named_.push_back({step, *dependency, name, false});
        if (assumed) assumed_.emplace(step, *dependency);
      } else if (!assumed) {
        reporter_.error(name, fmt::format("step {} cannot depend on itself", quote(name.text())));
      }
    }
  }
  for (const Named& named : named_) {
    depends_on_[named.step].push_back(named.on);
    if (!named.is_target) continue;
    ListedStep& branch = listed[named.on];
    branch.is_branch = true;
    branch.last_target = std::max(branch.last_target, named.step);
  }
  for (std::uint32_t step = 0; step < drafts_.size(); ++step) {
    const StepDraft& draft = drafts_[step];
    const auto& choices = draft.step.choices;
    const bool always_takes_one = !choices.empty() && !draft.choices.back().condition;
    listed[step].may_select_none =
        !always_takes_one ||
        std::any_of(choices.begin(), choices.end(), [](const Choice& c) { return c.next.empty(); });
    std::vector<std::uint32_t>& own = depends_on_[step];
    std::sort(own.begin(), own.end());
    own.erase(std::unique(own.begin(), own.end()), own.end());
  }
  add_implicit_order(listed, depends_on_);
}

void Order::link() {
  const Adjacency dependents = reverse(depends_on_);
  const auto to_indexes = [](const std::vector<std::uint32_t>& steps) {
    std::vector<StepIndex> indexes;
    indexes.reserve(steps.size());
    for (const std::uint32_t step : steps) indexes.push_back(StepIndex{step});
    return indexes;
  };
  for (std::size_t step = 0; step < drafts_.size(); ++step) {
    drafts_[step].step.depends_on = to_indexes(depends_on_[step]);
    drafts_[step].step.dependents = to_indexes(dependents[step]);
  }
}

/// Each step of `cycle` depends on the next, the last on the first.
void Order::report_cycle(const std::vector<std::uint32_t>& cycle) {
  for (std::size_t i = 0; i < cycle.size(); ++i)
    if (assumed_.contains({cycle[i], cycle[(i + 1) % cycle.size()]})) return;
  // What the order of the file implies leads back in it, so an edge that leads forward is written
  // down.
  std::size_t start = 0;
  while (cycle[start] > cycle[(start + 1) % cycle.size()]) ++start;
  const std::uint32_t step = cycle[start];
  const std::uint32_t on = cycle[(start + 1) % cycle.size()];
  const auto named = std::find_if(named_.begin(), named_.end(), [&](const Named& candidate) {
    return candidate.step == step && candidate.on == on;
  });
  constexpr std::size_t kMostShown = 10;
  std::string way;
  for (std::size_t i = 0; i < cycle.size(); ++i) {
    if (cycle.size() > kMostShown && i == kMostShown - 2)
      way += fmt::format("… ({} more) -> ", cycle.size() - kMostShown + 1);
    if (cycle.size() <= kMostShown || i < kMostShown - 2 || i + 1 == cycle.size())
      way += fmt::format("{} -> ", id(cycle[(start + i) % cycle.size()]));
  }
  way += id(step);
  if (named == named_.end())
    return reporter_.error(drafts_[step].at, "these steps wait for each other: " + way);
  reporter_.error(named->at, named->is_target
                                 ? fmt::format("step {} cannot select {}, which runs before it: {}",
                                               quote(id(on)), quote(id(step)), way)
                                 : fmt::format("these steps wait for each other: {}", way));
}

void Order::check_reduces() {
  for (std::uint32_t step = 0; step < drafts_.size(); ++step) {
    const StepDraft& draft = drafts_[step];
    if (draft.step.type == StepType::kReduce && depends_on_[step].empty() && !uncertain_[step])
      reporter_.error(draft.at,
                      fmt::format("reduce step {} has nothing to reduce: it must depend on a "
                                  "step whose results it gets",
                                  quote(id(step))));
  }
}

void Order::report(const StepReference& reference, std::string message) {
  // To find the exact place takes time in the length of the text, so it is done for as many as are
  // shown.
  const bool exact = reference.offset && reported_references_++ < kMaxDiagnostics;
  const Span at =
      exact ? reference.in.span_of(*reference.offset, reference.to.size()) : reference.in.span();
  reporter_.error(at, reference.in.where(), std::move(message));
}

void Order::check_references(std::span<const StepReference> references) {
  std::vector<std::uint32_t> by_rank(drafts_.size(), UINT32_MAX);
  for (std::uint32_t step = 0; step < drafts_.size(); ++step)
    if (rank_[step]) by_rank[*rank_[step]] = step;
  for (const std::uint32_t step : by_rank)
    if (step != UINT32_MAX)
      for (const std::uint32_t dependency : depends_on_[step])
        if (uncertain_[dependency]) uncertain_[step] = true;

  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  std::vector<const StepReference*> asked;
  for (const StepReference& reference : references) {
    const std::uint32_t from = to_int(reference.from);
    const auto to = find(reference.to);
    if (!to) {
      report(reference, fmt::format("there is no step {}{}", quote(reference.to),
                                    reporter_.did_you_mean(reference.to, ids_)));
    } else if (*to == from) {
      report(reference,
             fmt::format("step {} cannot read itself: it has not run yet", quote(reference.to)));
    } else if (!uncertain_[from] && rank_[from] && rank_[*to] &&
               !std::binary_search(depends_on_[from].begin(), depends_on_[from].end(), *to)) {
      pairs.emplace_back(from, *to);
      asked.push_back(&reference);
    }
  }
  const std::vector<bool> ran = reaches(depends_on_, rank_, pairs);
  for (std::size_t i = 0; i < pairs.size(); ++i)
    if (!ran[i])
      report(*asked[i],
             fmt::format("step {} may not have run yet; add it to 'depends_on' of step {}",
                         quote(asked[i]->to), quote(id(pairs[i].first))));
}

}  // namespace agentainer::workflow

#include "workflow/graph.h"

#include <algorithm>

namespace agentainer::workflow {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;

/// Tarjan's strongly connected components, with its recursion as a stack. Gives each step the
/// number of its component.
std::vector<std::uint32_t> components(const Adjacency& edges) {
  const auto count = static_cast<std::uint32_t>(edges.size());
  std::vector<std::uint32_t> component(count, kNone);
  std::vector<std::uint32_t> found(count, kNone);  // when first seen
  std::vector<std::uint32_t> low(count, 0);
  std::vector<std::uint32_t> open;  // seen, not yet in a component
  struct Visit {
    std::uint32_t step;
    std::size_t next_edge;
  };
  std::vector<Visit> visits;
  std::uint32_t seen = 0;
  std::uint32_t components = 0;
  const auto enter = [&](std::uint32_t step) {
    found[step] = low[step] = seen++;
    open.push_back(step);
    visits.push_back({step, 0});
  };
  for (std::uint32_t root = 0; root < count; ++root) {
    if (found[root] != kNone) continue;
    enter(root);
    while (!visits.empty()) {
      const std::uint32_t step = visits.back().step;
      if (visits.back().next_edge < edges[step].size()) {
        const std::uint32_t to = edges[step][visits.back().next_edge++];
        if (found[to] == kNone)
          enter(to);
        else if (component[to] == kNone)
          low[step] = std::min(low[step], found[to]);
        continue;
      }
      visits.pop_back();
      if (!visits.empty()) low[visits.back().step] = std::min(low[visits.back().step], low[step]);
      if (low[step] != found[step]) continue;
      std::uint32_t member = kNone;
      do {
        member = open.back();
        open.pop_back();
        component[member] = components;
      } while (member != step);
      ++components;
    }
  }
  return component;
}

/// The shortest way from `start` back to itself inside its component; empty where there is none.
std::vector<std::uint32_t> shortest_cycle(const Adjacency& edges,
                                          const std::vector<std::uint32_t>& component,
                                          std::uint32_t start) {
  std::vector<std::uint32_t> queue{start};
  std::vector<std::size_t> parent{0};  // position in the queue of the step each was reached from
  std::vector<bool> seen(edges.size(), false);
  for (std::size_t at = 0; at < queue.size(); ++at) {
    for (const std::uint32_t to : edges[queue[at]]) {
      if (to == start && queue[at] != start) {
        std::vector<std::uint32_t> cycle;
        for (std::size_t i = at; i != 0; i = parent[i]) cycle.push_back(queue[i]);
        cycle.push_back(start);
        std::reverse(cycle.begin(), cycle.end());
        return cycle;
      }
      if (to == start || seen[to] || component[to] != component[start]) continue;
      seen[to] = true;
      queue.push_back(to);
      parent.push_back(at);
    }
  }
  return {};
}

}  // namespace

Adjacency reverse(const Adjacency& edges) {
  Adjacency reversed(edges.size());
  for (std::uint32_t from = 0; from < edges.size(); ++from)
    for (const std::uint32_t to : edges[from]) reversed[to].push_back(from);
  return reversed;
}

std::vector<std::optional<std::uint32_t>> ranks(const Adjacency& depends_on) {
  const Adjacency dependents = reverse(depends_on);
  std::vector<std::uint32_t> missing(depends_on.size());
  std::vector<std::uint32_t> ready;
  for (std::uint32_t step = 0; step < depends_on.size(); ++step) {
    missing[step] = static_cast<std::uint32_t>(depends_on[step].size());
    if (missing[step] == 0) ready.push_back(step);
  }
  std::vector<std::optional<std::uint32_t>> rank(depends_on.size());
  for (std::uint32_t position = 0; position < ready.size(); ++position) {
    rank[ready[position]] = position;
    for (const std::uint32_t dependent : dependents[ready[position]])
      if (--missing[dependent] == 0) ready.push_back(dependent);
  }
  return rank;
}

std::vector<std::vector<std::uint32_t>> find_cycles(const Adjacency& depends_on) {
  // More are not shown.
  constexpr std::size_t kMostCycles = 100;
  const std::vector<std::uint32_t> component = components(depends_on);
  std::vector<bool> done(depends_on.size(), false);
  std::vector<std::uint32_t> size(depends_on.size(), 0);
  for (const std::uint32_t number : component) ++size[number];
  std::vector<std::vector<std::uint32_t>> cycles;
  for (std::uint32_t step = 0; step < depends_on.size() && cycles.size() < kMostCycles; ++step) {
    if (size[component[step]] < 2 || done[component[step]]) continue;
    done[component[step]] = true;
    cycles.push_back(shortest_cycle(depends_on, component, step));
  }
  return cycles;
}

std::vector<bool> reaches(const Adjacency& depends_on,
                          const std::vector<std::optional<std::uint32_t>>& rank,
                          const std::vector<std::pair<std::uint32_t, std::uint32_t>>& pairs) {
  std::vector<std::uint32_t> in_order(depends_on.size(), kNone);
  for (std::uint32_t step = 0; step < rank.size(); ++step)
    if (rank[step]) in_order[*rank[step]] = step;

  // 64 targets at a time: a bit each, passed on from dependencies to dependents in rank order.
  // Targets of near ranks go together, so that each pass spans few ranks where references are
  // short.
  std::vector<std::size_t> queries(pairs.size());
  for (std::size_t i = 0; i < queries.size(); ++i) queries[i] = i;
  std::sort(queries.begin(), queries.end(), [&](std::size_t a, std::size_t b) {
    return *rank[pairs[a].second] < *rank[pairs[b].second];
  });
  std::vector<bool> result(pairs.size(), false);
  std::vector<std::uint64_t> reached(depends_on.size(), 0);
  std::vector<std::uint64_t> own(depends_on.size(), 0);
  for (std::size_t first = 0; first < queries.size();) {
    std::vector<std::uint32_t> targets;
    std::uint32_t last_rank = 0;
    std::size_t end = first;
    for (; end < queries.size(); ++end) {
      const auto [step, target] = pairs[queries[end]];
      if (own[target] == 0) {
        if (targets.size() == 64) break;
        own[target] = std::uint64_t{1} << targets.size();
        targets.push_back(target);
      }
      last_rank = std::max(last_rank, *rank[step]);
    }
    const std::uint32_t first_rank = *rank[targets.front()];
    for (std::uint32_t position = first_rank; position <= last_rank; ++position) {
      const std::uint32_t step = in_order[position];
      std::uint64_t bits = 0;
      for (const std::uint32_t dependency : depends_on[step])
        if (*rank[dependency] >= first_rank) bits |= reached[dependency] | own[dependency];
      reached[step] = bits;
    }
    for (std::size_t i = first; i < end; ++i) {
      const auto [step, target] = pairs[queries[i]];
      result[queries[i]] = *rank[step] > first_rank && (reached[step] & own[target]) != 0;
    }
    for (const std::uint32_t target : targets) own[target] = 0;
    first = end;
  }
  return result;
}

}  // namespace agentainer::workflow

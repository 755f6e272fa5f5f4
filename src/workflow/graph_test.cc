#include "workflow/graph.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <set>

namespace agentainer::workflow {
namespace {

/// A graph of up to 12 steps with any edges but those to itself.
rc::Gen<Adjacency> any_graph() {
  return rc::gen::mapcat(rc::gen::inRange<std::uint32_t>(1, 12), [](std::uint32_t count) {
    const auto edges = rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(0u, count));
    return rc::gen::map(rc::gen::container<Adjacency>(count, edges), [](Adjacency graph) {
      for (std::uint32_t step = 0; step < graph.size(); ++step) {
        auto& own = graph[step];
        std::sort(own.begin(), own.end());
        own.erase(std::unique(own.begin(), own.end()), own.end());
        own.erase(std::remove(own.begin(), own.end(), step), own.end());
      }
      return graph;
    });
  });
}

/// By the definition: repeated until nothing is added.
std::vector<std::set<std::uint32_t>> closure(const Adjacency& graph) {
  std::vector<std::set<std::uint32_t>> reached(graph.size());
  for (bool grew = true; grew;) {
    grew = false;
    for (std::size_t step = 0; step < graph.size(); ++step)
      for (const std::uint32_t to : graph[step]) {
        grew = reached[step].insert(to).second || grew;
        for (const std::uint32_t further : std::set(reached[to]))
          grew = reached[step].insert(further).second || grew;
      }
  }
  return reached;
}

TEST(Graph, RanksPutDependenciesFirstAndLeaveOutWhatHangsOnCycles) {
  rc::check([] {
    const Adjacency graph = *any_graph();
    const auto reached = closure(graph);
    const auto rank = ranks(graph);
    for (std::uint32_t step = 0; step < graph.size(); ++step) {
      const auto in_cycle = [&](std::uint32_t other) { return reached[other].contains(other); };
      const bool hangs =
          in_cycle(step) || std::any_of(reached[step].begin(), reached[step].end(), in_cycle);
      RC_ASSERT(rank[step].has_value() == !hangs);
      for (const std::uint32_t to : graph[step]) RC_ASSERT(!rank[step] || *rank[to] < *rank[step]);
    }
  });
}

TEST(Graph, CyclesAreCyclesOnePerComponentInOne) {
  rc::check([] {
    const Adjacency graph = *any_graph();
    const auto reached = closure(graph);
    const auto cycles = find_cycles(graph);
    std::set<std::uint32_t> seen;
    for (const auto& cycle : cycles) {
      RC_ASSERT(cycle.size() >= 2u);
      for (std::size_t i = 0; i < cycle.size(); ++i) {
        const auto& edges = graph[cycle[i]];
        const std::uint32_t next = cycle[(i + 1) % cycle.size()];
        RC_ASSERT(std::find(edges.begin(), edges.end(), next) != edges.end());
      }
      for (const std::uint32_t step : reached[cycle[0]])
        if (reached[step].contains(cycle[0])) RC_ASSERT(seen.insert(step).second);
    }
    for (std::uint32_t step = 0; step < graph.size(); ++step)
      RC_ASSERT(reached[step].contains(step) == seen.contains(step));
  });
}

TEST(Graph, ReachesIsTheClosure) {
  rc::check([] {
    const Adjacency graph = *any_graph();
    const auto reached = closure(graph);
    const auto rank = ranks(graph);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
    for (std::uint32_t from = 0; from < graph.size(); ++from)
      for (std::uint32_t to = 0; to < graph.size(); ++to)
        if (rank[from] && rank[to]) pairs.emplace_back(from, to);
    const auto result = reaches(graph, rank, pairs);
    for (std::size_t i = 0; i < pairs.size(); ++i)
      RC_ASSERT(result[i] == reached[pairs[i].first].contains(pairs[i].second));
  });
}

TEST(Graph, ReachesWithMoreTargetsThanOnePassHolds) {
  // 0 <- 1 <- 2 … in a row, and as many on their own.
  constexpr std::uint32_t kSteps = 500;
  Adjacency graph(2 * kSteps);
  for (std::uint32_t step = 1; step < kSteps; ++step) graph[step] = {step - 1};
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (std::uint32_t to = 0; to < kSteps; ++to) {
    pairs.emplace_back(kSteps - 1, to);
    pairs.emplace_back(kSteps - 1, kSteps + to);
    pairs.emplace_back(0, to);
  }
  const auto result = reaches(graph, ranks(graph), pairs);
  for (std::size_t i = 0; i < pairs.size(); ++i)
    EXPECT_EQ(result[i], pairs[i].second < pairs[i].first) << i;
}

TEST(Graph, LongRowsDoNotRecurse) {
  constexpr std::uint32_t kSteps = 1'000'000;
  Adjacency graph(kSteps);
  for (std::uint32_t step = 0; step < kSteps; ++step) graph[step] = {(step + 1) % kSteps};
  const auto cycles = find_cycles(graph);
  ASSERT_EQ(cycles.size(), 1u);
  EXPECT_EQ(cycles[0].size(), kSteps);
  EXPECT_FALSE(ranks(graph)[0]);
}

}  // namespace
}  // namespace agentainer::workflow

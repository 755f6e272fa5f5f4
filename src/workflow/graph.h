#pragma once
// Algorithms over a graph of steps given as, for each step, the steps it depends on. None of them
// recurses, so that 100,000 steps in a row are no deeper than two.

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace agentainer::workflow {

using Adjacency = std::vector<std::vector<std::uint32_t>>;

/// The edges the other way round; each list ascends.
Adjacency reverse(const Adjacency& edges);

/// For each step, its position in an order in which dependencies come first; absent for steps that
/// are in a cycle or depend on one.
std::vector<std::optional<std::uint32_t>> ranks(const Adjacency& depends_on);

/// One shortest cycle through the first step of each strongly connected part, each step depending
/// on the next and the last on the first. Self-dependencies are left out.
std::vector<std::vector<std::uint32_t>> find_cycles(const Adjacency& depends_on);

/// Whether the second step of each pair is reached from the first by one dependency or more. Both
/// must have a rank. Time is in the order of (steps + edges) * (distinct second steps) / 64.
std::vector<bool> reaches(const Adjacency& depends_on,
                          const std::vector<std::optional<std::uint32_t>>& rank,
                          const std::vector<std::pair<std::uint32_t, std::uint32_t>>& pairs);

}  // namespace agentainer::workflow

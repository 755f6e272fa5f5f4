#pragma once
// "Did you mean": the known name nearest to a misspelt one.

#include <span>
#include <string>
#include <string_view>

namespace agentainer::expr {

/// The candidate within a few typing slips of `name` (about one in three characters; case never
/// counts), or an empty view. The first of equally near ones; of very many only the first thousand
/// are looked at.
std::string_view nearest(std::string_view name, std::span<const std::string_view> candidates);

/// `; did you mean 'x'?`, or nothing.
std::string did_you_mean(std::string_view name, std::span<const std::string_view> candidates);

}  // namespace agentainer::expr

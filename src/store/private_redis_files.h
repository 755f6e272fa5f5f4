#pragma once
// What a private Redis has on disk, and how it is told to run.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace agentainer::store {

/// Arguments of redis-server, run inside its directory.
[[nodiscard]] std::vector<std::string> redis_arguments(std::uint64_t maxmemory_bytes);

/// Makes the directory, for its owner alone.
[[nodiscard]] Status make_redis_directory(const std::filesystem::path& directory);

/// Removes what a Redis that was killed while rewriting its log left behind.
void remove_leftovers(const std::filesystem::path& directory);

/// Moves a log that has grown large aside, replacing the one moved before. Redis opens its log anew
/// for every line, so this may be done while it runs.
void bound_log(const std::filesystem::path& directory);

/// The log from `offset` on, at most its last 16 KiB.
[[nodiscard]] std::string read_log(const std::filesystem::path& directory, std::uintmax_t offset);
[[nodiscard]] std::uintmax_t log_size_bytes(const std::filesystem::path& directory);

}  // namespace agentainer::store

#include "store/private_redis_files.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include "base/log.h"

namespace agentainer::store {

namespace fs = std::filesystem;

namespace {
constexpr std::uintmax_t kLongestLogBytes = 1024 * 1024;
constexpr std::uintmax_t kTailBytes = 16 * 1024;
}  // namespace

std::vector<std::string> redis_arguments(std::uint64_t maxmemory_bytes) {
  std::vector<std::string> arguments;
  const auto set = [&](std::string_view name, std::string value) {
    arguments.push_back("--" + std::string(name));
    arguments.push_back(std::move(value));
  };
  // Reachable through its socket alone, and by this user alone.
  set("port", "0");
  set("unixsocket", "redis.sock");
  set("unixsocketperm", "700");
  set("timeout", "0");
  // A write is on disk before it is acknowledged. A log that a crash cut off in the middle of a
  // write, which nobody was told of, is no error.
  set("appendonly", "yes");
  set("appendfsync", "always");
  set("no-appendfsync-on-rewrite", "no");
  set("aof-use-rdb-preamble", "yes");
  set("aof-load-truncated", "yes");
  set("save", "");
  // The log is rewritten when it has doubled, but not while it is small.
  set("auto-aof-rewrite-percentage", "100");
  set("auto-aof-rewrite-min-size", "64mb");
  set("maxmemory", std::to_string(maxmemory_bytes));
  set("maxmemory-policy", "noeviction");
  // Buckets of task results stay packed (keys.h).
  set("hash-max-listpack-entries", "128");
  set("hash-max-listpack-value", "256");
  // One look a second after what waits: nothing of ours needs more, and an idle one takes no
  // processor.
  set("hz", "1");
  set("databases", "1");
  set("daemonize", "no");
  set("dir", ".");
  set("logfile", "redis.log");
  set("loglevel", "notice");
  return arguments;
}

Status make_redis_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!error) fs::permissions(directory, fs::perms::owner_all, error);
  if (error)
    return fail(ErrorCode::kInvalid,
                "cannot make the data directory {}: {}; choose another with --data",
                directory.string(), error.message());
  return {};
}

void remove_leftovers(const fs::path& directory) {
  for (const fs::path& place : {directory, directory / "appendonlydir"}) {
    std::error_code error;
    for (fs::directory_iterator i(place, error), end; !error && i != end; i.increment(error)) {
      const std::string name = i->path().filename().string();
      if (!name.starts_with("temp-") || !(name.ends_with(".aof") || name.ends_with(".rdb")))
        continue;
      std::error_code failed;
      fs::remove(i->path(), failed);
      if (failed) log::warning("cannot remove {}: {}", i->path().string(), failed.message());
    }
  }
}

std::uintmax_t log_size_bytes(const fs::path& directory) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(directory / "redis.log", error);
  return error ? 0 : size;
}

void bound_log(const fs::path& directory) {
  if (log_size_bytes(directory) < kLongestLogBytes) return;
  std::error_code error;
  fs::rename(directory / "redis.log", directory / "redis.log.1", error);
  if (error)
    log::warning("cannot move {}/redis.log aside: {}", directory.string(), error.message());
}

std::string read_log(const fs::path& directory, std::uintmax_t offset) {
  const std::uintmax_t size = log_size_bytes(directory);
  std::ifstream file(directory / "redis.log", std::ios::binary);
  file.seekg(
      static_cast<std::streamoff>(std::max(offset, size > kTailBytes ? size - kTailBytes : 0)));
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace agentainer::store

#include <array>
#include <string>
#include <string_view>

#include "store/private_redis.h"

namespace agentainer::store {
namespace {

struct Row {
  std::string_view part;  ///< of a line of the log
  std::string_view advice;
};

/// {0}: the directory.
constexpr std::array kRows{
    Row{"No space left on device", "the disk of {0} is full: free space on it"},
    Row{"Short write while writing to the AOF file", "the disk of {0} is full: free space on it"},
    Row{"Disk quota exceeded", "the disk quota for {0} is used up: free space"},
    Row{"Bad file format reading the append only file",
        "its data is damaged: copy {0}/appendonlydir somewhere safe, then repair the file named "
        "below with "
        "redis-check-aof --fix"},
    Row{"Unexpected end of file reading the append only file",
        "its data is cut off: copy {0}/appendonlydir somewhere safe, then repair the file named "
        "below with "
        "redis-check-aof --fix"},
    Row{"Wrong signature trying to load DB",
        "its data is damaged: restore {0}/appendonlydir from a backup"},
    Row{"Can't handle RDB format version",
        "its data was written by a newer Redis: install that version or a later one"},
    Row{"Bad directive", "this redis-server is too old: install version 7 or later"},
    Row{"Unrecognized option", "this redis-server is too old: install version 7 or later"},
    Row{"Permission denied", "{0} must belong to the user who runs agentainer"},
    Row{"Read-only file system", "{0} is on a file system that cannot be written to"},
    Row{"Failed opening Unix socket",
        "the file system of {0} may have no room for sockets: use another --data directory"},
    Row{"Out Of Memory", "there is not enough memory for it"},
};

std::string_view last_lines(std::string_view log, int count) {
  while (log.ends_with('\n')) log.remove_suffix(1);
  std::size_t begin = log.size();
  while (count-- > 0 && begin != std::string_view::npos && begin > 0)
    begin = log.rfind('\n', begin - 1);
  return begin == std::string_view::npos
             ? log
             : log.substr(begin + (begin < log.size() && log[begin] == '\n' ? 1 : 0));
}

}  // namespace

std::string explain_redis_log(std::string_view log, const std::filesystem::path& directory) {
  const std::string tail(last_lines(log, 3));
  for (const Row& row : kRows)
    if (log.find(row.part) != std::string_view::npos)
      return fmt::format("{}. Its last words:\n{}",
                         fmt::format(fmt::runtime(row.advice), directory.string()), tail);
  if (tail.empty())
    return fmt::format("it said nothing; look into {}/redis.log", directory.string());
  return fmt::format("its last words (more in {}/redis.log):\n{}", directory.string(), tail);
}

}  // namespace agentainer::store

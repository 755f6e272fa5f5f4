#pragma once
// One directory of a cgroup file system, of either version.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/process/files.h"

namespace agentainer::runtime {

class CgroupDirectory {
 public:
  /// Makes the directory, or takes the one that exists. The destructor removes it.
  static Result<CgroupDirectory> make(const std::string& path);

  CgroupDirectory(CgroupDirectory&&) = default;
  CgroupDirectory& operator=(CgroupDirectory&&) = delete;
  ~CgroupDirectory();

  const std::string& path() const { return path_; }
  int fd() const { return directory_.get(); }
  int procs_fd() const { return procs_.get(); }

  /// Writes a control file; kInternal with its path when the kernel refuses.
  Status write(const char* file, std::string_view text) const;
  bool has(const char* file) const;
  std::optional<std::string> read(const char* file) const { return read_small_file(fd(), file); }
  std::int64_t read_number(const char* file) const;
  /// The number after `key` in a file of "key number" lines; nothing where it is not listed.
  std::optional<std::int64_t> read_count(const char* file, std::string_view key) const;

  bool is_empty() const;
  /// SIGKILL to everything that is in it now; with cgroup.kill nothing escapes, without it call
  /// again until is_empty().
  void kill() const;

 private:
  CgroupDirectory() = default;

  std::string path_;
  UniqueFd directory_;
  UniqueFd procs_;
};

}  // namespace agentainer::runtime

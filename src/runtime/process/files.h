#pragma once
// Small pieces over file descriptors that the process runtime needs.

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace agentainer::runtime {

/// Owns a file descriptor; -1 is none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~UniqueFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// The code for a failed system call: kUnavailable for want of descriptors, processes or memory,
/// which may be there in a moment; kResource when a disk or quota is full; else kInternal.
ErrorCode error_code(int error);

/// All of a small (kernel) file relative to `directory_fd`, at most `max_bytes`; nothing when it
/// cannot be read.
std::optional<std::string> read_small_file(int directory_fd, const char* path,
                                           std::size_t max_bytes = 64 * 1024);
inline std::optional<std::string> read_small_file(const std::string& path,
                                                  std::size_t max_bytes = 64 * 1024) {
  return read_small_file(-100 /* AT_FDCWD */, path.c_str(), max_bytes);
}

/// Writes all of `text` into an existing file with one write, as control files want it. 0 or errno.
int write_control(int directory_fd, const char* path, std::string_view text);

/// Writes all of `text`, over as many writes as it takes. 0 or errno.
int write_all(int fd, std::string_view text);

/// Makes the directory and its parents, 0700. Fails with the path that could not be made.
Status make_directories(const std::string& path);

/// Whether the directory has no entries. A directory that was removed counts as empty.
bool is_empty_directory(int directory_fd);

/// Removes `name` below `directory_fd` and everything in it, however deep, without following links;
/// directories that forbid it are made writable first. 0, or the errno of the first thing that
/// could not be removed.
int remove_tree(int directory_fd, const char* name);

}  // namespace agentainer::runtime

#include "runtime/process/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

bool is_dot(const char* name) {
  return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0));
}

Directory open_directory(int directory_fd, const char* name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int fd = ::openat(directory_fd, name, kFlags);
  if (fd < 0 && errno == EACCES && ::fchmodat(directory_fd, name, 0700, 0) == 0)
    fd = ::openat(directory_fd, name, kFlags);
  if (fd < 0) return nullptr;
  DIR* const directory = ::fdopendir(fd);
  if (directory == nullptr) ::close(fd);
  return Directory(directory);
}

// Removal holds one descriptor and one frame a level, so it goes no deeper than this: what lies
// deeper is moved up into the top directory, where a later round finds it.
constexpr int kMaxLevels = 32;

struct Removal {
  int top_fd = -1;
  unsigned moved = 0;
  int first_error = 0;

  void failed(int error) {
    if (first_error == 0 && error != ENOENT) first_error = error;
  }

  void empty(DIR* directory, int level) {
    const int fd = ::dirfd(directory);
    bool retried = false;
    while (const dirent* entry = ::readdir(directory)) {
      if (is_dot(entry->d_name)) continue;
      if (::unlinkat(fd, entry->d_name, 0) == 0 || errno == ENOENT) continue;
      if (errno == EACCES && !retried) {
        retried = true;
        if (::fchmod(fd, 0700) == 0 && ::unlinkat(fd, entry->d_name, 0) == 0) continue;
      }
      if (errno != EISDIR && errno != EPERM && errno != EACCES) {
        failed(errno);
        continue;
      }
      remove_directory(fd, entry->d_name, level);
    }
  }

  void remove_directory(int parent_fd, const char* name, int level) {
    if (::unlinkat(parent_fd, name, AT_REMOVEDIR) == 0) return;
    if (level >= kMaxLevels && top_fd >= 0) {
      const std::string lifted = "removing-" + std::to_string(moved++);
      if (::renameat(parent_fd, name, top_fd, lifted.c_str()) == 0) return;
    }
    if (level < kMaxLevels)
      if (const Directory directory = open_directory(parent_fd, name))
        empty(directory.get(), level + 1);
    if (::unlinkat(parent_fd, name, AT_REMOVEDIR) != 0) failed(errno);
  }
};

}  // namespace

void UniqueFd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

ErrorCode error_code(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case EAGAIN:
    case ENOMEM:
      return ErrorCode::kUnavailable;
    case ENOSPC:
    case EDQUOT:
      return ErrorCode::kResource;
    default:
      return ErrorCode::kInternal;
  }
}

std::optional<std::string> read_small_file(int directory_fd, const char* path,
                                           std::size_t max_bytes) {
  const UniqueFd fd(::openat(directory_fd, path, O_RDONLY | O_CLOEXEC));
  if (!fd) return std::nullopt;
  std::string text;
  while (text.size() < max_bytes) {
    char buffer[4096];
    const ssize_t got = ::read(fd.get(), buffer, std::min(sizeof buffer, max_bytes - text.size()));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    text.append(buffer, static_cast<std::size_t>(got));
  }
  return text;
}

int write_control(int directory_fd, const char* path, std::string_view text) {
  const UniqueFd fd(::openat(directory_fd, path, O_WRONLY | O_CLOEXEC));
  if (!fd) return errno;
  const ssize_t written = ::write(fd.get(), text.data(), text.size());
  if (written < 0) return errno;
  return static_cast<std::size_t>(written) == text.size() ? 0 : EIO;
}

int write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

Status make_directories(const std::string& path) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (::mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
      return fail(error_code(errno), "cannot make the directory {}: {}", part, format_errno(errno));
    if (end == std::string::npos) return {};
  }
}

bool is_empty_directory(int directory_fd) {
  alignas(dirent64) char buffer[1024];
  if (::lseek(directory_fd, 0, SEEK_SET) != 0) return false;
  for (;;) {
    const long bytes = ::syscall(SYS_getdents64, directory_fd, buffer, sizeof buffer);
    if (bytes == 0 || (bytes < 0 && errno == ENOENT)) return true;
    if (bytes < 0) return false;
    for (long at = 0; at < bytes;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(buffer + at);
      if (!is_dot(entry->d_name)) return false;
      at += entry->d_reclen;
    }
  }
}

int remove_tree(int directory_fd, const char* name) {
  if (::unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT) return 0;
  Removal removal;
  for (;;) {
    if (::unlinkat(directory_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    const Directory top = open_directory(directory_fd, name);
    if (top == nullptr) return errno;
    const unsigned moved_before = removal.moved;
    removal.top_fd = ::dirfd(top.get());
    removal.first_error = 0;
    removal.empty(top.get(), 1);
    // Another round only for what was lifted to the top while it was being read.
    if (removal.moved == moved_before) {
      if (::unlinkat(directory_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
      return removal.first_error != 0 ? removal.first_error : errno;
    }
  }
}

}  // namespace agentainer::runtime

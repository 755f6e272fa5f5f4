#include "runtime/process/workspace.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

constexpr const char* kTask = "task.json";
constexpr const char* kResult = "result.json";
constexpr const char* kTemporary = "tmp";

tl::unexpected<Error> failed(const std::string& path, int error) {
  return fail(error_code(error), "cannot write {}: {}", path, format_errno(error));
}

struct Listing {
  std::vector<std::string> foreign;  ///< Names that an agent put there.
  bool has_task = false;
  bool has_result = false;
  bool has_temporary = false;
};

Listing list_workspace(int directory_fd) {
  Listing listing;
  alignas(dirent64) char buffer[1024];
  if (::lseek(directory_fd, 0, SEEK_SET) != 0) return listing;
  for (;;) {
    const long bytes = ::syscall(SYS_getdents64, directory_fd, buffer, sizeof buffer);
    if (bytes <= 0) return listing;
    for (long at = 0; at < bytes;) {
      const auto* const entry = reinterpret_cast<const dirent64*>(buffer + at);
      const std::string_view name = entry->d_name;
      if (name == kTask) {
        listing.has_task = true;
      } else if (name == kTemporary) {
        listing.has_temporary = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
      } else if (name == kResult) {
        listing.has_result = true;
      } else if (name != "." && name != "..") {
        listing.foreign.emplace_back(name);
      }
      at += entry->d_reclen;
    }
  }
}

bool is_linked(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && status.st_nlink > 0 && (status.st_mode & 0700) == 0700;
}

}  // namespace

Result<Workspace> Workspace::create(std::shared_ptr<const UniqueFd> run_fd,
                                    const std::string& run_path, unsigned number) {
  Workspace made;
  made.run_fd_ = std::move(run_fd);
  const int run = made.run_fd_->get();
  made.name_ = std::to_string(number);
  made.path_ = run_path + "/" + made.name_;
  made.task_path_ = made.path_ + "/" + kTask;
  made.result_path_ = made.path_ + "/" + kResult;
  made.temporary_path_ = made.path_ + "/" + kTemporary;
  if (::mkdirat(run, made.name_.c_str(), 0700) != 0) return failed(made.path_, errno);
  made.directory_.reset(
      ::openat(run, made.name_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!made.directory_) return failed(made.path_, errno);
  if (::mkdirat(made.directory_.get(), kTemporary, 0700) != 0)
    return failed(made.temporary_path_, errno);
  made.temporary_.reset(
      ::openat(made.directory_.get(), kTemporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!made.temporary_) return failed(made.temporary_path_, errno);
  if (Status status = made.create_task_file(); !status) return tl::make_unexpected(status.error());
  return made;
}

Workspace::~Workspace() {
  if (run_fd_ == nullptr) return;
  // What is there when no agent left anything; needs no further descriptors.
  if (directory_) {
    ::unlinkat(directory_.get(), kTask, 0);
    ::unlinkat(directory_.get(), kTemporary, AT_REMOVEDIR);
  }
  if (::unlinkat(run_fd_->get(), name_.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return;
  if (const int error = remove_tree(run_fd_->get(), name_.c_str()); error != 0)
    log::warning("cannot remove {}: {}", path_, format_errno(error));
}

Status Workspace::create_task_file() {
  if (const int error = remove_tree(directory_.get(), kTask); error != 0)
    return failed(task_path_, error);
  task_.reset(
      ::openat(directory_.get(), kTask, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!task_ || !task_file_is_intact()) return failed(task_path_, errno);
  return {};
}

Result<UniqueFd> Workspace::prepare(std::string_view document) {
  for (std::size_t done = 0; done < document.size();) {
    const ssize_t written = ::pwrite(task_.get(), document.data() + done, document.size() - done,
                                     static_cast<off_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failed(task_path_, errno);
    done += static_cast<std::size_t>(written);
  }
  const auto size = static_cast<std::int64_t>(document.size());
  if (task_size_ > size && ::ftruncate(task_.get(), size) != 0) return failed(task_path_, errno);
  task_size_ = size;
  UniqueFd input(::openat(directory_.get(), kTask, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat named {};
  if (!input || ::fstat(input.get(), &named) != 0) return failed(task_path_, errno);
  if (named.st_ino != task_inode_ || named.st_size != size)
    return fail(ErrorCode::kInternal, "{} was replaced by another file", task_path_);
  return input;
}

Result<UniqueFd> Workspace::open_result() const {
  // Not blocking: opening a pipe for reading would wait for a writer.
  UniqueFd fd(::openat(directory_.get(), kResult,
                       O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY));
  if (!fd) {
    if (errno == ENOENT) return UniqueFd();
    if (errno == ELOOP)
      return fail(ErrorCode::kInvalid, "AGENTAINER_RESULT_FILE is a symbolic link");
    return fail(ErrorCode::kInvalid, "AGENTAINER_RESULT_FILE cannot be opened: {}",
                format_errno(errno));
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(ErrorCode::kInvalid, "AGENTAINER_RESULT_FILE is not a regular file");
  return fd;
}

void Workspace::remove_result() {
  if (::unlinkat(directory_.get(), kResult, 0) == 0 || errno == ENOENT) return;
  if (const int error = remove_tree(directory_.get(), kResult); error != 0)
    log::warning("cannot remove {}: {}", result_path_, format_errno(error));
}

bool Workspace::task_file_is_intact() {
  struct stat own {};
  if (::fstat(task_.get(), &own) != 0 || own.st_nlink != 1 || (own.st_mode & 07777) != 0600)
    return false;
  task_size_ = own.st_size;
  task_inode_ = own.st_ino;
  return true;
}

bool Workspace::is_clean() {
  if (!is_linked(directory_.get()) || !is_linked(temporary_.get()) ||
      !is_empty_directory(temporary_.get()))
    return false;
  const Listing listing = list_workspace(directory_.get());
  if (listing.has_result) remove_result();
  return listing.foreign.empty() && listing.has_temporary && listing.has_task &&
         task_file_is_intact();
}

bool Workspace::clean() {
  if (!is_linked(directory_.get()) && ::fchmod(directory_.get(), 0700) != 0) return false;
  if (!is_linked(directory_.get())) return false;
  remove_result();
  for (const std::string& name : list_workspace(directory_.get()).foreign)
    remove_tree(directory_.get(), name.c_str());
  remove_tree(directory_.get(), kTemporary);
  if (::mkdirat(directory_.get(), kTemporary, 0700) != 0) return false;
  temporary_.reset(
      ::openat(directory_.get(), kTemporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!temporary_) return false;
  if ((!task_file_is_intact() || !list_workspace(directory_.get()).has_task) && !create_task_file())
    return false;
  return is_clean();
}

}  // namespace agentainer::runtime

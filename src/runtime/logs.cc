#include "runtime/logs.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "runtime/process/files.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

// The directory of a step's logs, each part opened without following links; none when there is
// none.
Result<UniqueFd> open_step_directory(const std::string& data_directory, const WorkflowId& workflow,
                                     std::string_view step_id) {
  if (!is_step_id(step_id)) return fail(ErrorCode::kInvalid, "'{}' is not a step id", step_id);
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd at(::open(logs_directory(data_directory).c_str(), kFlags));
  for (const std::string& part : {workflow.text(), std::string(step_id)})
    if (at) at.reset(::openat(at.get(), part.c_str(), kFlags));
  if (!at && errno != ENOENT)
    return fail(ErrorCode::kInvalid, "cannot open the logs of step '{}': {}", step_id,
                format_errno(errno));
  return at;
}

}  // namespace

Result<std::vector<LogFile>> list_logs(const std::string& data_directory,
                                       const WorkflowId& workflow, std::string_view step_id,
                                       TaskIndex first, std::size_t limit) {
  auto fd = open_step_directory(data_directory, workflow, step_id);
  if (!fd) return tl::make_unexpected(fd.error());
  std::vector<LogFile> files;
  if (!*fd || limit == 0) return files;
  DIR* const directory = ::fdopendir(::fcntl(fd->get(), F_DUPFD_CLOEXEC, 0));
  if (directory == nullptr)
    return fail(ErrorCode::kInternal, "cannot list the logs: {}", format_errno(errno));
  // A heap of the `limit` first ones, the last of them on top: a step may have a million.
  const auto before = [](const LogFile& a, const LogFile& b) { return a.name < b.name; };
  while (const dirent* entry = ::readdir(directory)) {
    const auto name = parse_log_file_name(entry->d_name);
    if (!name || name->task < first) continue;
    if (files.size() == limit && files.front().name < *name) continue;
    files.push_back({*name, 0});
    std::push_heap(files.begin(), files.end(), before);
    if (files.size() <= limit) continue;
    std::pop_heap(files.begin(), files.end(), before);
    files.pop_back();
  }
  ::closedir(directory);
  std::sort_heap(files.begin(), files.end(), before);
  std::erase_if(files, [&](LogFile& file) {
    const std::string name = log_file_name(file.name.task, file.name.attempt, file.name.stream);
    struct stat status {};
    if (::fstatat(fd->get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISREG(status.st_mode))
      return true;
    file.size_bytes = status.st_size;
    return false;
  });
  return files;
}

Result<LogRange> read_log(const std::string& data_directory, const LogId& id, std::int64_t offset,
                          std::size_t max_bytes) {
  auto directory = open_step_directory(data_directory, id.workflow, id.step_id);
  if (!directory) return tl::make_unexpected(directory.error());
  LogRange range;
  if (!*directory) return range;
  const std::string name = log_file_name(id.task, id.attempt, id.stream);
  const UniqueFd fd(::openat(directory->get(), name.c_str(),
                             O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY));
  if (!fd && errno == ENOENT) return range;
  struct stat status {};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(ErrorCode::kInvalid, "the log {} is not a regular file", name);
  range.size_bytes = status.st_size;
  range.offset =
      std::clamp<std::int64_t>(offset < 0 ? status.st_size + offset : offset, 0, status.st_size);
  range.bytes.resize(static_cast<std::size_t>(
      std::min(static_cast<std::int64_t>(max_bytes), range.size_bytes - range.offset)));
  std::size_t done = 0;
  while (done < range.bytes.size()) {
    const ssize_t got = ::pread(fd.get(), range.bytes.data() + done, range.bytes.size() - done,
                                range.offset + static_cast<std::int64_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(ErrorCode::kInternal, "cannot read the log {}: {}", name, format_errno(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  range.bytes.resize(done);
  return range;
}

}  // namespace agentainer::runtime

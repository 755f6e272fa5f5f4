#include "runtime/process/cgroup_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <functional>
#include <thread>

#include "base/log.h"
#include "runtime/process/cgroup.h"
#include "runtime/process/proc.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

using namespace std::chrono_literals;

// A cgroup stays busy until its last process has left the processor for good, which on a loaded
// machine can be long after it was waited for.
bool remove_soon(const std::string& path) {
  for (int i = 0; i < 600; ++i) {
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
    if (errno != EBUSY) return false;
    std::this_thread::sleep_for(i < 50 ? 1ms : 10ms);
  }
  return false;
}

std::vector<std::string> child_directories(const std::string& path) {
  std::vector<std::string> children;
  DIR* const directory = ::opendir(path.c_str());
  if (directory == nullptr) return children;
  while (const dirent* entry = ::readdir(directory))
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
      children.push_back(path + "/" + entry->d_name);
  ::closedir(directory);
  return children;
}

void for_tree(const std::string& path, const std::function<void(const std::string&)>& visit) {
  for (const std::string& child : child_directories(path)) for_tree(child, visit);
  visit(path);
}

}  // namespace

Result<CgroupDirectory> CgroupDirectory::make(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST)
    return fail(error_code(errno), "cannot make the cgroup {}: {}", path, format_errno(errno));
  CgroupDirectory made;
  made.path_ = path;
  made.directory_.reset(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (made.directory_) made.procs_.reset(::openat(made.fd(), "cgroup.procs", O_RDWR | O_CLOEXEC));
  if (!made.procs_) {
    const int error = errno;
    if (!made.directory_) ::rmdir(path.c_str());  // else the destructor does
    return fail(error_code(error), "cannot open the cgroup {}: {}", path, format_errno(error));
  }
  return made;
}

CgroupDirectory::~CgroupDirectory() {
  if (!directory_) return;
  if (!remove_soon(path_))
    log::warning("cannot remove the cgroup {}: {}", path_, format_errno(errno));
}

Status CgroupDirectory::write(const char* file, std::string_view text) const {
  if (const int error = write_control(fd(), file, text); error != 0)
    return fail(ErrorCode::kInternal, "cannot write '{}' to {}/{}: {}", text, path_, file,
                format_errno(error));
  return {};
}

bool CgroupDirectory::has(const char* file) const { return ::faccessat(fd(), file, F_OK, 0) == 0; }

std::int64_t CgroupDirectory::read_number(const char* file) const {
  std::int64_t value = 0;
  if (const auto text = read(file))
    std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

std::optional<std::int64_t> CgroupDirectory::read_count(const char* file,
                                                        std::string_view key) const {
  const auto text = read(file);
  if (!text) return std::nullopt;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const std::string_view line(text->data() + at, end - at);
    if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == ' ') {
      std::int64_t value = 0;
      std::from_chars(line.data() + key.size() + 1, line.data() + line.size(), value);
      return value;
    }
    at = end + 1;
  }
  return std::nullopt;
}

bool CgroupDirectory::is_empty() const {
  char byte = 0;
  return ::pread(procs_.get(), &byte, 1, 0) <= 0;
}

void CgroupDirectory::kill() const {
  if (write_control(fd(), "cgroup.kill", "1") == 0) return;
  // Before Linux 5.14, and in v1: nothing new while we go through the list, where the pids
  // controller can see to it.
  const std::optional<std::string> pids_max = has("pids.max") ? read("pids.max") : std::nullopt;
  if (pids_max) write_control(fd(), "pids.max", "0");
  if (const auto text = read_small_file(fd(), "cgroup.procs", 4 * 1024 * 1024))
    for (const pid_t pid : parse_pids(*text))
      if (pid > 1) ::kill(pid, SIGKILL);
  if (pids_max) write_control(fd(), "pids.max", *pids_max);
}

bool reap_cgroup(const std::string& directory) {
  const std::size_t name = directory.rfind('/') + 1;
  if (name == 0 || directory.find("/../") != std::string::npos ||
      !directory.substr(name).starts_with("agentainer-"))
    return false;
  if (::access((directory + "/cgroup.procs").c_str(), F_OK) != 0) return errno == ENOENT;
  bool empty = false;
  for (int i = 0; i < 500 && !empty; ++i) {
    if (i != 0) std::this_thread::sleep_for(std::chrono::milliseconds(i < 10 ? 1 : 20));
    empty = true;
    for_tree(directory, [&](const std::string& path) {
      const auto procs = read_small_file(path + "/cgroup.procs", 16);
      if (!procs || procs->empty()) return;
      empty = false;
      const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (write_control(fd.get(), "cgroup.kill", "1") == 0) return;
      write_control(fd.get(), "pids.max", "0");
      for (const pid_t pid :
           parse_pids(read_small_file(fd.get(), "cgroup.procs", 4 * 1024 * 1024).value_or("")))
        if (pid > 1) ::kill(pid, SIGKILL);
    });
  }
  bool removed = true;
  for_tree(directory, [&](const std::string& path) { removed = remove_soon(path) && removed; });
  return removed;
}

}  // namespace agentainer::runtime

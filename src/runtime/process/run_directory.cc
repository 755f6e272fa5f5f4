#include "runtime/process/run_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string_view>

#include "base/log.h"
#include "runtime/paths.h"
#include "runtime/process/proc.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

constexpr std::string_view kLifeKey = "life ";
constexpr std::string_view kCgroupKey = "cgroup ";

UniqueFd open_directory(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// The lock of the whole run directory; waits, as it is only held for moments.
UniqueFd lock_run_directory(int run_fd) {
  UniqueFd fd(::openat(run_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return {};
  while (::flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR) return {};
  return fd;
}

std::string random_hex() {
  std::uint64_t words[2] = {};
  while (::getrandom(words, sizeof words, 0) != sizeof words) {
  }
  return fmt::format("{:016x}{:016x}", words[0], words[1]);
}

LifeRecord parse_record(std::string_view text) {
  LifeRecord record;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(kLifeKey)) record.life = line.substr(kLifeKey.size());
    if (line.starts_with(kCgroupKey)) record.cgroups.emplace_back(line.substr(kCgroupKey.size()));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return record;
}

struct DeadLife {
  std::string name;
  UniqueFd lock;
  LifeRecord record;
};

std::vector<std::string> list_directories(int fd) {
  std::vector<std::string> names;
  const int copy = ::openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const directory = copy < 0 ? nullptr : ::fdopendir(copy);
  if (directory == nullptr) {
    if (copy >= 0) ::close(copy);
    return names;
  }
  while (const dirent* entry = ::readdir(directory))
    if (entry->d_name[0] != '.' && entry->d_type != DT_REG) names.emplace_back(entry->d_name);
  ::closedir(directory);
  return names;
}

// Takes the lock of a life that nobody holds.
std::optional<DeadLife> take_over(int run_fd, const std::string& name) {
  const UniqueFd directory(
      ::openat(run_fd, name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!directory) return std::nullopt;
  DeadLife life{
      name,
      UniqueFd(::openat(directory.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600)),
      {}};
  if (!life.lock || ::flock(life.lock.get(), LOCK_EX | LOCK_NB) != 0) return std::nullopt;
  life.record = parse_record(read_small_file(directory.get(), "lock", 1024 * 1024).value_or(""));
  return life;
}

}  // namespace

Result<RunDirectory> RunDirectory::create(const std::string& data_directory) {
  const std::string run = run_directory(data_directory);
  if (const Status made = make_directories(run); !made) return tl::make_unexpected(made.error());
  const auto failed = [&](const char* what) {
    return fail(ErrorCode::kInternal, "cannot {} in {}: {}", what, run, format_errno(errno));
  };

  RunDirectory made;
  made.parent_ = open_directory(run);
  if (!made.parent_) return failed("list files");
  const UniqueFd run_lock = lock_run_directory(made.parent_.get());
  if (!run_lock) return failed("take the lock");

  const std::string stem =
      fmt::format("{}-{}", ::getpid(), process_start_time(::getpid()).value_or(0));
  for (unsigned n = 0;; ++n) {
    made.name_ = fmt::format("{}-{}", stem, n);
    if (::mkdirat(made.parent_.get(), made.name_.c_str(), 0700) == 0) break;
    if (errno != EEXIST) return failed("make a directory");
  }
  made.path_ = run + "/" + made.name_;
  made.directory_ = std::make_shared<const UniqueFd>(open_directory(made.path_));
  made.lock_.reset(
      ::openat(made.directory_->get(), "lock", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!made.lock_ || ::flock(made.lock_.get(), LOCK_EX | LOCK_NB) != 0)
    return failed("take a new lock");
  made.life_ = random_hex();
  if (const int error = write_all(made.lock_.get(), fmt::format("{}{}\n", kLifeKey, made.life_));
      error != 0) {
    errno = error;
    return failed("write the lock");
  }
  return made;
}

RunDirectory::~RunDirectory() {
  if (!directory_) return;
  if (const int error = remove_tree(parent_.get(), name_.c_str()); error != 0)
    log::warning("cannot remove {}: {}", path_, format_errno(error));
}

Status RunDirectory::record_cgroup(const std::string& directory) {
  if (const int error = write_all(lock_.get(), fmt::format("{}{}\n", kCgroupKey, directory));
      error != 0)
    return fail(ErrorCode::kResource, "cannot write {}/lock: {}", path_, format_errno(error));
  return {};
}

Status take_over_dead_lives(const std::string& data_directory,
                            const std::function<void(const LifeRecord&)>& reap) {
  const std::string run = run_directory(data_directory);
  const UniqueFd run_fd = open_directory(run);
  if (!run_fd) {
    if (errno == ENOENT) return {};
    return fail(ErrorCode::kInternal, "cannot read {}: {}", run, format_errno(errno));
  }
  std::vector<DeadLife> dead;
  {
    const UniqueFd run_lock = lock_run_directory(run_fd.get());
    if (!run_lock)
      return fail(ErrorCode::kInternal, "cannot lock {}: {}", run, format_errno(errno));
    for (const std::string& name : list_directories(run_fd.get()))
      if (std::optional<DeadLife> life = take_over(run_fd.get(), name))
        dead.push_back(std::move(*life));
  }
  for (const DeadLife& life : dead) {
    reap(life.record);
    if (const int error = remove_tree(run_fd.get(), life.name.c_str()); error != 0)
      log::warning("cannot remove {}/{}: {}", run, life.name, format_errno(error));
  }
  return {};
}

}  // namespace agentainer::runtime

#include "runtime/process/cgroup_v2.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/log.h"
#include "runtime/process/proc.h"
#include "runtime/process/spawn.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

constexpr std::int64_t kCpuPeriodUs = 100'000;
constexpr std::int64_t kMinCpuQuotaUs = 1'000;  // the kernel's own

bool lists(const std::optional<std::string>& words, std::string_view word) {
  if (!words) return false;
  for (std::size_t at = words->find(word); at != std::string::npos;
       at = words->find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || (*words)[at - 1] == ' ';
    const bool ends = end == words->size() || (*words)[end] == ' ' || (*words)[end] == '\n';
    if (begins && ends) return true;
  }
  return false;
}

class CgroupV2 final : public Cgroup {
 public:
  CgroupV2(std::shared_ptr<const CgroupDirectory> base, CgroupDirectory directory, bool clones,
           const ResourceLimits& limits)
      : base_(std::move(base)),
        directory_(std::move(directory)),
        clones_(clones),
        limits_(limits),
        join_fds_{directory_.procs_fd()} {}

  Status set_limits() {
    if (limits_.memory_bytes > 0) {
      if (Status set = directory_.write("memory.max", std::to_string(limits_.memory_bytes)); !set)
        return set;
      // Not there without swap accounting, or before Linux 4.19: the limit holds all the same.
      if (directory_.has("memory.swap.max")) (void)directory_.write("memory.swap.max", "0");
      if (directory_.has("memory.oom.group")) (void)directory_.write("memory.oom.group", "1");
    }
    if (limits_.cpu_nano > 0) {
      const std::int64_t quota =
          std::max(limits_.cpu_nano / (1'000'000'000 / kCpuPeriodUs), kMinCpuQuotaUs);
      if (Status set = directory_.write("cpu.max", fmt::format("{} {}", quota, kCpuPeriodUs)); !set)
        return set;
    }
    if (limits_.pids > 0) return directory_.write("pids.max", std::to_string(limits_.pids));
    return {};
  }

  int clone_fd() const override { return clones_ ? directory_.fd() : -1; }
  std::span<const int> join_fds() const override {
    return clones_ ? std::span<const int>() : join_fds_;
  }

  void begin() override {
    if (limits_.memory_bytes > 0) {
      oom_kills_ = directory_.read_count("memory.events", "oom_kill").value_or(0);
      peak_before_ = directory_.read_number("memory.peak");
    }
    if (limits_.pids > 0) pids_refused_ = directory_.read_count("pids.events", "max").value_or(0);
  }

  CgroupReport report() const override {
    CgroupReport report;
    if (limits_.memory_bytes > 0) {
      report.memory_limit_killed =
          directory_.read_count("memory.events", "oom_kill").value_or(0) > oom_kills_;
      // The kernel's peak is of all attempts that were here; it tells about this one when this one
      // raised it.
      const std::int64_t peak = directory_.read_number("memory.peak");
      if (peak > peak_before_) report.peak_memory_bytes = peak;
    }
    if (limits_.pids > 0)
      report.pids_limit_reached =
          directory_.read_count("pids.events", "max").value_or(0) > pids_refused_;
    return report;
  }

  bool is_empty() const override { return directory_.is_empty(); }
  void kill() override { directory_.kill(); }

 private:
  std::shared_ptr<const CgroupDirectory> base_;
  CgroupDirectory directory_;
  bool clones_;
  ResourceLimits limits_;
  std::array<int, 1> join_fds_;
  std::int64_t oom_kills_ = 0;
  std::int64_t peak_before_ = 0;
  std::int64_t pids_refused_ = 0;
};

int count(const LimitSupport& support) { return support.memory + support.cpu + support.pids; }

}  // namespace

std::unique_ptr<CgroupV2Driver> CgroupV2Driver::open_at(const std::string& parent,
                                                        const std::string& name,
                                                        const RecordCgroup& record, bool may_move) {
  const std::string path = fmt::format("{}/agentainer-{}", parent, name);
  if (::access(parent.c_str(), W_OK) != 0 || !record(path)) return nullptr;
  auto base = CgroupDirectory::make(path);
  if (!base) return nullptr;
  std::unique_ptr<CgroupV2Driver> driver(new CgroupV2Driver(std::move(*base), parent));
  driver->enable_controllers(name, record, may_move);
  return driver;
}

std::unique_ptr<CgroupV2Driver> CgroupV2Driver::open(const CgroupPlaces::Hierarchy& place,
                                                     const std::string& name,
                                                     const RecordCgroup& record) {
  std::unique_ptr<CgroupV2Driver> best;
  for (const std::string& parent : {place.own, place.mount}) {
    std::unique_ptr<CgroupV2Driver> driver = open_at(parent, name, record, parent == place.own);
    if (driver && driver->can_start() && (!best || count(driver->support_) > count(best->support_)))
      best = std::move(driver);
    if (place.own == place.mount || (best && count(best->support_) == 3)) break;
  }
  return best;
}

std::unique_ptr<CgroupV2Driver> CgroupV2Driver::open_unchecked(const CgroupPlaces::Hierarchy& place,
                                                               const std::string& name,
                                                               const RecordCgroup& record) {
  return open_at(place.own, name, record, true);
}

CgroupV2Driver::~CgroupV2Driver() {
  base_.reset();
  if (!server_) return;
  // A cgroup with controllers for its children may hold no process, so these go off before we go
  // back. Where that fails (another server's agents need them) we stay, and the directory goes with
  // the session or service.
  for (const std::string& controller : enabled_)
    write_control(AT_FDCWD, (parent_ + "/cgroup.subtree_control").c_str(), "-" + controller);
  write_control(AT_FDCWD, (parent_ + "/cgroup.procs").c_str(), std::to_string(::getpid()));
}

bool CgroupV2Driver::move_self(const std::string& name, const RecordCgroup& record) {
  const auto there = read_small_file(parent_ + "/cgroup.procs");
  if (!there || parse_pids(*there) != std::vector<pid_t>{::getpid()})
    return false;  // not ours alone
  const std::string path = fmt::format("{}/agentainer-server-{}", parent_, name);
  if (!record(path)) return false;
  auto directory = CgroupDirectory::make(path);
  if (!directory || !directory->write("cgroup.procs", std::to_string(::getpid()))) return false;
  server_ = std::make_unique<CgroupDirectory>(std::move(*directory));
  return true;
}

bool CgroupV2Driver::enable(const char* controller, const std::string& name,
                            const RecordCgroup& record, bool may_move) {
  const std::string control = parent_ + "/cgroup.subtree_control";
  if (!lists(read_small_file(parent_ + "/cgroup.controllers"), controller)) return false;
  if (!lists(read_small_file(control), controller)) {
    const std::string on = fmt::format("+{}", controller);
    int error = write_control(AT_FDCWD, control.c_str(), on);
    if (error == EBUSY && may_move && !server_ && move_self(name, record))
      error = write_control(AT_FDCWD, control.c_str(), on);
    if (error != 0) return false;
    enabled_.emplace_back(controller);
  }
  return base_->write("cgroup.subtree_control", fmt::format("+{}", controller)).has_value();
}

void CgroupV2Driver::enable_controllers(const std::string& name, const RecordCgroup& record,
                                        bool may_move) {
  support_.memory = enable("memory", name, record, may_move);
  support_.cpu = enable("cpu", name, record, may_move);
  support_.pids = enable("pids", name, record, may_move);
}

bool CgroupV2Driver::can_start() {
  // In a cgroup of its own, as base_ itself may hold no process.
  auto probe = CgroupDirectory::make(base_->path() + "/probe");
  if (!probe) return false;
  if (try_cgroups(probe->fd(), {}) == 0) return true;
  clones_ = false;  // before Linux 5.7, or clone3 is filtered
  const int procs = probe->procs_fd();
  return try_cgroups(-1, std::span(&procs, 1)) == 0;
}

std::string CgroupV2Driver::description() const { return "cgroup v2 at " + base_->path(); }

Result<std::unique_ptr<Cgroup>> CgroupV2Driver::create(unsigned number,
                                                       const ResourceLimits& limits) {
  auto directory = CgroupDirectory::make(fmt::format("{}/{}", base_->path(), number));
  if (!directory) return tl::make_unexpected(directory.error());
  ResourceLimits supported;
  if (support_.memory) supported.memory_bytes = limits.memory_bytes;
  if (support_.cpu) supported.cpu_nano = limits.cpu_nano;
  if (support_.pids) supported.pids = limits.pids;
  auto cgroup = std::make_unique<CgroupV2>(base_, std::move(*directory), clones_, supported);
  if (Status set = cgroup->set_limits(); !set) return tl::make_unexpected(set.error());
  return cgroup;
}

}  // namespace agentainer::runtime

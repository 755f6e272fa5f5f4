#include "runtime/process/cgroup_v1.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace agentainer::runtime {
namespace {

constexpr std::int64_t kCpuPeriodUs = 100'000;
constexpr std::int64_t kMinCpuQuotaUs = 1'000;  // the kernel's own

// A cgroup in one hierarchy.
struct Part {
  CgroupV1Driver::Hierarchy hierarchy;
  CgroupDirectory directory;
};

class CgroupV1 final : public Cgroup {
 public:
  CgroupV1(std::unique_ptr<Cgroup> tracker, std::vector<Part> parts)
      : tracker_(std::move(tracker)), parts_(std::move(parts)) {
    for (const Part& part : parts_) join_fds_.push_back(part.directory.procs_fd());
    if (tracker_ != nullptr)
      join_fds_.insert(join_fds_.end(), tracker_->join_fds().begin(), tracker_->join_fds().end());
  }

  Status set_limits(const ResourceLimits& limits) {
    for (const auto& [hierarchy, directory] : parts_) {
      const LimitSupport& controls = hierarchy.controls;
      if (controls.memory && limits.memory_bytes > 0) {
        const std::string text = std::to_string(limits.memory_bytes);
        if (Status set = directory.write("memory.limit_in_bytes", text); !set) return set;
        // With swap; there only with swap accounting.
        if (directory.has("memory.memsw.limit_in_bytes"))
          (void)directory.write("memory.memsw.limit_in_bytes", text);
        memory_ = &directory;
      }
      if (controls.cpu && limits.cpu_nano > 0) {
        const std::int64_t quota =
            std::max(limits.cpu_nano / (1'000'000'000 / kCpuPeriodUs), kMinCpuQuotaUs);
        if (Status set = directory.write("cpu.cfs_period_us", std::to_string(kCpuPeriodUs)); !set)
          return set;
        if (Status set = directory.write("cpu.cfs_quota_us", std::to_string(quota)); !set)
          return set;
      }
      if (controls.pids && limits.pids > 0) {
        if (Status set = directory.write("pids.max", std::to_string(limits.pids)); !set) return set;
        pids_ = &directory;
      }
    }
    return {};
  }

  int clone_fd() const override { return tracker_ != nullptr ? tracker_->clone_fd() : -1; }
  std::span<const int> join_fds() const override { return join_fds_; }

  void begin() override {
    if (memory_ != nullptr) {
      (void)memory_->write("memory.max_usage_in_bytes", "0");
      oom_kills_ = oom_kills();
    }
    if (pids_ != nullptr) pids_refused_ = pids_->read_count("pids.events", "max").value_or(0);
  }

  CgroupReport report() const override {
    CgroupReport report;
    if (memory_ != nullptr) {
      report.memory_limit_killed = oom_kills() > oom_kills_;
      report.peak_memory_bytes = memory_->read_number("memory.max_usage_in_bytes");
    }
    if (pids_ != nullptr)
      report.pids_limit_reached =
          pids_->read_count("pids.events", "max").value_or(0) > pids_refused_;
    return report;
  }

  bool is_empty() const override {
    if (tracker_ != nullptr) return tracker_->is_empty();
    return std::all_of(parts_.begin(), parts_.end(),
                       [](const Part& part) { return part.directory.is_empty(); });
  }

  void kill() override {
    if (tracker_ != nullptr) return tracker_->kill();
    for (const Part& part : parts_) part.directory.kill();
  }

 private:
  // Before Linux 4.13 kills are not counted; there, that the limit was ever hit has to do.
  std::int64_t oom_kills() const {
    const auto kills = memory_->read_count("memory.oom_control", "oom_kill");
    return kills ? *kills : memory_->read_number("memory.failcnt");
  }

  std::unique_ptr<Cgroup> tracker_;
  std::vector<Part> parts_;
  std::vector<int> join_fds_;
  const CgroupDirectory* memory_ = nullptr;
  const CgroupDirectory* pids_ = nullptr;
  std::int64_t oom_kills_ = 0;
  std::int64_t pids_refused_ = 0;
};

}  // namespace

std::unique_ptr<CgroupV1Driver> CgroupV1Driver::open(const CgroupPlaces& places,
                                                     const std::string& name,
                                                     const RecordCgroup& record) {
  std::unique_ptr<CgroupV1Driver> driver(new CgroupV1Driver);
  const auto add = [&](const std::optional<CgroupPlaces::Hierarchy>& place,
                       bool LimitSupport::*controller) {
    if (!place) return;
    const std::string path = fmt::format("{}/agentainer-{}", place->own, name);
    for (Hierarchy& each : driver->hierarchies_)
      if (each.base->path() == path) {
        each.controls.*controller = true;
        return;
      }
    if (::access(place->own.c_str(), W_OK) != 0 || !record(path)) return;
    auto base = CgroupDirectory::make(path);
    if (!base) return;
    driver->hierarchies_.push_back({std::make_shared<const CgroupDirectory>(std::move(*base)), {}});
    driver->hierarchies_.back().controls.*controller = true;
  };
  // The first that can be made finds processes where there is no v2; pids does so best, as it can
  // stop forks.
  add(places.pids, &LimitSupport::pids);
  add(places.memory, &LimitSupport::memory);
  add(places.cpu, &LimitSupport::cpu);
  if (driver->hierarchies_.empty()) return nullptr;
  return driver;
}

std::string CgroupV1Driver::description() const {
  std::string text = "cgroup v1 at";
  for (const Hierarchy& each : hierarchies_) text += " " + each.base->path();
  if (tracker_ != nullptr) text += ", with " + tracker_->description();
  return text;
}

LimitSupport CgroupV1Driver::support() const {
  LimitSupport all;
  for (const Hierarchy& each : hierarchies_) {
    all.memory |= each.controls.memory;
    all.cpu |= each.controls.cpu;
    all.pids |= each.controls.pids;
  }
  return all;
}

Result<std::unique_ptr<Cgroup>> CgroupV1Driver::create(unsigned number,
                                                       const ResourceLimits& limits) {
  std::unique_ptr<Cgroup> tracker;
  if (tracker_ != nullptr) {
    auto made = tracker_->create(number, {});
    if (!made) return tl::make_unexpected(made.error());
    tracker = std::move(*made);
  }
  std::vector<Part> parts;
  for (const Hierarchy& each : hierarchies_) {
    const bool needed = (each.controls.memory && limits.memory_bytes > 0) ||
                        (each.controls.cpu && limits.cpu_nano > 0) ||
                        (each.controls.pids && limits.pids > 0);
    const bool finds = tracker == nullptr && parts.empty();
    if (!needed && !finds) continue;
    auto directory = CgroupDirectory::make(fmt::format("{}/{}", each.base->path(), number));
    if (!directory) return tl::make_unexpected(directory.error());
    parts.push_back({each, std::move(*directory)});
  }
  auto cgroup = std::make_unique<CgroupV1>(std::move(tracker), std::move(parts));
  if (Status set = cgroup->set_limits(limits); !set) return tl::make_unexpected(set.error());
  return cgroup;
}

}  // namespace agentainer::runtime

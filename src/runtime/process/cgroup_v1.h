#pragma once
// The hierarchies of cgroup v1, one per controller, with the v2 hierarchy beside them where the
// machine has both. Attempts with limits join the controllers they need; all of them are found
// through v2, else through one v1 hierarchy.

#include <memory>
#include <string>
#include <vector>

#include "runtime/process/cgroup.h"
#include "runtime/process/cgroup_directory.h"
#include "runtime/process/cgroup_v2.h"

namespace agentainer::runtime {

class CgroupV1Driver final : public CgroupDriver {
 public:
  /// nullptr when no cgroup can be made.
  static std::unique_ptr<CgroupV1Driver> open(const CgroupPlaces& places, const std::string& name,
                                              const RecordCgroup& record);

  /// Processes are found and killed through `tracker` from now on; before any create(). May be
  /// null.
  void set_tracker(std::unique_ptr<CgroupV2Driver> tracker) { tracker_ = std::move(tracker); }

  std::string description() const override;
  LimitSupport support() const override;
  Result<std::unique_ptr<Cgroup>> create(unsigned number, const ResourceLimits& limits) override;

  struct Hierarchy {
    std::shared_ptr<const CgroupDirectory> base;  ///< Removed after the last cgroup in it.
    LimitSupport controls;
  };

 private:
  CgroupV1Driver() = default;

  std::unique_ptr<CgroupV2Driver> tracker_;
  std::vector<Hierarchy> hierarchies_;
};

}  // namespace agentainer::runtime

#pragma once
// The unified hierarchy (cgroup v2).
//
//   <where we may>/                     our own cgroup, or the root
//   ├── agentainer-server-<name>/       ourselves, when controllers need our own cgroup to hold no
//   process └── agentainer-<name>/              controllers on
//       └── <number>/                   an attempt

#include <memory>
#include <string>
#include <vector>

#include "runtime/process/cgroup.h"
#include "runtime/process/cgroup_directory.h"

namespace agentainer::runtime {

class CgroupV2Driver final : public CgroupDriver {
 public:
  /// nullptr when no cgroup can be made and used below `place`.
  static std::unique_ptr<CgroupV2Driver> open(const CgroupPlaces::Hierarchy& place,
                                              const std::string& name, const RecordCgroup& record);
  ~CgroupV2Driver() override;

  std::string description() const override;
  LimitSupport support() const override { return support_; }
  Result<std::unique_ptr<Cgroup>> create(unsigned number, const ResourceLimits& limits) override;

  /// For tests against a tree that is no cgroup file system: processes are not put to the test.
  static std::unique_ptr<CgroupV2Driver> open_unchecked(const CgroupPlaces::Hierarchy& place,
                                                        const std::string& name,
                                                        const RecordCgroup& record);

 private:
  CgroupV2Driver(CgroupDirectory base, std::string parent)
      : base_(std::make_shared<const CgroupDirectory>(std::move(base))),
        parent_(std::move(parent)) {}

  static std::unique_ptr<CgroupV2Driver> open_at(const std::string& parent, const std::string& name,
                                                 const RecordCgroup& record, bool may_move);
  void enable_controllers(const std::string& name, const RecordCgroup& record, bool may_move);
  bool enable(const char* controller, const std::string& name, const RecordCgroup& record,
              bool may_move);
  bool move_self(const std::string& name, const RecordCgroup& record);
  bool can_start();

  std::shared_ptr<const CgroupDirectory> base_;  ///< Removed after the last cgroup in it.
  std::string parent_;
  LimitSupport support_;
  bool clones_ = true;                ///< Processes start in the cgroup; else they join it.
  std::vector<std::string> enabled_;  ///< Controllers that we turned on in parent_.
  std::unique_ptr<CgroupDirectory> server_;
};

}  // namespace agentainer::runtime

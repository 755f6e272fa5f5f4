#include "runtime/process/cgroup.h"

#include "runtime/process/cgroup_v1.h"
#include "runtime/process/cgroup_v2.h"

namespace agentainer::runtime {
namespace {

bool is_complete(const LimitSupport& support) {
  return support.memory && support.cpu && support.pids;
}

}  // namespace

std::unique_ptr<CgroupDriver> make_cgroup_driver(CgroupUse use, const CgroupPlaces& places,
                                                 const std::string& name,
                                                 const RecordCgroup& record) {
  std::unique_ptr<CgroupV2Driver> v2;
  if (places.v2 && (use == CgroupUse::kAuto || use == CgroupUse::kV2))
    v2 = CgroupV2Driver::open(*places.v2, name, record);
  if (use == CgroupUse::kNone || use == CgroupUse::kV2 || (v2 && is_complete(v2->support())))
    return v2;
  // Controllers are bound to one version each; on machines with both, v1 has the ones we want.
  std::unique_ptr<CgroupV1Driver> v1 = CgroupV1Driver::open(places, name, record);
  if (v1 == nullptr) return v2;
  v1->set_tracker(std::move(v2));
  return v1;
}

}  // namespace agentainer::runtime

#include "runtime/process/cgroup.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/process/cgroup_v2.h"
#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime {
namespace {

TEST(CgroupPlaces, Unified) {
  const CgroupPlaces places = find_cgroup_places(
      "24 30 0:22 / /sys rw shared:7 - sysfs sysfs rw\n"
      "31 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
      "0::/user.slice/user-1000.slice/session-2.scope\n");
  ASSERT_TRUE(places.v2);
  EXPECT_EQ(places.v2->mount, "/sys/fs/cgroup");
  EXPECT_EQ(places.v2->own, "/sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope");
  EXPECT_FALSE(places.memory || places.cpu || places.pids);
}

TEST(CgroupPlaces, Hybrid) {
  const CgroupPlaces places = find_cgroup_places(
      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "33 31 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
      "34 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n",
      "9:name=systemd:/\n4:memory:/a/b\n2:cpu,cpuacct:/\n0::/\n");
  EXPECT_EQ(places.v2->own, "/sys/fs/cgroup/unified");
  EXPECT_EQ(places.memory->own, "/sys/fs/cgroup/memory/a/b");
  EXPECT_EQ(places.cpu->own, "/sys/fs/cgroup/cpu,cpuacct");
  EXPECT_FALSE(places.pids);
}

TEST(CgroupPlaces, InAContainer) {
  // The mount shows the container's own part of the tree, and blanks are escaped.
  const CgroupPlaces places =
      find_cgroup_places("31 24 0:26 /docker/abc /sys/fs/my\\040cgroup rw - cgroup2 cgroup2 rw\n",
                         "0::/docker/abc/x\n");
  EXPECT_EQ(places.v2->own, "/sys/fs/my cgroup/x");
  const CgroupPlaces outside =
      find_cgroup_places("31 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", "0::/../../x\n");
  EXPECT_EQ(outside.v2->own, "/sys/fs/cgroup");
  EXPECT_FALSE(find_cgroup_places("", "").v2);
  EXPECT_FALSE(find_cgroup_places("garbage\n - - -\n", "x\n::\n0::/\n").v2);
}

/// A directory tree that stands in for a cgroup file system: writes are kept as the content of
/// files.
class CgroupV2Test : public testing::Test {
 protected:
  CgroupV2Test() {
    put("cgroup.controllers", "cpuset cpu io memory hugetlb pids\n");
    put("cgroup.subtree_control", "");
    put("cgroup.procs", "");
    for (const char* const group :
         {"agentainer-life", "agentainer-life/1", "agentainer-server-life"}) {
      put(std::string(group) + "/cgroup.procs", "");
      put(std::string(group) + "/cgroup.subtree_control", "");
    }
    for (const char* const file : {"memory.max", "memory.swap.max", "memory.oom.group", "cpu.max",
                                   "pids.max", "cgroup.kill"})
      put(std::string("agentainer-life/1/") + file, "");
    put("agentainer-life/1/memory.events",
        "low 0\nhigh 0\nmax 9\noom 2\noom_kill 2\noom_group_kill 0\n");
    put("agentainer-life/1/memory.peak", "1000\n");
    put("agentainer-life/1/pids.events", "max 5\n");
  }

  void put(const std::string& file, const std::string& text) { root_.write(file, text); }
  std::string get(const std::string& file) {
    return test::TemporaryDirectory::read(root_.path() + "/" + file);
  }
  std::unique_ptr<CgroupV2Driver> open() {
    return CgroupV2Driver::open_unchecked({root_.path(), root_.path()}, "life",
                                          [this](const std::string& path) {
                                            recorded_.push_back(path);
                                            return Status();
                                          });
  }

  test::TemporaryDirectory root_;
  std::vector<std::string> recorded_;
};

TEST_F(CgroupV2Test, TurnsControllersOn) {
  const auto driver = open();
  ASSERT_NE(driver, nullptr);
  EXPECT_TRUE(driver->support().memory && driver->support().cpu && driver->support().pids);
  EXPECT_EQ(recorded_, std::vector<std::string>{root_.path() + "/agentainer-life"});
  EXPECT_NE(get("cgroup.subtree_control").find("+pids"), std::string::npos);
  EXPECT_NE(get("agentainer-life/cgroup.subtree_control").find("+pids"), std::string::npos);
}

TEST_F(CgroupV2Test, UsesOnlyTheControllersThereAre) {
  put("cgroup.controllers", "cpuset memory_recursiveprot pids\n");
  const auto driver = open();
  EXPECT_FALSE(driver->support().memory);
  EXPECT_TRUE(driver->support().pids);
  put("agentainer-life/1/memory.max", "untouched");
  const auto cgroup = driver->create(1, {.memory_bytes = 1000, .pids = 5});
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  EXPECT_EQ(get("agentainer-life/1/memory.max"), "untouched");
  EXPECT_EQ(get("agentainer-life/1/pids.max"), "5");
}

TEST_F(CgroupV2Test, WritesLimits) {
  const auto driver = open();
  const auto cgroup =
      driver->create(1, {.cpu_nano = 500'000'000, .memory_bytes = 1 << 20, .pids = 32});
  ASSERT_TRUE(cgroup) << cgroup.error().message;
  EXPECT_EQ(get("agentainer-life/1/memory.max"), "1048576");
  EXPECT_EQ(get("agentainer-life/1/memory.swap.max"), "0");
  EXPECT_EQ(get("agentainer-life/1/memory.oom.group"), "1");
  EXPECT_EQ(get("agentainer-life/1/cpu.max"), "50000 100000");
  EXPECT_EQ(get("agentainer-life/1/pids.max"), "32");
  EXPECT_GE((*cgroup)->clone_fd(), 0);
  EXPECT_TRUE((*cgroup)->join_fds().empty());
}

TEST_F(CgroupV2Test, CpuQuotaIsNeverBelowTheKernelsMinimum) {
  const auto driver = open();
  ASSERT_TRUE(driver->create(1, {.cpu_nano = 1}));
  EXPECT_EQ(get("agentainer-life/1/cpu.max"), "1000 100000");
}

TEST_F(CgroupV2Test, ReportsWhatHappenedSinceBegin) {
  const auto driver = open();
  const auto cgroup = driver->create(1, {.memory_bytes = 1 << 20, .pids = 32});
  (*cgroup)->begin();
  CgroupReport report = (*cgroup)->report();
  EXPECT_FALSE(report.memory_limit_killed);
  EXPECT_FALSE(report.pids_limit_reached);
  EXPECT_EQ(report.peak_memory_bytes, 0) << "the peak is of an earlier attempt";
  put("agentainer-life/1/memory.events", "oom 3\noom_kill 3\n");
  put("agentainer-life/1/memory.peak", "2000\n");
  put("agentainer-life/1/pids.events", "max 6\n");
  report = (*cgroup)->report();
  EXPECT_TRUE(report.memory_limit_killed);
  EXPECT_TRUE(report.pids_limit_reached);
  EXPECT_EQ(report.peak_memory_bytes, 2000);
  (*cgroup)->begin();
  EXPECT_FALSE((*cgroup)->report().memory_limit_killed);
}

TEST_F(CgroupV2Test, EmptyAndKill) {
  const auto driver = open();
  const auto cgroup = driver->create(1, {});
  EXPECT_TRUE((*cgroup)->is_empty());
  put("agentainer-life/1/cgroup.procs", "123\n");
  EXPECT_FALSE((*cgroup)->is_empty());
  put("agentainer-life/1/cgroup.procs", "");
  (*cgroup)->kill();
  EXPECT_EQ(get("agentainer-life/1/cgroup.kill"), "1");
}

TEST_F(CgroupV2Test, NothingIsMadeWhereNothingMayBeWritten) {
  EXPECT_EQ(CgroupV2Driver::open_unchecked({"/nonexistent", "/nonexistent"}, "life",
                                           [](const std::string&) { return Status(); }),
            nullptr);
}

TEST(ReapCgroup, RefusesPathsThatAreNotOurs) {
  const test::TemporaryDirectory root;
  root.write("other/cgroup.procs", "");
  EXPECT_FALSE(reap_cgroup(root.path() + "/other"));
  EXPECT_FALSE(reap_cgroup(root.path() + "/agentainer-x/../other"));
  EXPECT_FALSE(reap_cgroup(""));
  EXPECT_TRUE(std::filesystem::exists(root.path() + "/other"));
  EXPECT_TRUE(reap_cgroup(root.path() + "/agentainer-gone")) << "nothing left to do";
}

}  // namespace
}  // namespace agentainer::runtime

// What a killed server leaves running is ended by the next one, and what a living one runs is left
// alone.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sstream>

#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime::test {
namespace {

class ProcessRecoveryTest : public ProcessTest, public testing::WithParamInterface<CgroupUse> {
 protected:
  ProcessRecoveryTest() { options.cgroups = GetParam(); }
  ~ProcessRecoveryTest() override {
    for (const pid_t pid : servers_) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }

  /// Another server on the same data directory, running `text` until it is killed.
  pid_t start_server(const std::string& text) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      start(script(text));
      loop().run();
      ::_exit(0);
    }
    servers_.push_back(pid);
    return pid;
  }

  void kill_server(pid_t pid) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    std::erase(servers_, pid);
  }

  std::vector<pid_t> pids(const std::string& file, std::size_t count) {
    std::vector<pid_t> found;
    EXPECT_TRUE(eventually([&] {
      found.clear();
      std::istringstream text(TemporaryDirectory::read(source() + "/" + file));
      for (pid_t pid = 0; text >> pid;) found.push_back(pid);
      return found.size() >= count;
    }));
    return found;
  }

  void expect_ended(const std::vector<pid_t>& agents) {
    for (const pid_t pid : agents) EXPECT_TRUE(eventually([&] { return !is_running(pid); })) << pid;
    // A subreaper by now, this process inherited them from the server.
    EXPECT_TRUE(eventually([] { return ::waitpid(-1, nullptr, WNOHANG) < 0; }));
  }

  void recover() {
    bool done = false;
    runtime().recover([&](Result<std::vector<AttemptId>> found) {
      ASSERT_TRUE(found) << found.error().message;
      EXPECT_TRUE(found->empty());
      done = true;
    });
    run_until([&] { return done; });
  }

 private:
  std::vector<pid_t> servers_;
};

std::string name_of(const testing::TestParamInfo<CgroupUse>& info) {
  return info.param == CgroupUse::kAuto ? "Auto" : "None";
}

INSTANTIATE_TEST_SUITE_P(Cgroups, ProcessRecoveryTest,
                         testing::Values(CgroupUse::kAuto, CgroupUse::kNone), name_of);

constexpr const char* kDaemons =
    "setsid sh -c 'trap \"\" TERM HUP; echo $$ >> pids; while :; do sleep 1; done' & sleep 1000 & "
    "echo $! >> pids; echo $$ > main; echo $$ >> pids;"
    "echo x > $TMPDIR/left; wait";

TEST_P(ProcessRecoveryTest, AgentsOfAKilledServerAreReaped) {
  const pid_t server = start_server(kDaemons);
  const std::vector<pid_t> agents = pids("pids", 3);
  kill_server(server);
  const pid_t main = pids("main", 1).at(0);
  EXPECT_TRUE(eventually([&] { return !is_running(main); }))
      << "the kernel kills the main process with its server";
  recover();
  expect_ended(agents);
  expect_nothing_left();
}

TEST_P(ProcessRecoveryTest, ALivingServerIsNotDisturbed) {
  const pid_t server = start_server(kDaemons);
  const std::vector<pid_t> agents = pids("pids", 3);
  recover();
  for (const pid_t pid : agents) EXPECT_TRUE(is_running(pid)) << pid;
  EXPECT_TRUE(run(task({"true"})).succeeded);
  kill_server(server);
  recover();
  expect_ended(agents);
  expect_nothing_left();
}

TEST_P(ProcessRecoveryTest, NothingToRecover) {
  recover();
  std::filesystem::create_directories(
      data() + "/run/1-2-3/5/tmp/x");  // of a life that did not get as far as its lock
  recover();
  EXPECT_FALSE(std::filesystem::exists(data() + "/run/1-2-3"));
  expect_nothing_left();
}

}  // namespace
}  // namespace agentainer::runtime::test

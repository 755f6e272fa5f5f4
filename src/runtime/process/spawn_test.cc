#include "runtime/process/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime {
namespace {

class SpawnTest : public testing::Test {
 protected:
  tl::expected<Spawned, SpawnError> start(const char* program, const char* directory = "/",
                                          std::span<const ResourceLimit> limits = {}) {
    return spawn({.program = program,
                  .arguments = arguments_,
                  .environment = environment_,
                  .directory = directory,
                  .stdin_fd = null_.get(),
                  .stdout_fd = null_.get(),
                  .stderr_fd = null_.get(),
                  .limits = limits});
  }

  UniqueFd null_{::open("/dev/null", O_RDWR | O_CLOEXEC)};
  char* arguments_[4] = {const_cast<char*>("sh"), const_cast<char*>("-c"),
                         const_cast<char*>("exit 7"), nullptr};
  char* environment_[1] = {nullptr};
};

TEST_F(SpawnTest, RunsTheProgram) {
  auto spawned = start("/bin/sh");
  ASSERT_TRUE(spawned);
  EXPECT_GE(spawned->pidfd.get(), 0);
  int status = 0;
  ASSERT_EQ(::waitpid(spawned->pid, &status, 0), spawned->pid);
  EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(SpawnTest, SaysWhatFailedAndLeavesNoZombie) {
  auto missing = start("/no/such/program");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().stage, SpawnStage::kProgram);
  EXPECT_EQ(missing.error().error, ENOENT);
  auto directory = start("/bin/sh", "/no/such/directory");
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().stage, SpawnStage::kDirectory);
  const ResourceLimit impossible{RLIMIT_NOFILE, {100, 50}};
  auto limit = start("/bin/sh", "/", std::span(&impossible, 1));
  ASSERT_FALSE(limit);
  EXPECT_EQ(limit.error().stage, SpawnStage::kLimit);
  EXPECT_TRUE(::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD);
}

TEST_F(SpawnTest, LocalsOfTheCallerSurvive) {
  // The child runs on the caller's stack; what it does there must not be seen.
  volatile std::uint64_t canary[64];
  for (std::uint64_t i = 0; i < 64; ++i) canary[i] = i * 0x9E3779B97F4A7C15ull;
  for (int round = 0; round < 50; ++round) {
    auto spawned = start("/bin/sh");
    ASSERT_TRUE(spawned);
    ::waitpid(spawned->pid, nullptr, 0);
    for (std::uint64_t i = 0; i < 64; ++i) ASSERT_EQ(canary[i], i * 0x9E3779B97F4A7C15ull);
  }
}

TEST_F(SpawnTest, TheProgramEndsWithTheThreadThatStartedIt) {
  arguments_[2] = const_cast<char*>("sleep 1000");
  pid_t pid = 0;
  std::thread([&] { pid = start("/bin/sh")->pid; }).join();
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

}  // namespace
}  // namespace agentainer::runtime

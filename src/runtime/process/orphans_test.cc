#include "runtime/process/orphans.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/process/process_test_fixture.h"
#include "runtime/process/spawn.h"

namespace agentainer::runtime::test {
namespace {

bool is_subreaper() {
  int answer = 0;
  ::prctl(PR_GET_CHILD_SUBREAPER, &answer, 0, 0, 0);
  return answer != 0;
}

/// A child of the first thread, as an orphan is, without an environment, that gets the marker
/// "1.2.3" by an exec once it is told to.
class LateMarker {
 public:
  LateMarker() {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    const UniqueFd input(ends[0]);
    go_.reset(ends[1]);
    const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    char* const arguments[] = {
        const_cast<char*>("sh"), const_cast<char*>("-c"),
        const_cast<char*>("read go; AGENTAINER_ATTEMPT=1.2.3 exec /bin/sleep 1000"), nullptr};
    char* const environment[] = {nullptr};
    const auto spawned = spawn({.program = "/bin/sh",
                                .arguments = arguments,
                                .environment = environment,
                                .directory = "/",
                                .stdin_fd = input.get(),
                                .stdout_fd = null.get(),
                                .stderr_fd = null.get()});
    EXPECT_TRUE(spawned);
  }

  void exec() { EXPECT_EQ(::write(go_.get(), "\n", 1), 1); }

 private:
  UniqueFd go_;
};

TEST(OrphansTest, TheProcessIsASubreaperNoLongerThanItReapsOrphans) {
  const bool before = is_subreaper();
  {
    const Orphans orphans;
    EXPECT_TRUE(is_subreaper());
  }
  EXPECT_EQ(is_subreaper(), before);
}

TEST(OrphansTest, AProcessWithoutAnEnvironmentMayBeInTheMiddleOfAnExec) {
  LateMarker child;
  Orphans orphans;
  EXPECT_FALSE(orphans.is_empty("1.2.3")) << "it cannot be told yet";
  EXPECT_TRUE(eventually([&] { return orphans.is_empty("1.2.3"); })) << "no exec takes so long";
  child.exec();
  EXPECT_TRUE(eventually([&] { return !orphans.is_empty("1.2.3"); })) << "looked at again";
  EXPECT_TRUE(orphans.is_empty("1.2.4"));
  orphans.kill("1.2.3");
  EXPECT_TRUE(eventually([&] { return orphans.is_empty("1.2.3"); }));
  EXPECT_TRUE(::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD) << "it was waited for";
}

}  // namespace
}  // namespace agentainer::runtime::test

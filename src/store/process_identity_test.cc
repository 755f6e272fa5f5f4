#include "store/process_identity.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace agentainer::store {
namespace {

TEST(ProcessIdentity, ThisProcessRunsAndReadsBack) {
  const auto here = ProcessIdentity::of_this_process();
  EXPECT_EQ(here.is_running(), true);
  EXPECT_EQ(ProcessIdentity::parse(here.text()), here);
}

TEST(ProcessIdentity, ALaterProcessWithThePidIsAnother) {
  auto before = ProcessIdentity::of_this_process();
  before.start_ticks -= 1;
  EXPECT_EQ(before.is_running(), false);
}

TEST(ProcessIdentity, AnotherBootOrNamespaceCannotBeSeen) {
  auto elsewhere = ProcessIdentity::of_this_process();
  elsewhere.boot_id = "another";
  EXPECT_EQ(elsewhere.is_running(), std::nullopt);
  auto container = ProcessIdentity::of_this_process();
  container.pid_namespace += 1;
  EXPECT_EQ(container.is_running(), std::nullopt);
}

TEST(ProcessIdentity, AZombieDoesNotRun) {
  int gate[2];
  ASSERT_EQ(::pipe(gate), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    char byte;
    ::close(gate[1]);
    ::_exit(static_cast<int>(::read(gate[0], &byte, 1)));
  }
  auto identity = ProcessIdentity::of_this_process();
  identity.pid = child;
  ::close(gate[0]);
  ::close(gate[1]);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(identity.is_running(), false);
  ::waitpid(child, nullptr, 0);
}

TEST(ProcessIdentity, OtherTextIsNone) {
  for (const char* text :
       {"", "{}", "[]", "{\"boot\":1}", R"({"boot":"b","pid_namespace":1,"pid":2})",
        R"({"boot":"b","pid_namespace":1,"pid":-2,"start":3})"})
    EXPECT_EQ(ProcessIdentity::parse(text), std::nullopt) << text;
}

TEST(ParseStartTicks, NameMayHoldParenthesesAndSpaces) {
  const std::string tail = " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21";
  EXPECT_EQ(parse_start_ticks("1 (sh)" + tail), 4711u);
  EXPECT_EQ(parse_start_ticks("1 (a) R 9 (b)" + tail), 4711u);
  EXPECT_EQ(parse_start_ticks("1 (sh) Z 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 2"),
            std::nullopt);
  EXPECT_EQ(parse_start_ticks("1 (sh) S 1 2"), std::nullopt);
  EXPECT_EQ(parse_start_ticks(""), std::nullopt);
}

}  // namespace
}  // namespace agentainer::store

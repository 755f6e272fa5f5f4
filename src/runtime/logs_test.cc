#include "runtime/logs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime {
namespace {

class LogsTest : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) {
    directory_.write("logs/" + workflow_.text() + "/step/" + name, text);
  }
  LogId id(unsigned task, unsigned attempt, LogStream stream = LogStream::kStdout) const {
    return {workflow_, "step", TaskIndex{task}, Attempt{attempt}, stream};
  }
  std::string read(unsigned task, std::int64_t offset, std::size_t max_bytes) {
    const auto range = read_log(directory_.path(), id(task, 1), offset, max_bytes);
    return range ? range->bytes : "fault: " + range.error().message;
  }

  test::TemporaryDirectory directory_;
  WorkflowId workflow_ = WorkflowId::from_parts(1'700'000'000'000, 1, 2);
};

TEST_F(LogsTest, RangesOfALog) {
  write("3.1.stdout", "0123456789");
  EXPECT_EQ(read(3, 0, 100), "0123456789");
  EXPECT_EQ(read(3, 4, 3), "456");
  EXPECT_EQ(read(3, -3, 100), "789");
  EXPECT_EQ(read(3, -100, 2), "01");
  EXPECT_EQ(read(3, 100, 5), "");
  EXPECT_EQ(read(4, 0, 100), "") << "it wrote nothing";
  const auto range = read_log(directory_.path(), id(3, 1), 8, 100);
  ASSERT_TRUE(range);
  EXPECT_EQ(range->offset, 8);
  EXPECT_EQ(range->size_bytes, 10);
}

TEST_F(LogsTest, ListsInOrderAndInPages) {
  for (const char* const name : {"10.1.stdout", "2.2.stdout", "2.1.stderr", "2.1.stdout",
                                 "0.1.stderr", "notes.txt", "3.1.stdout~"})
    write(name, name);
  const auto names = [&](unsigned first, std::size_t limit) {
    std::string text;
    const auto files = list_logs(directory_.path(), workflow_, "step", TaskIndex{first}, limit);
    for (const LogFile& file : files.value())
      text += log_file_name(file.name.task, file.name.attempt, file.name.stream) + " ";
    return text;
  };
  EXPECT_EQ(names(0, 100), "0.1.stderr 2.1.stdout 2.1.stderr 2.2.stdout 10.1.stdout ");
  EXPECT_EQ(names(2, 2), "2.1.stdout 2.1.stderr ");
  EXPECT_EQ(names(3, 100), "10.1.stdout ");
  EXPECT_EQ(names(0, 0), "");
  EXPECT_EQ(list_logs(directory_.path(), workflow_, "silent", TaskIndex{0}, 9).value().size(), 0u);
}

TEST_F(LogsTest, NamesCannotClimb) {
  for (const char* const step : {"..", "../..", "step/..", "", "."}) {
    EXPECT_FALSE(list_logs(directory_.path(), workflow_, step, TaskIndex{0}, 9)) << step;
    EXPECT_FALSE(read_log(directory_.path(),
                          {workflow_, step, TaskIndex{1}, Attempt{1}, LogStream::kStdout}, 0, 9))
        << step;
  }
}

TEST_F(LogsTest, LinksAndPipesAreRefused) {
  const std::string secret = directory_.write("secret", "secret");
  write("1.1.stdout", "");
  const std::string step = directory_.path() + "/logs/" + workflow_.text() + "/step";
  std::filesystem::create_symlink(secret, step + "/5.1.stdout");
  ASSERT_EQ(::mkfifo((step + "/6.1.stdout").c_str(), 0600), 0);
  EXPECT_EQ(read(5, 0, 9).substr(0, 5), "fault");
  EXPECT_EQ(read(6, 0, 9).substr(0, 5), "fault") << "and does not wait for a writer";
  EXPECT_EQ(list_logs(directory_.path(), workflow_, "step", TaskIndex{0}, 9).value().size(), 1u);
  std::filesystem::rename(step, step + "-real");
  std::filesystem::create_directory_symlink(step + "-real", step);
  EXPECT_EQ(read(1, 0, 9).substr(0, 5), "fault") << "a linked directory";
}

}  // namespace
}  // namespace agentainer::runtime

#include "runtime/process/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime {
namespace {

class FilesTest : public testing::Test {
 protected:
  test::TemporaryDirectory directory_;
  UniqueFd fd_{::open(directory_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
};

TEST_F(FilesTest, RemovesTreesOfAnyDepth) {
  // Deeper than paths can be long and descriptors can be open.
  int at = ::dup(fd_.get());
  for (int i = 0; i < 5000; ++i) {
    const char* const name = i == 0 ? "deep" : "some-directory-name";
    ASSERT_EQ(::mkdirat(at, name, 0700), 0);
    const int next = ::openat(at, name, O_RDONLY | O_DIRECTORY);
    ::close(at);
    at = next;
    ::close(::openat(at, "file", O_CREAT | O_WRONLY, 0600));
  }
  ::close(at);
  EXPECT_EQ(remove_tree(fd_.get(), "deep"), 0);
  EXPECT_TRUE(is_empty_directory(fd_.get()));
}

TEST_F(FilesTest, RemovesLinksNotTheirTargets) {
  directory_.write("kept/file", "x");
  directory_.write("tree/file", "x");
  std::filesystem::create_directory_symlink(directory_.path() + "/kept",
                                            directory_.path() + "/tree/link");
  std::filesystem::create_directory_symlink(directory_.path() + "/kept",
                                            directory_.path() + "/top");
  EXPECT_EQ(remove_tree(fd_.get(), "tree"), 0);
  EXPECT_EQ(remove_tree(fd_.get(), "top"), 0);
  EXPECT_EQ(remove_tree(fd_.get(), "not-there"), 0);
  EXPECT_EQ(test::TemporaryDirectory::read(directory_.path() + "/kept/file"), "x");
}

TEST_F(FilesTest, RemovesWhatIsWriteProtected) {
  directory_.write("tree/a/b/file", "x");
  ::chmod((directory_.path() + "/tree/a/b").c_str(), 0500);
  ::chmod((directory_.path() + "/tree/a").c_str(), 0);
  EXPECT_EQ(remove_tree(fd_.get(), "tree"), 0);
}

TEST_F(FilesTest, MakesParents) {
  EXPECT_TRUE(make_directories(directory_.path() + "/a/b/c"));
  EXPECT_TRUE(make_directories(directory_.path() + "/a/b/c"));
  directory_.write("file", "");
  const Status status = make_directories(directory_.path() + "/file/x");
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find(directory_.path() + "/file"), std::string::npos);
}

TEST_F(FilesTest, EmptinessCountsEveryEntry) {
  EXPECT_TRUE(is_empty_directory(fd_.get()));
  directory_.write(".hidden", "");
  EXPECT_FALSE(is_empty_directory(fd_.get()));
}

}  // namespace
}  // namespace agentainer::runtime

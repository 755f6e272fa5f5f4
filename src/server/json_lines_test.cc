#include "server/json_lines.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sim/virtual_executor.h"

namespace agentainer::server {
namespace {

namespace fs = std::filesystem;

class JsonLines : public testing::Test {
 protected:
  JsonLines() {
    std::string name = (fs::temp_directory_path() / "json_lines_XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
  }
  ~JsonLines() override { fs::remove_all(directory_); }

  std::string write(std::string_view text, const std::string& name = "items.jsonl") {
    const fs::path path = directory_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  Result<std::shared_ptr<const Items>> open(const std::string& path) {
    std::optional<Result<std::shared_ptr<const Items>>> answer;
    bool inside_the_call = true;
    source_.open(path, [&](Result<std::shared_ptr<const Items>> items) {
      EXPECT_FALSE(inside_the_call);
      answer = std::move(items);
    });
    inside_the_call = false;
    while (executor_.step()) {
    }
    if (!answer) return fail(ErrorCode::kInternal, "no answer");
    return *answer;
  }
  std::vector<std::string> items(std::string_view text) {
    const auto list = open(write(text));
    if (!list) return {"error: " + list.error().message};
    std::vector<std::string> found;
    for (std::uint32_t i = 0; i < (*list)->count(); ++i) {
      const Result<std::string> item = (*list)->item(i);
      found.push_back(item ? *item : "error");
    }
    return found;
  }

  fs::path directory_;
  sim::VirtualExecutor executor_{TimePoint(milliseconds(0))};
  JsonLinesSource source_{executor_};
};

using Lines = std::vector<std::string>;

TEST_F(JsonLines, OneItemALine) {
  EXPECT_EQ(items("1\n{\"a\": 2}\n\"three\"\n"), (Lines{"1", "{\"a\": 2}", "\"three\""}));
}
TEST_F(JsonLines, TheLastLineNeedsNoEnd) { EXPECT_EQ(items("1\n2"), (Lines{"1", "2"})); }
TEST_F(JsonLines, EmptyLinesAreLeftOut) {
  EXPECT_EQ(items("\n\n1\n\n  \t\n2\n\n\r\n3\n\n"), (Lines{"1", "2", "3"}));
  EXPECT_EQ(items(""), Lines{});
  EXPECT_EQ(items("\n"), Lines{});
  EXPECT_EQ(items(" \n \n"), Lines{});
  EXPECT_EQ(items("   "), Lines{});
}
TEST_F(JsonLines, CarriageReturnsAndSpaceAreNoPartOfItems) {
  EXPECT_EQ(items("1\r\n[2, 3] \t\r\n4\r"), (Lines{"1", "[2, 3]", "4"}));
}
TEST_F(JsonLines, ABadLineIsAnErrorOfItsItem) {
  EXPECT_EQ(items("1\nnot json\n3 4\n\"\xff\"\n5\n"), (Lines{"1", "error", "error", "error", "5"}));
  const auto list = open(write("1\n{\n"));
  EXPECT_NE((*list)->item(1).error().message.find("item 1 of"), std::string::npos);
}

TEST_F(JsonLines, OnlyRegularFilesAreRead) {
  EXPECT_EQ(open((directory_ / "missing").string()).error().code, ErrorCode::kNotFound);
  EXPECT_NE(open(directory_.string()).error().message.find("not a regular file"),
            std::string::npos);
  const std::string fifo = (directory_ / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_NE(open(fifo).error().message.find("not a regular file"), std::string::npos);
  EXPECT_NE(open("/dev/zero").error().message.find("not a regular file"), std::string::npos);
  const std::string secret = write("1\n", "secret");
  if (::geteuid() != 0) {
    ASSERT_EQ(::chmod(secret.c_str(), 0), 0);
    EXPECT_EQ(open(secret).error().code, ErrorCode::kInvalid);
  }
}

TEST_F(JsonLines, ALineMayBeLargeButNotHuge) {
  const std::string large = '"' + std::string(kMaxItemBytes - 100, 'x') + '"';
  EXPECT_EQ(items("1\n" + large + "\n2\n"), (Lines{"1", large, "2"}));
  const auto huge = open(write("1\n\"" + std::string(kMaxItemBytes + 10, 'x') + "\"\n"));
  ASSERT_FALSE(huge);
  EXPECT_NE(huge.error().message.find("item 1 is longer than 16 MiB"), std::string::npos);
}

TEST_F(JsonLines, TheFingerprintIsThatOfTheContent) {
  const std::string path = write("1\n2\n");
  const std::string first = (*open(path))->fingerprint();
  EXPECT_EQ((*open(write("1\n2\n", "copy")))->fingerprint(), first);
  EXPECT_NE((*open(write("1\n3\n")))->fingerprint(), first);
  EXPECT_NE((*open(write("1\n2\n\n")))->fingerprint(), first);
}

TEST_F(JsonLines, AFileReplacedMeanwhileGoesOnBeingRead) {
  const std::string path = write("1\n2\n3\n");
  const auto list = open(path);
  fs::rename(write("9\n", "other"), path);
  EXPECT_EQ((*list)->item(2).value(), "3");
}

TEST_F(JsonLines, AFileOverwrittenMeanwhileIsAnErrorOrAnotherItemButNoCrash) {
  const std::string path = write("[1,2,3]\n[4,5,6]\n[7,8,9]\n");
  const auto list = open(path);
  write("[1");
  EXPECT_FALSE((*list)->item(0));
  EXPECT_FALSE((*list)->item(2));
}

TEST_F(JsonLines, AMillionItemsCostEightBytesEach) {
  std::string text;
  for (int i = 0; i < 1'000'000; ++i) text += fmt::format("{{\"n\":{}}}\n", i);
  const auto list = open(write(text));
  ASSERT_TRUE(list);
  EXPECT_EQ((*list)->count(), 1'000'000u);
  EXPECT_EQ((*list)->item(0).value(), "{\"n\":0}");
  EXPECT_EQ((*list)->item(999'999).value(), "{\"n\":999999}");
}

}  // namespace
}  // namespace agentainer::server

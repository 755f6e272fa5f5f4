#include "cli/inputs.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace agentainer::cli {
namespace {

TEST(ParseInput, ValuesAreJsonOrElseText) {
  const std::pair<const char*, const char*> cases[] = {
      {"n=3", R"(3)"},
      {"n=\"3\"", R"("3")"},
      {"list=[1,2]", R"([1,2])"},
      {"text=hello world", R"("hello world")"},
      {"url=http://x/?a=b", R"("http://x/?a=b")"},
      {"empty=", R"("")"},
      {"yes=true", R"(true)"},
      {"broken={\"a\":", R"("{\"a\":")"},
  };
  for (const auto& [argument, expected] : cases) {
    const auto input = parse_input(argument);
    ASSERT_TRUE(input) << argument;
    EXPECT_EQ(to_text(input->second), expected) << argument;
  }
  EXPECT_EQ(parse_input("a.b=1")->first, "a.b");
}

TEST(ParseInput, WithoutAKeyIsAnErrorThatShowsTheForm) {
  for (const char* argument : {"novalue", "=3", ""}) {
    const auto input = parse_input(argument);
    ASSERT_FALSE(input) << argument;
    EXPECT_NE(input.error().message.find("key=value"), std::string::npos);
  }
}

class GatherInputs : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    const std::string path = (directory_ / name).string();
    std::ofstream(path) << text;
    return path;
  }
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "inputs-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  std::filesystem::path directory_;
};

TEST_F(GatherInputs, LaterOnesReplaceEarlierOnes) {
  const std::string first = file("a.json", R"({"a":1,"b":1})");
  const std::string second = file("b.json", R"({"b":2,"c":2})");
  const auto inputs = gather_inputs({first, second}, {"c=3", "d=x"});
  ASSERT_TRUE(inputs) << inputs.error().message;
  EXPECT_EQ(Json(*inputs), parse_json(R"({"a":1,"b":2,"c":3,"d":"x"})").value());
}

TEST_F(GatherInputs, BadFilesSayWhichAndWhy) {
  EXPECT_NE(gather_inputs({file("l.json", "[1]")}, {}).error().message.find("JSON object"),
            std::string::npos);
  EXPECT_NE(gather_inputs({file("x.json", "{")}, {}).error().message.find("x.json"),
            std::string::npos);
  EXPECT_EQ(gather_inputs({directory_.string() + "/none"}, {}).error().code, ErrorCode::kNotFound);
  EXPECT_NE(gather_inputs({directory_.string()}, {}).error().message.find("directory"),
            std::string::npos);
}

}  // namespace
}  // namespace agentainer::cli

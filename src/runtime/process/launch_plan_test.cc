#include "runtime/process/launch_plan.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>

#include "runtime/process/plan_cache.h"
#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime {
namespace {

std::vector<std::string> entries(EnvironmentBlock& block) {
  std::vector<std::string> result;
  for (char* const* each = block.pointers(); *each != nullptr; ++each) result.emplace_back(*each);
  return result;
}

TEST(EnvironmentBlock, LaterValuesReplaceEarlierOnes) {
  EnvironmentBlock block;
  ASSERT_TRUE(block.set("A", "1"));
  ASSERT_TRUE(block.set("AB", "2"));
  ASSERT_TRUE(block.set("A", "3"));
  ASSERT_TRUE(block.set("EMPTY", ""));
  EXPECT_EQ(entries(block), (std::vector<std::string>{"A=3", "AB=2", "EMPTY="}));
  EXPECT_FALSE(block.set("", "x"));
  EXPECT_FALSE(block.set("A=B", "x"));
  EXPECT_FALSE(block.set(std::string_view("A\0B", 3), "x"));
  EXPECT_FALSE(block.set("A", std::string_view("x\0", 2)));
  EXPECT_EQ(entries(block).size(), 3u) << "what was refused is not in it";
}

TEST(ResolveProgram, SearchesPathAsTheShellDoes) {
  const test::TemporaryDirectory directory;
  const auto executable = [&](const std::string& name) {
    ::chmod(directory.write(name, "#!/bin/sh\n").c_str(), 0755);
  };
  executable("one/tool");
  executable("two/tool");
  executable("here");
  directory.write("one/plain", "");
  std::filesystem::create_directories(directory.path() + "/one/folder");
  const std::string path = directory.path() + "/one:" + directory.path() + "/two";
  EXPECT_EQ(resolve_program("tool", path, "/"), directory.path() + "/one/tool");
  EXPECT_EQ(resolve_program("./here", path, directory.path()), directory.path() + "/./here");
  EXPECT_EQ(resolve_program("here", "relative:", directory.path()), directory.path() + "//here")
      << "an empty element is here";
  EXPECT_EQ(resolve_program("nothing", path, "/").error().message,
            "no such program 'nothing' (looked in PATH " + path + ")");
  EXPECT_EQ(resolve_program("plain", path, "/").error().message,
            "'" + directory.path() + "/one/plain' is not executable");
  EXPECT_FALSE(resolve_program("folder", path, "/"));
  EXPECT_FALSE(resolve_program("tool", "", "/"));
}

TEST(StepPlan, RefusesStepsThatAreNotUsableHere) {
  AgentSpec agent;
  agent.step_id = "../x";
  agent.source_directory = "/";
  EXPECT_FALSE(make_step_plan(agent, {}));
  agent.step_id = "x";
  EXPECT_TRUE(make_step_plan(agent, {}));
  agent.source_directory = "/nonexistent";
  EXPECT_EQ(make_step_plan(agent, {}).error().code, ErrorCode::kNotFound);
}

TEST(PlanCache, KeepsPlansAsLongAsTheirStep) {
  const test::TemporaryDirectory directory;
  PlanCache cache({});
  auto agent = std::make_shared<AgentSpec>();
  agent->step_id = "x";
  agent->source_directory = directory.path();
  agent->image = "image";
  directory.write("image/agent.yaml", "command: [first]");
  EXPECT_EQ((*cache.find(agent))->command.at(0), "first");
  directory.write("image/agent.yaml", "command: [second]");
  EXPECT_EQ((*cache.find(agent))->command.at(0), "first")
      << "a running workflow's image does not change under it";
  EXPECT_EQ((*cache.find(std::make_shared<AgentSpec>(*agent)))->command.at(0), "second");
}

}  // namespace
}  // namespace agentainer::runtime

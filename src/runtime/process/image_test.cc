#include "runtime/process/image.h"

#include <gtest/gtest.h>

#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime {
namespace {

TEST(Image, Parses) {
  const auto image = parse_image(
      "command: [python3, -u, agent.py]\nenv:\n  A: 1\n  B: \"x y\"\n  C:\nmode: exec\n", "p",
      "/tmp");
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->command, (std::vector<std::string>{"python3", "-u", "agent.py"}));
  EXPECT_EQ(image->environment, (std::vector<std::pair<std::string, std::string>>{
                                    {"A", "1"}, {"B", "x y"}, {"C", ""}}));
  EXPECT_EQ(image->working_directory, "/tmp");
  EXPECT_EQ(parse_image("command: 'echo $X | wc'", "p", "/tmp")->command,
            (std::vector<std::string>{"/bin/sh", "-c", "echo $X | wc"}));
  EXPECT_TRUE(parse_image("", "p", "/tmp")->command.empty()) << "the step gives the command";
}

struct Fault {
  const char* text;
  const char* message;
};

TEST(Image, NamesFaultsWithTheirPlace) {
  const Fault faults[] = {
      {"comand: x",
       "agent.yaml:1:1: unknown key 'comand'; there are command, env, workdir and mode"},
      {"command: x\nenv: [1]", "agent.yaml:2:6: env: expected a mapping"},
      {"command: []", "agent.yaml:1:10: command: expected a list of strings"},
      {"command: [a, [b]]", "agent.yaml:1:14: command: expected a string"},
      {"command: x\nmode: worker", "agent.yaml:2:7: mode: 'worker' is not supported"},
      {"workdir: nowhere", "agent.yaml:1:10: workdir: there is no directory /nonexistent/nowhere"},
      {"env: {A=B: 1}", "agent.yaml:1:7: env: 'A=B' cannot be the name of a variable"},
      {"- a", "agent.yaml:1:1: expected a mapping"},
      {"command: [x", "agent.yaml:1:"},
  };
  for (const Fault& each : faults) {
    const auto image = parse_image(each.text, "agent.yaml", "/nonexistent");
    ASSERT_FALSE(image) << each.text;
    EXPECT_EQ(image.error().message.substr(0, std::string(each.message).size()), each.message);
  }
  const auto both = parse_image("a: 1\nb: 2", "f", "/tmp");
  EXPECT_EQ(std::count(both.error().message.begin(), both.error().message.end(), '\n'), 1)
      << "all at once";
}

TEST(Image, SaysWhatIsMissing) {
  const test::TemporaryDirectory source;
  std::filesystem::create_directory(source.path() + "/empty");
  const Fault faults[] = {
      {"./nowhere", "there is no directory"},
      {"./empty", "agent.yaml is missing or cannot be read"},
      {"python:3.12", "container images need --runtime docker"},
      {"ghcr.io/owner/name@sha256:abc", "container images need --runtime docker"},
      {"alpine", "container images need --runtime docker"},
  };
  for (const Fault& each : faults) {
    const auto image = load_image(each.text, source.path());
    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().code, ErrorCode::kNotFound);
    EXPECT_NE(image.error().message.find(each.message), std::string::npos) << image.error().message;
  }
}

}  // namespace
}  // namespace agentainer::runtime

#include "runtime/trace_parent.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace agentainer::runtime {
namespace {

TEST(TraceParent, IsValidAndNamesTheWorkflow) {
  const WorkflowId workflow = WorkflowId::from_parts(0x018BCFE56800, 0x1234, 0x56789ABCDEF01234);
  const std::string text = trace_parent({workflow, StepIndex{1}, TaskIndex{2}, Attempt{3}});
  EXPECT_TRUE(std::regex_match(text, std::regex("00-[0-9a-f]{32}-[0-9a-f]{16}-01"))) << text;
  EXPECT_EQ(text.substr(3, 32),
            "018bcfe568001234"
            "56789abcdef01234");
  EXPECT_EQ(trace_parent({workflow, StepIndex{1}, TaskIndex{2}, Attempt{3}}), text);
}

TEST(TraceParent, DiffersByAttemptAndIsNeverZero) {
  std::set<std::string> spans;
  for (unsigned step = 0; step < 10; ++step)
    for (unsigned task = 0; task < 10; ++task)
      for (unsigned attempt = 1; attempt <= 10; ++attempt)
        spans.insert(
            trace_parent({WorkflowId(), StepIndex{step}, TaskIndex{task}, Attempt{attempt}}));
  EXPECT_EQ(spans.size(), 1000u);
  for (const std::string& each : spans) {
    EXPECT_NE(each.substr(3, 32), std::string(32, '0'));
    EXPECT_NE(each.substr(36, 16), std::string(16, '0'));
  }
}

}  // namespace
}  // namespace agentainer::runtime

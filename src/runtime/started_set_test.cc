#include "runtime/started_set.h"

#include <gtest/gtest.h>

namespace agentainer::runtime {
namespace {

AttemptId id(unsigned workflow, unsigned step, unsigned task, unsigned attempt) {
  return {WorkflowId::from_parts(workflow, 0, 0), StepIndex{step}, TaskIndex{task},
          Attempt{attempt}};
}

TEST(StartedSet, AnAttemptIsAddedOnce) {
  StartedSet set;
  EXPECT_TRUE(set.add(id(1, 0, 5, 1)));
  EXPECT_FALSE(set.add(id(1, 0, 5, 1)));
  EXPECT_TRUE(set.add(id(1, 0, 4, 1))) << "another task";
  EXPECT_TRUE(set.add(id(1, 1, 5, 1))) << "another step";
  EXPECT_TRUE(set.add(id(2, 0, 5, 1))) << "another workflow";
  EXPECT_TRUE(set.add(id(1, 0, 5, 3)));
  EXPECT_FALSE(set.add(id(1, 0, 5, 2))) << "a late start of an older attempt";
}

TEST(StartedSet, ForgetsTheOldestWorkflowsFirst) {
  StartedSet set(100);
  for (unsigned workflow = 1; workflow <= 50; ++workflow)
    for (unsigned task = 0; task < 10; ++task) EXPECT_TRUE(set.add(id(workflow, 0, task, 1)));
  EXPECT_LE(set.tasks(), 110u);
  EXPECT_FALSE(set.add(id(50, 0, 3, 1)));
  EXPECT_FALSE(set.add(id(45, 0, 3, 1)));
  EXPECT_TRUE(set.add(id(1, 0, 3, 1))) << "forgotten";
}

}  // namespace
}  // namespace agentainer::runtime

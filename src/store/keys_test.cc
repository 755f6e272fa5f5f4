#include "store/keys.h"

#include <gtest/gtest.h>

namespace agentainer::store {
namespace {

const WorkflowId kId = *WorkflowId::parse("01hf8mqx5z0000000000000abc");

// What is stored must be found by later versions: a change here is a change of schema.
TEST(Keys, AreThoseOfSchema1) {
  EXPECT_EQ(keys::kSchemaVersion, 1u);
  EXPECT_EQ(keys::kTasksPerBucket, 64u);
  EXPECT_EQ(keys::owner(Epoch{7}), "agentainer:owner:7");
  EXPECT_EQ(keys::kOwners, "agentainer:owners");
  EXPECT_EQ(keys::kTokens, "agentainer:tokens");
  EXPECT_EQ(keys::kAudit, "agentainer:audit");
  EXPECT_EQ(keys::request("a b"), "agentainer:request:a b");
  EXPECT_EQ(keys::workflow(kId), "workflow:01hf8mqx5z0000000000000abc");
  EXPECT_EQ(keys::events(kId), "workflow:01hf8mqx5z0000000000000abc:events");
  EXPECT_EQ(keys::state(kId), "workflow:01hf8mqx5z0000000000000abc:state");
  EXPECT_EQ(keys::outputs(kId), "workflow:01hf8mqx5z0000000000000abc:outputs");
  EXPECT_EQ(keys::results(kId, "map", 3), "workflow:01hf8mqx5z0000000000000abc:results:map:3");
  EXPECT_EQ(keys::errors(kId, "map", 0), "workflow:01hf8mqx5z0000000000000abc:errors:map:0");
}

TEST(Keys, EveryTaskHasOnePlace) {
  for (const std::uint32_t task : {0u, 1u, 63u, 64u, 65u, 999'999u, UINT32_MAX}) {
    EXPECT_LT(keys::offset_of(TaskIndex{task}), keys::kTasksPerBucket);
    EXPECT_EQ(
        keys::bucket_of(TaskIndex{task}) * keys::kTasksPerBucket + keys::offset_of(TaskIndex{task}),
        task);
  }
}

}  // namespace
}  // namespace agentainer::store

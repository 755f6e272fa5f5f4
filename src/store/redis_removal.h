#pragma once
// Deletes an ended workflow in slices, so that Redis goes on answering the others meanwhile.

#include <vector>

#include "net/redis_connection.h"
#include "store/store.h"

namespace agentainer::store {

/// `answer` gets the first refusal, or the last reply. Task outputs go first, and what the workflow
/// is listed and found by last: a removal that breaks off leaves a workflow that can be removed.
void remove_workflow(net::RedisConnection& connection, const WorkflowId& id,
                     std::vector<StoredStep> steps, net::RedisConnection::Answer answer);

}  // namespace agentainer::store

#pragma once
// The reading half of RedisStore: each function asks, possibly in several rounds, and answers once.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "net/redis_connection.h"
#include "store/store.h"

namespace agentainer::store {

/// An error reply as the error it stands for; kMaybeDone, which says nothing about a read, as
/// kUnavailable.
[[nodiscard]] Result<net::Reply> checked_read(Result<net::Reply> reply);

void read_workflow(net::RedisConnection& connection, const WorkflowId& id,
                   Store::Done<LoadedWorkflow> done);
void read_list(net::RedisConnection& connection, ListQuery query, Store::Done<WorkflowPage> done);
void read_unfinished(net::RedisConnection& connection, std::optional<WorkflowId> after,
                     std::size_t limit, Store::Done<std::vector<UnfinishedWorkflow>> done);
void read_owners(net::RedisConnection& connection, Store::Done<std::vector<Owner>> done);
void read_outputs(net::RedisConnection& connection, const WorkflowId& id, const std::string& step,
                  TaskIndex first, std::uint32_t count,
                  Store::Done<std::vector<StoredTaskOutput>> done);
void read_events(net::RedisConnection& connection, const WorkflowId& id, std::uint64_t after,
                 std::size_t limit, Store::Done<std::vector<StoredRecord>> done);
void read_hash(net::RedisConnection& connection, const std::string& key,
               Store::Done<std::map<std::string, std::string>> done);
void read_request(net::RedisConnection& connection, const std::string& key,
                  Store::Done<std::optional<RequestRecord>> done);
void read_audit_log(net::RedisConnection& connection, const std::optional<std::string>& before,
                    std::size_t limit, Store::Done<std::vector<AuditEntry>> done);

}  // namespace agentainer::store

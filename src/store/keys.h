#pragma once
// Every Redis key is built here. Schema 1:
//
//   agentainer:schema                     text    the schema's version, 1
//   agentainer:epoch                      number  the last epoch given out
//   agentainer:owner:<epoch>              text    who took the epoch (process_identity.h); TTL
//   agentainer:owners                     hash    epoch -> number of unfinished workflows it owns
//   agentainer:workflows                  zset    all workflow ids, score 0 (ids sort by creation)
//   agentainer:unfinished                 zset    ids of workflows that have not ended, score 0
//   agentainer:request:<key>              text    <id> <digest> of the creation with this request
//                                                 key; TTL of 24 h
//   agentainer:tokens                     hash    token id -> what the API knows of it
//   agentainer:audit                      stream  the audit log, one field t an entry; trimmed
//   workflow:<id>                         hash    name, definition, source_directory, created,
//                                                 status, updated (Unix ms), epoch, sequence,
//                                                 finished (0, 1)
//   workflow:<id>:events                  stream  one entry per commit (a huge one has several);
//                                                 its id is <sequence of its last record>-0, its
//                                                 fields are d <digest of the commit> l <records,
//                                                 one per line>, or, where a record has line
//                                                 breaks, d … r <record> r …
//   workflow:<id>:state                   hash    key -> JSON; agents may read and write it
//   workflow:<id>:outputs                 hash    step -> JSON
//   workflow:<id>:results:<step>:<bucket> hash    offset -> JSON, of task bucket * 64 + offset
//   workflow:<id>:errors:<step>:<bucket>  hash    offset -> JSON, likewise
//
// <id> is WorkflowId::text(), 26 characters. <step> is any text: the part after the last colon is
// the bucket. Results are in buckets because Redis keeps a small hash packed: 12 bytes per `null`
// result instead of 56 in one large hash (README.md has the measurements).

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace agentainer::store::keys {

inline constexpr std::uint32_t kSchemaVersion = 1;
/// Part of the schema. 64 packs nearly as densely as 512 and is three times as fast to write.
inline constexpr std::uint32_t kTasksPerBucket = 64;

inline constexpr std::string_view kSchema = "agentainer:schema";
inline constexpr std::string_view kEpoch = "agentainer:epoch";
inline constexpr std::string_view kWorkflows = "agentainer:workflows";
inline constexpr std::string_view kUnfinished = "agentainer:unfinished";
inline constexpr std::string_view kOwners = "agentainer:owners";
inline constexpr std::string_view kTokens = "agentainer:tokens";
inline constexpr std::string_view kAudit = "agentainer:audit";

inline std::string owner(Epoch epoch) {
  return "agentainer:owner:" + std::to_string(to_int(epoch));
}

inline std::string request(std::string_view key) {
  return std::string("agentainer:request:").append(key);
}

inline std::string workflow(const WorkflowId& id) { return "workflow:" + id.text(); }
inline std::string events(const WorkflowId& id) { return workflow(id) + ":events"; }
inline std::string state(const WorkflowId& id) { return workflow(id) + ":state"; }
inline std::string outputs(const WorkflowId& id) { return workflow(id) + ":outputs"; }

constexpr std::uint32_t bucket_of(TaskIndex task) { return to_int(task) / kTasksPerBucket; }
constexpr std::uint32_t offset_of(TaskIndex task) { return to_int(task) % kTasksPerBucket; }

inline std::string results(const WorkflowId& id, std::string_view step, std::uint32_t bucket) {
  return workflow(id).append(":results:").append(step).append(":").append(std::to_string(bucket));
}
inline std::string errors(const WorkflowId& id, std::string_view step, std::uint32_t bucket) {
  return workflow(id).append(":errors:").append(step).append(":").append(std::to_string(bucket));
}

}  // namespace agentainer::store::keys

#include "store/keys.h"
#include "store/redis_read_job.h"
#include "store/redis_reads.h"

namespace agentainer::store {
namespace {

using net::Command;
using net::Reply;

/// Stream entries asked for at once; bounds the part of an answer that is held twice.
constexpr std::uint64_t kPageEntries = 500;

class LoadJob : public ReadJob<LoadJob, LoadedWorkflow> {
 public:
  LoadJob(net::RedisConnection& connection, const WorkflowId& id, Store::Done<LoadedWorkflow> done)
      : ReadJob(connection, std::move(done)) {
    workflow_.id = id;
  }

  void start() {
    const WorkflowId& id = workflow_.id;
    ask(Command{"HMGET", keys::workflow(id), "name", "definition", "source_directory", "created",
                "status", "updated", "epoch", "sequence"},
        [this](Reply& reply) { take_meta(reply); });
    ask({"HGETALL", keys::state(id)}, [this](Reply& reply) { workflow_.state = map_of(reply); });
    ask({"HGETALL", keys::outputs(id)},
        [this](Reply& reply) { workflow_.step_outputs = map_of(reply); });
    ask_page("-");
  }

 private:
  void take_meta(Reply& reply) {
    if (reply.elements.size() != 8)
      return finish(fail(ErrorCode::kInternal, "HMGET gave another number of fields"));
    auto& fields = reply.elements;
    if (fields[7].is_nil())
      return finish(fail(ErrorCode::kNotFound, "no workflow {}", workflow_.id.text()));
    workflow_.origin.name = std::move(fields[0].text);
    workflow_.origin.definition = std::move(fields[1].text);
    workflow_.origin.source_directory = std::move(fields[2].text);
    workflow_.origin.created = time_of(fields[3].text);
    workflow_.status = std::move(fields[4].text);
    workflow_.updated = time_of(fields[5].text);
    workflow_.epoch = Epoch{number_of(fields[6].text)};
    workflow_.sequence = number_of(fields[7].text);
  }

  void ask_page(const std::string& from) {
    Command command{"XRANGE", keys::events(workflow_.id), from, std::to_string(UINT64_MAX),
                    "COUNT"};
    ask(command.add(kPageEntries), [this](Reply& reply) { take_page(reply); });
  }

  void take_page(Reply& reply) {
    auto& records = workflow_.records;
    for (Reply& entry : reply.elements) {
      // A commit of another owner may have come in since the workflow's hash was read.
      if (last_sequence_of(entry) > workflow_.sequence) break;
      for_each_record(entry, [&](std::string&& record) { records.push_back(std::move(record)); });
      if (records.size() != last_sequence_of(entry)) return incomplete();
    }
    if (records.size() == workflow_.sequence) return finish(std::move(workflow_));
    if (reply.elements.size() < kPageEntries) return incomplete();
    ask_page(fmt::format("({}", reply.elements.back().elements[0].text));
  }

  void incomplete() {
    finish(fail(ErrorCode::kInternal,
                "workflow {} has {} records, but {} are in its event stream: {} was changed by "
                "someone else",
                workflow_.id.text(), workflow_.sequence, workflow_.records.size(),
                keys::events(workflow_.id)));
  }

  LoadedWorkflow workflow_;
};

class EventsJob : public ReadJob<EventsJob, std::vector<StoredRecord>> {
 public:
  EventsJob(net::RedisConnection& connection, const WorkflowId& id, std::uint64_t after,
            std::size_t limit, Store::Done<std::vector<StoredRecord>> done)
      : ReadJob(connection, std::move(done)),
        key_(keys::events(id)),
        after_(after),
        limit_(limit) {}

  void start() { ask_page(); }

 private:
  void ask_page() {
    // An entry holds one record or many: the first page finds out, the others use it.
    constexpr std::size_t kFirstPage = 16;
    const std::size_t missing = limit_ - records_.size();
    page_ = std::min(missing, kFirstPage);
    if (!records_.empty())
      page_ = std::clamp<std::size_t>(missing * entries_ / records_.size(), 1, kPageEntries);
    Command command{"XRANGE", key_, std::to_string(after_ + 1), std::to_string(UINT64_MAX),
                    "COUNT"};
    ask(command.add(std::uint64_t{page_}), [this](Reply& reply) { take_page(reply); });
  }

  void take_page(Reply& reply) {
    for (Reply& entry : reply.elements) {
      const std::uint64_t last = last_sequence_of(entry);
      std::vector<std::string> texts;
      for_each_record(entry, [&](std::string&& text) { texts.push_back(std::move(text)); });
      for (std::size_t i = 0; i < texts.size() && records_.size() < limit_; ++i) {
        const std::uint64_t sequence = last - texts.size() + i + 1;
        if (sequence > after_) records_.push_back({sequence, std::move(texts[i])});
      }
      after_ = std::max(after_, last);
      ++entries_;
    }
    if (records_.size() >= limit_ || reply.elements.size() < page_)
      return finish(std::move(records_));
    ask_page();
  }

  const std::string key_;
  std::uint64_t after_;
  const std::size_t limit_;
  std::size_t page_ = 0;
  std::size_t entries_ = 0;
  std::vector<StoredRecord> records_;
};

}  // namespace

void read_workflow(net::RedisConnection& connection, const WorkflowId& id,
                   Store::Done<LoadedWorkflow> done) {
  std::make_shared<LoadJob>(connection, id, std::move(done))->start();
}

void read_events(net::RedisConnection& connection, const WorkflowId& id, std::uint64_t after,
                 std::size_t limit, Store::Done<std::vector<StoredRecord>> done) {
  std::make_shared<EventsJob>(connection, id, after, std::max<std::size_t>(limit, 1),
                              std::move(done))
      ->start();
}

}  // namespace agentainer::store

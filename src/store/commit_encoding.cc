#include "store/commit_encoding.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "store/commit_digest.h"
#include "store/keys.h"

namespace agentainer::store {
namespace {

/// Arguments of one write in functions.lua: Lua 5.1 unpacks at most 8000 values (LUAI_MAXCSTACK).
constexpr std::size_t kMostPairsPerWrite = 1000;

auto place_of(const TaskOutput& output) {
  return std::tuple<const std::string&, bool, std::uint32_t>(output.step, output.succeeded,
                                                             keys::bucket_of(output.task));
}

/// Outcomes that go into one hash: [begin, end) of the sorted outputs.
struct Bucket {
  std::size_t begin = 0;
  std::size_t end = 0;
};

class Encoder {
 public:
  Encoder(const Commit& commit, net::Command& command) : commit_(commit), command_(command) {}

  void encode() {
    sort_outputs();
    list_keys();
    const bool creates = commit_.create.has_value();
    command_.clear();
    command_.add("FCALL").add(creates ? "agentainer_1_create" : "agentainer_1_commit");
    command_.add(std::uint64_t{keys_.size()});
    for (const std::string& key : keys_) command_.add(key);
    add_header();
    if (creates) add_origin(*commit_.create);
    add_records();
    add_state();
    add_step_outputs();
    add_task_outputs();
  }

 private:
  void sort_outputs() {
    outputs_.reserve(commit_.task_outputs.size());
    for (const TaskOutput& output : commit_.task_outputs) outputs_.push_back(&output);
    const auto before = [](const TaskOutput* a, const TaskOutput* b) {
      return place_of(*a) < place_of(*b);
    };
    if (!std::is_sorted(outputs_.begin(), outputs_.end(), before))
      std::stable_sort(outputs_.begin(), outputs_.end(), before);
    for (std::size_t i = 0; i < outputs_.size();) {
      std::size_t end = i + 1;
      while (end < outputs_.size() && place_of(*outputs_[i]) == place_of(*outputs_[end])) ++end;
      buckets_.push_back({i, end});
      i = end;
    }
  }

  void list_keys() {
    const WorkflowId& id = commit_.workflow;
    keys_ = {keys::workflow(id), keys::events(id)};
    if (!commit_.state.empty()) state_key_ = add_key(keys::state(id));
    if (!commit_.step_outputs.empty()) outputs_key_ = add_key(keys::outputs(id));
    first_bucket_key_ = keys_.size() + 1;
    for (const Bucket& bucket : buckets_) {
      const TaskOutput& first = *outputs_[bucket.begin];
      const std::uint32_t number = keys::bucket_of(first.task);
      add_key(first.succeeded ? keys::results(id, first.step, number)
                              : keys::errors(id, first.step, number));
    }
    if (commit_.create) keys_.emplace_back(keys::kWorkflows);
    if (commit_.create || commit_.finished) {
      keys_.emplace_back(keys::kUnfinished);
      keys_.emplace_back(keys::kOwners);
    }
    if (commit_.create && !commit_.create->request_key.empty())
      keys_.push_back(keys::request(commit_.create->request_key));
  }

  /// Lua's index of the key.
  std::size_t add_key(std::string key) {
    keys_.push_back(std::move(key));
    return keys_.size();
  }

  void add_header() {
    command_.add(to_int(commit_.epoch));
    command_.add(commit_.sequence);
    command_.add(commit_.sequence + commit_.records.size());
    digest_ = CommitDigest(commit_).text();
    command_.add(digest_);
    command_.add(commit_.status);
    command_.add(unix_ms(commit_.at));
    command_.add(commit_.finished ? "1" : "0");
  }

  void add_origin(const NewWorkflow& origin) {
    command_.add(origin.name).add(origin.definition).add(origin.source_directory);
    command_.add(unix_ms(origin.created));
    const std::chrono::seconds lifetime = kRequestLifetime;
    command_.add(origin.request_digest);
    command_.add(origin.request_key.empty() ? 0 : static_cast<std::uint64_t>(lifetime.count()));
  }

  static std::uint64_t unix_ms(TimePoint time) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, time.time_since_epoch().count()));
  }

  void begin_write(std::string_view name, std::size_t key, std::size_t arguments) {
    command_.add(name).add(std::uint64_t{key}).add(std::uint64_t{arguments});
  }

  /// Records that are lines, as JSON usually is, travel as one text: Redis handles each argument on
  /// its own, at a microsecond and more.
  void add_records() {
    constexpr std::size_t kEventsKey = 2;
    const auto& records = commit_.records;
    const bool are_lines = std::none_of(
        records.begin(), records.end(),
        [](const std::string& record) { return record.find('\n') != std::string::npos; });
    std::uint64_t last = commit_.sequence;
    for (std::size_t i = 0; i < records.size();) {
      const std::size_t count = std::min(kMostPairsPerWrite, records.size() - i);
      last += count;
      begin_write("XADD", kEventsKey, are_lines ? 5 : 3 + 2 * count);
      command_.add(std::to_string(last) + "-0").add("d").add(digest_);
      if (are_lines) {
        command_.add("l").add(
            fmt::to_string(fmt::join(records.begin() + i, records.begin() + i + count, "\n")));
        i += count;
        continue;
      }
      for (const std::size_t end = i + count; i < end; ++i) command_.add("r").add(records[i]);
    }
  }

  /// In the order given: of several writes to a key the last one stands.
  void add_state() {
    const auto& writes = commit_.state;
    for (std::size_t i = 0; i < writes.size();) {
      const bool sets = writes[i].text.has_value();
      std::size_t end = i;
      while (end < writes.size() && end - i < kMostPairsPerWrite &&
             writes[end].text.has_value() == sets)
        ++end;
      begin_write(sets ? "HSET" : "HDEL", state_key_, (end - i) * (sets ? 2 : 1));
      for (; i < end; ++i) {
        command_.add(writes[i].key);
        if (sets) command_.add(*writes[i].text);
      }
    }
  }

  void add_step_outputs() {
    const auto& outputs = commit_.step_outputs;
    for (std::size_t i = 0; i < outputs.size();) {
      const std::size_t end = std::min(outputs.size(), i + kMostPairsPerWrite);
      begin_write("HSET", outputs_key_, (end - i) * 2);
      for (; i < end; ++i) command_.add(outputs[i].step).add(outputs[i].text);
    }
  }

  void add_task_outputs() {
    std::size_t key = first_bucket_key_;
    for (const Bucket& bucket : buckets_) {
      for (std::size_t i = bucket.begin; i < bucket.end;) {
        const std::size_t end = std::min(bucket.end, i + kMostPairsPerWrite);
        begin_write("HSET", key, (end - i) * 2);
        for (; i < end; ++i) {
          command_.add(std::uint64_t{keys::offset_of(outputs_[i]->task)});
          command_.add(outputs_[i]->text);
        }
      }
      ++key;
    }
  }

  const Commit& commit_;
  net::Command& command_;
  std::vector<const TaskOutput*> outputs_;
  std::vector<Bucket> buckets_;
  std::vector<std::string> keys_;
  std::string digest_;
  std::size_t state_key_ = 0;
  std::size_t outputs_key_ = 0;
  std::size_t first_bucket_key_ = 0;
};

}  // namespace

void encode_commit(const Commit& commit, net::Command& command) {
  AGENTAINER_CHECK(!commit.records.empty(), "a commit has at least one record");
  AGENTAINER_CHECK(commit.create.has_value() == (commit.sequence == 0),
                   "the first commit, and no other, creates");
  Encoder(commit, command).encode();
}

}  // namespace agentainer::store

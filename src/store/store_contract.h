#pragma once
// For tests: what the contract tests need of a kind of store. store_contract_test.cc and
// store_lists_contract_test.cc hold the tests; a program that links them gives the kinds with
// INSTANTIATE_TEST_SUITE_P(…, StoreContract, …).

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "store/store.h"

namespace agentainer::store {

/// One fresh, empty database and the executor its clients answer on.
class StoreHarness {
 public:
  virtual ~StoreHarness() = default;
  /// A client of the database, as another server process would have.
  virtual std::unique_ptr<Store> open() = 0;
  /// Ends a client in good order.
  virtual void close(std::unique_ptr<Store> store) = 0;
  /// Runs the executor until `condition` holds; fails the test if it cannot come to hold.
  virtual void run_until(const std::function<bool()>& condition) = 0;
};

struct StoreKind {
  const char* name;
  std::function<std::unique_ptr<StoreHarness>()> make;
};

inline void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }

class StoreContract : public testing::TestWithParam<StoreKind> {
 protected:
  std::unique_ptr<StoreHarness> harness = GetParam().make();
  std::unique_ptr<Store> store = harness->open();

  /// Calls `start(done)` and waits for the answer.
  template <typename T>
  Result<T> wait(const std::function<void(std::function<void(Result<T>)>)>& start) {
    std::optional<Result<T>> answer;
    start([&](Result<T> result) { answer = std::move(result); });
    EXPECT_FALSE(answer) << "answered inside the call";
    harness->run_until([&] { return answer.has_value(); });
    if (!answer) return fail(ErrorCode::kInternal, "no answer");
    return std::move(*answer);
  }

  Epoch next_epoch() { return next_epoch_of(*store); }
  Epoch next_epoch_of(Store& client);
  Status claim(const WorkflowId& id, Epoch epoch);
  Status commit(Commit commit);
  Result<LoadedWorkflow> load(const WorkflowId& id);
  std::vector<UnfinishedWorkflow> list_unfinished(std::optional<WorkflowId> after = std::nullopt,
                                                  std::size_t limit = 100);
  WorkflowPage list(ListQuery query);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> owners();  ///< Epochs and their counts.
  std::optional<RequestRecord> find_request(const std::string& key);
  Status remove(const WorkflowId& id, std::vector<StoredStep> steps);
  std::vector<StoredTaskOutput> read_task_outputs(const WorkflowId& id, const std::string& step,
                                                  std::uint32_t first, std::uint32_t count);
  std::vector<StoredRecord> read_records(const WorkflowId& id, std::uint64_t after,
                                         std::size_t limit);
  std::map<std::string, std::string> read_state(const WorkflowId& id);
};

inline const TimePoint kCreated{milliseconds{1'700'000'000'123}};

inline WorkflowId id_of(std::uint64_t number) {
  return WorkflowId::from_parts(1'700'000'000'000 + number, 7, number);
}

inline Commit creation(const WorkflowId& id, Epoch epoch) {
  Commit commit;
  commit.workflow = id;
  commit.epoch = epoch;
  commit.create = NewWorkflow{"name", "steps: []\n", "/home/user/project", kCreated};
  commit.records = {R"({"type":"created"})"};
  commit.status = "running";
  commit.at = kCreated;
  return commit;
}

inline Commit next(const WorkflowId& id, Epoch epoch, std::uint64_t sequence,
                   std::string record = R"({"type":"next"})") {
  Commit commit;
  commit.workflow = id;
  commit.epoch = epoch;
  commit.sequence = sequence;
  commit.records = {std::move(record)};
  commit.status = "running";
  commit.at = kCreated + 1s;
  return commit;
}

inline ErrorCode code(const Status& status) {
  EXPECT_FALSE(status.has_value());
  return status ? ErrorCode::kInternal : status.error().code;
}

}  // namespace agentainer::store

#pragma once
// For tests: what the contract tests need of a kind of store. store_contract_test.cc holds the
// tests; a program that links it gives the kinds with INSTANTIATE_TEST_SUITE_P(…, StoreContract,
// …).

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

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
  std::vector<WorkflowSummary> list(std::optional<WorkflowId> before = std::nullopt,
                                    std::size_t limit = 100);
  std::vector<StoredTaskOutput> read_task_outputs(const WorkflowId& id, const std::string& step,
                                                  std::uint32_t first, std::uint32_t count);
  std::vector<StoredRecord> read_records(const WorkflowId& id, std::uint64_t after,
                                         std::size_t limit);
  std::map<std::string, std::string> read_state(const WorkflowId& id);
};

}  // namespace agentainer::store

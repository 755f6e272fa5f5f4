#include "store/memory_store.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <utility>
#include <vector>

#include "store/store_contract.h"

namespace agentainer::store {
namespace {

/// Time that stands still until nothing is left to do at it.
class VirtualExecutor final : public Executor {
 public:
  TimePoint now() const override { return now_; }
  void post(Task task) override { tasks_.push_back(std::move(task)); }
  TimerId schedule(TimePoint due, Task task) override {
    timers_.emplace(std::pair(due, ++last_timer_), std::move(task));
    return TimerId{last_timer_};
  }
  void cancel(TimerId timer) override {
    std::erase_if(timers_, [&](const auto& entry) { return TimerId{entry.first.second} == timer; });
  }

  /// False: there is nothing to run.
  bool step() {
    if (tasks_.empty()) {
      if (timers_.empty()) return false;
      now_ = std::max(now_, timers_.begin()->first.first);
      tasks_.push_back(std::move(timers_.begin()->second));
      timers_.erase(timers_.begin());
    }
    const Task task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  void run() {
    while (step()) {
    }
  }

 private:
  TimePoint now_{milliseconds{1'700'000'000'000}};
  std::deque<Task> tasks_;
  std::map<std::pair<TimePoint, std::uint64_t>, Task> timers_;
  std::uint64_t last_timer_ = 0;
};

class MemoryHarness final : public StoreHarness {
 public:
  std::unique_ptr<Store> open() override {
    return std::make_unique<MemoryStore>(executor_, database_);
  }
  void close(std::unique_ptr<Store> store) override { store.reset(); }
  void run_until(const std::function<bool()>& condition) override {
    while (!condition()) ASSERT_TRUE(executor_.step()) << "nothing left to run, and no answer";
  }

 private:
  VirtualExecutor executor_;
  std::shared_ptr<MemoryDatabase> database_ = std::make_shared<MemoryDatabase>();
};

INSTANTIATE_TEST_SUITE_P(Memory, StoreContract,
                         testing::Values(StoreKind{
                             "memory", [] { return std::make_unique<MemoryHarness>(); }}));

Commit commit_of(std::uint64_t sequence, Epoch epoch = Epoch{1}) {
  Commit commit;
  commit.workflow = WorkflowId::from_parts(1, 2, 3);
  commit.epoch = epoch;
  commit.sequence = sequence;
  if (sequence == 0) commit.create.emplace();
  commit.records = {"{}"};
  return commit;
}

class MemoryFaults : public testing::Test {
 protected:
  using Kind = StoreFault::Kind;

  VirtualExecutor executor;
  std::shared_ptr<MemoryDatabase> database = std::make_shared<MemoryDatabase>();
  std::deque<StoreFault> faults;  ///< Of the next calls, in order.
  std::unique_ptr<MemoryStore> store = open();

  std::unique_ptr<MemoryStore> open() {
    return std::make_unique<MemoryStore>(executor, database, [this](StoreCall, const WorkflowId&) {
      if (faults.empty()) return StoreFault{};
      return std::exchange(faults, std::deque(faults.begin() + 1, faults.end())).front();
    });
  }
  std::string answers;  ///< One letter per answer: k(ok), u(navailable), m(aybe), ? for others.
  void send(std::uint64_t sequence) {
    store->commit(commit_of(sequence), [this](Status status) {
      answers += status                                           ? 'k'
                 : status.error().code == ErrorCode::kUnavailable ? 'u'
                 : status.error().code == ErrorCode::kMaybeDone   ? 'm'
                                                                  : '?';
    });
  }
  std::size_t records() const {
    return database->read_records(commit_of(0).workflow, 0, 100).size();
  }
};

TEST_F(MemoryFaults, AnswersAreLostBeforeAndAfterTheEffect) {
  faults = {{Kind::kLostBefore}, {Kind::kLostAfter}, {Kind::kUnavailable}, {}};
  send(0);
  executor.run();
  EXPECT_EQ(records(), 0u);
  send(0);
  executor.run();
  EXPECT_EQ(records(), 1u);
  send(1);
  executor.run();
  EXPECT_EQ(records(), 1u);
  send(0);
  send(1);
  executor.run();
  EXPECT_EQ(answers, "mmukk");
  EXPECT_EQ(records(), 2u);
}

TEST_F(MemoryFaults, DelaysKeepTheOrder) {
  faults = {{Kind::kNone, 50ms, 100ms}, {Kind::kNone, 0ms, 0ms}};
  const TimePoint begin = executor.now();
  std::vector<milliseconds> times;
  for (const std::uint64_t sequence : {0, 1})
    store->commit(commit_of(sequence), [&](Status status) {
      EXPECT_TRUE(status);
      times.push_back(executor.now() - begin);
    });
  executor.run();
  EXPECT_EQ(times, (std::vector<milliseconds>{150ms, 150ms}));
}

TEST_F(MemoryFaults, AfterACrashWhatIsUnderWayStillArrivesUnanswered) {
  faults = {{Kind::kNone, 50ms, 0ms}};
  send(0);
  store.reset();
  EXPECT_EQ(records(), 0u);
  executor.run();
  EXPECT_EQ(records(), 1u);
  EXPECT_EQ(answers, "");
}

TEST_F(MemoryFaults, ALateCommitOfADeadOwnerIsFenced) {
  send(0);
  executor.run();
  faults = {{Kind::kNone, 50ms, 0ms}};
  send(1);
  store = open();
  ASSERT_TRUE(database->claim(commit_of(0).workflow, Epoch{2}));
  executor.run();
  EXPECT_EQ(records(), 1u);
}

TEST_F(MemoryFaults, FullMeansNoNewWorkflowsOnly) {
  send(0);
  executor.run();
  database->set_full(true);
  send(1);
  Commit other = commit_of(0);
  other.workflow = WorkflowId::from_parts(9, 9, 9);
  std::optional<ErrorCode> code;
  store->commit(other, [&](Status status) { code = status.error().code; });
  executor.run();
  EXPECT_EQ(answers, "kk");
  EXPECT_EQ(code, ErrorCode::kResource);
}

TEST_F(MemoryFaults, ACopyOfTheDatabaseIsASnapshot) {
  send(0);
  executor.run();
  const MemoryDatabase snapshot = *database;
  send(1);
  executor.run();
  EXPECT_EQ(snapshot.read_records(commit_of(0).workflow, 0, 100).size(), 1u);
  EXPECT_EQ(records(), 2u);
}

TEST_F(MemoryFaults, ARequestKeyIsForgottenAfterItsLifetime) {
  const auto create = [&](std::uint64_t number) {
    Commit first = commit_of(0);
    first.workflow = WorkflowId::from_parts(1, 2, number);
    first.create->request_key = "key";
    std::optional<Status> answer;
    store->commit(first, [&](const Status& status) { answer = status; });
    executor.run();
    return answer->has_value();
  };
  const TimePoint start = executor.now();
  EXPECT_TRUE(create(1));
  executor.schedule(start + kRequestLifetime - milliseconds(1), [] {});
  executor.run();
  EXPECT_FALSE(create(2));
  executor.schedule(start + kRequestLifetime, [] {});
  executor.run();
  EXPECT_TRUE(create(3));
}

}  // namespace
}  // namespace agentainer::store

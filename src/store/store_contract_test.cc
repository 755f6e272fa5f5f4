#include "store/store_contract.h"

#include <algorithm>
#include <ostream>
#include <utility>

// What every Store does, whatever it is made of.

namespace agentainer::store {

// Instantiated per program; one without a kind of its own would say so by running no test.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreContract);

void PrintTo(const StoredTaskOutput& output, std::ostream* out) {
  *out << "{result " << output.result.value_or("-") << ", error " << output.error.value_or("-")
       << "}";
}

static bool operator==(const StoredTaskOutput& a, const StoredTaskOutput& b) {
  return a.result == b.result && a.error == b.error;
}

Epoch StoreContract::next_epoch_of(Store& client) {
  return wait<Epoch>([&](auto done) { client.next_epoch(std::move(done)); }).value_or(Epoch{});
}
Status StoreContract::claim(const WorkflowId& id, Epoch epoch) {
  return wait<void>([&](auto done) { store->claim(id, epoch, std::move(done)); });
}
Status StoreContract::commit(Commit commit) {
  return wait<void>([&](auto done) { store->commit(std::move(commit), std::move(done)); });
}
Result<LoadedWorkflow> StoreContract::load(const WorkflowId& id) {
  return wait<LoadedWorkflow>([&](auto done) { store->load(id, std::move(done)); });
}
std::vector<UnfinishedWorkflow> StoreContract::list_unfinished(std::optional<WorkflowId> after,
                                                               std::size_t limit) {
  return wait<std::vector<UnfinishedWorkflow>>(
             [&](auto done) { store->list_unfinished(after, limit, std::move(done)); })
      .value();
}
WorkflowPage StoreContract::list(ListQuery query) {
  return wait<WorkflowPage>([&](auto done) { store->list(query, std::move(done)); }).value();
}
std::vector<StoredTaskOutput> StoreContract::read_task_outputs(const WorkflowId& id,
                                                               const std::string& step,
                                                               std::uint32_t first,
                                                               std::uint32_t count) {
  return wait<std::vector<StoredTaskOutput>>([&](auto done) {
           store->read_task_outputs(id, step, TaskIndex{first}, count, std::move(done));
         })
      .value();
}
std::vector<StoredRecord> StoreContract::read_records(const WorkflowId& id, std::uint64_t after,
                                                      std::size_t limit) {
  return wait<std::vector<StoredRecord>>(
             [&](auto done) { store->read_records(id, after, limit, std::move(done)); })
      .value();
}
std::map<std::string, std::string> StoreContract::read_state(const WorkflowId& id) {
  return wait<std::map<std::string, std::string>>(
             [&](auto done) { store->read_state(id, std::move(done)); })
      .value();
}

namespace {

using namespace std::string_literals;

/// Any bytes at all, and those that protocols and scripts trip over.
const std::string kAwkward = "\r\n$5\0*-1\xFF\xFE\x80 \"'\\{}|"s;

TEST_P(StoreContract, EpochsOnlyGrow) {
  const Epoch first = next_epoch();
  const Epoch second = next_epoch();
  EXPECT_GT(first, Epoch{0});
  EXPECT_GT(second, first);
  const auto other = harness->open();
  EXPECT_GT(next_epoch_of(*other), second);
}

TEST_P(StoreContract, LoadGivesBackEverythingCommitted) {
  const Epoch epoch = next_epoch();
  Commit first = creation(id_of(1), epoch);
  first.state = {{"topic", R"("redis")"}, {"gone", "1"}};
  ASSERT_TRUE(commit(first));
  Commit second = next(id_of(1), epoch, 1);
  second.records = {"{\"n\":1}", "{\"n\":2}", "{\"n\":3}"};
  second.state = {{"gone", std::nullopt}, {"count", "3"}, {"count", "4"}};
  second.step_outputs = {{"fetch", "[1,2]"}, {kAwkward, kAwkward}};
  second.status = "waiting";
  ASSERT_TRUE(commit(second));

  const auto loaded = load(id_of(1));
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->id, id_of(1));
  EXPECT_EQ(loaded->origin.name, "name");
  EXPECT_EQ(loaded->origin.definition, "steps: []\n");
  EXPECT_EQ(loaded->origin.source_directory, "/home/user/project");
  EXPECT_EQ(loaded->origin.created, kCreated);
  EXPECT_EQ(loaded->epoch, epoch);
  EXPECT_EQ(loaded->sequence, 4u);
  EXPECT_EQ(loaded->status, "waiting");
  EXPECT_EQ(loaded->updated, kCreated + 1s);
  EXPECT_EQ(loaded->records, (std::vector<std::string>{R"({"type":"created"})", "{\"n\":1}",
                                                       "{\"n\":2}", "{\"n\":3}"}));
  EXPECT_EQ(loaded->state,
            (std::map<std::string, std::string>{{"topic", R"("redis")"}, {"count", "4"}}));
  EXPECT_EQ(read_state(id_of(1)), loaded->state);
  EXPECT_EQ(loaded->step_outputs,
            (std::map<std::string, std::string>{{"fetch", "[1,2]"}, {kAwkward, kAwkward}}));
}

TEST_P(StoreContract, AnyBytesAreKept) {
  const Epoch epoch = next_epoch();
  Commit first = creation(id_of(1), epoch);
  first.create = NewWorkflow{kAwkward, kAwkward, kAwkward, kCreated};
  first.records = {kAwkward, "", kAwkward + kAwkward};
  first.state = {{kAwkward, kAwkward}, {"", ""}};
  first.task_outputs = {{kAwkward, TaskIndex{0}, true, kAwkward},
                        {kAwkward, TaskIndex{1}, false, ""}};
  first.status = kAwkward;
  ASSERT_TRUE(commit(first));
  const auto loaded = load(id_of(1));
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->origin.name, kAwkward);
  EXPECT_EQ(loaded->origin.definition, kAwkward);
  EXPECT_EQ(loaded->origin.source_directory, kAwkward);
  EXPECT_EQ(loaded->records, first.records);
  EXPECT_EQ(loaded->status, kAwkward);
  EXPECT_EQ(loaded->state, (std::map<std::string, std::string>{{kAwkward, kAwkward}, {"", ""}}));
  EXPECT_EQ(read_task_outputs(id_of(1), kAwkward, 0, 2),
            (std::vector<StoredTaskOutput>{{kAwkward, std::nullopt}, {std::nullopt, ""}}));
}

TEST_P(StoreContract, HugeValuesAreKept) {
  const Epoch epoch = next_epoch();
  std::string huge(std::size_t{24} << 20, 'x');
  for (std::size_t i = 0; i < huge.size(); i += 997) huge[i] = static_cast<char>(i);
  Commit first = creation(id_of(1), epoch);
  first.records = {huge};
  first.task_outputs = {{"step", TaskIndex{5}, true, huge}};
  ASSERT_TRUE(commit(first));
  const auto loaded = load(id_of(1));
  ASSERT_TRUE(loaded);
  EXPECT_TRUE(loaded->records[0] == huge);
  EXPECT_TRUE(read_task_outputs(id_of(1), "step", 5, 1)[0].result == huge);
}

TEST_P(StoreContract, ManyRecordsStateKeysAndOutputsInOneCommit) {
  constexpr std::uint32_t kMany = 12'345;
  const Epoch epoch = next_epoch();
  Commit first = creation(id_of(1), epoch);
  first.records.clear();
  for (std::uint32_t i = 0; i < kMany; ++i) {
    first.records.push_back(std::to_string(i));
    first.state.push_back({"key" + std::to_string(i), std::to_string(i)});
    first.step_outputs.push_back({"step" + std::to_string(i), std::to_string(i)});
    first.task_outputs.push_back(
        {"map", TaskIndex{kMany - 1 - i}, true, std::to_string(kMany - 1 - i)});
  }
  ASSERT_TRUE(commit(first));
  ASSERT_TRUE(commit(first)) << "sent again";
  const auto loaded = load(id_of(1));
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ(loaded->sequence, kMany);
  EXPECT_EQ(loaded->records, first.records);
  EXPECT_EQ(loaded->state.size(), kMany);
  EXPECT_EQ(loaded->step_outputs.size(), kMany);
  const auto outputs = read_task_outputs(id_of(1), "map", 0, kMany);
  for (std::uint32_t i = 0; i < kMany; ++i) ASSERT_EQ(outputs[i].result, std::to_string(i));
}

TEST_P(StoreContract, LoadPagesThroughManyCommits) {
  const Epoch epoch = next_epoch();
  ASSERT_TRUE(commit(creation(id_of(1), epoch)));
  constexpr std::uint64_t kCommits = 1700;
  std::uint64_t answered = 0;
  for (std::uint64_t sequence = 1; sequence <= kCommits; ++sequence)
    store->commit(next(id_of(1), epoch, sequence, std::to_string(sequence)), [&](Status status) {
      EXPECT_TRUE(status);
      ++answered;
    });
  harness->run_until([&] { return answered == kCommits; });
  const auto loaded = load(id_of(1));
  ASSERT_TRUE(loaded) << loaded.error().message;
  ASSERT_EQ(loaded->records.size(), kCommits + 1);
  for (std::uint64_t i = 1; i <= kCommits; ++i) ASSERT_EQ(loaded->records[i], std::to_string(i));
}

TEST_P(StoreContract, CreateOfAnExistingIdConflicts) {
  const Epoch epoch = next_epoch();
  ASSERT_TRUE(commit(creation(id_of(1), epoch)));
  Commit other = creation(id_of(1), epoch);
  other.create->name = "another";
  EXPECT_EQ(code(commit(other)), ErrorCode::kConflict);
  EXPECT_EQ(load(id_of(1))->origin.name, "name");
}

TEST_P(StoreContract, UnknownWorkflowsAreNotFound) {
  EXPECT_EQ(load(id_of(1)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(code(claim(id_of(1), Epoch{1})), ErrorCode::kNotFound);
  EXPECT_EQ(code(commit(next(id_of(1), Epoch{1}, 5))), ErrorCode::kNotFound);
  EXPECT_TRUE(read_state(id_of(1)).empty());
  EXPECT_TRUE(read_records(id_of(1), 0, 10).empty());
  EXPECT_EQ(read_task_outputs(id_of(1), "step", 3, 2), std::vector<StoredTaskOutput>(2));
}

TEST_P(StoreContract, AnOlderEpochIsFenced) {
  const Epoch old_epoch = next_epoch();
  ASSERT_TRUE(commit(creation(id_of(1), old_epoch)));
  const Epoch new_epoch = next_epoch();
  ASSERT_TRUE(claim(id_of(1), new_epoch));
  EXPECT_EQ(code(commit(next(id_of(1), old_epoch, 1))), ErrorCode::kFenced);
  EXPECT_EQ(code(commit(creation(id_of(1), old_epoch))), ErrorCode::kFenced)
      << "sent again by the old owner";
  EXPECT_EQ(code(claim(id_of(1), old_epoch)), ErrorCode::kFenced);
  EXPECT_TRUE(claim(id_of(1), new_epoch)) << "claimed again by its owner";
  EXPECT_EQ(load(id_of(1))->sequence, 1u);
  EXPECT_TRUE(commit(next(id_of(1), new_epoch, 1)));
  EXPECT_EQ(code(commit(next(id_of(1), next_epoch(), 2))), ErrorCode::kFenced)
      << "a later one that did not claim it";
}

TEST_P(StoreContract, AnotherCommitAtAnOldSequenceIsFenced) {
  const Epoch epoch = next_epoch();
  ASSERT_TRUE(commit(creation(id_of(1), epoch)));
  ASSERT_TRUE(commit(next(id_of(1), epoch, 1, "a")));
  EXPECT_EQ(code(commit(next(id_of(1), epoch, 1, "b"))), ErrorCode::kFenced);
  Commit longer = next(id_of(1), epoch, 1, "a");
  longer.records.emplace_back("more");
  EXPECT_EQ(code(commit(longer)), ErrorCode::kFenced);
  Commit with_output = next(id_of(1), epoch, 1, "a");
  with_output.task_outputs = {{"step", TaskIndex{0}, true, "1"}};
  EXPECT_EQ(code(commit(with_output)), ErrorCode::kFenced);
  EXPECT_EQ(load(id_of(1))->records.back(), "a");
  EXPECT_EQ(read_task_outputs(id_of(1), "step", 0, 1)[0], StoredTaskOutput{});
}

TEST_P(StoreContract, ACommitBeforeItsPredecessorHasToWait) {
  const Epoch epoch = next_epoch();
  ASSERT_TRUE(commit(creation(id_of(1), epoch)));
  EXPECT_EQ(code(commit(next(id_of(1), epoch, 2))), ErrorCode::kUnavailable);
  ASSERT_TRUE(commit(next(id_of(1), epoch, 1)));
  EXPECT_TRUE(commit(next(id_of(1), epoch, 2)));
}

TEST_P(StoreContract, CommitsSentAgainAreAcknowledgedAndChangeNothing) {
  const Epoch epoch = next_epoch();
  const Commit first = creation(id_of(1), epoch);
  Commit second = next(id_of(1), epoch, 1);
  second.records = {"a", "b"};
  second.state = {{"key", "2"}};
  Commit third = next(id_of(1), epoch, 3, "c");
  third.state = {{"key", "3"}};
  third.status = "third";
  for (const Commit& each : {first, second, third}) ASSERT_TRUE(commit(each));
  // Not only the last one: several may have been under way when the connection broke.
  for (const Commit& each : {first, second, third, second}) EXPECT_TRUE(commit(each));
  const auto loaded = load(id_of(1));
  EXPECT_EQ(loaded->sequence, 4u);
  EXPECT_EQ(loaded->state.at("key"), "3");
  EXPECT_EQ(loaded->status, "third");
}

TEST_P(StoreContract, ARefusedCommitChangesNothing) {
  const Epoch epoch = next_epoch();
  ASSERT_TRUE(commit(creation(id_of(1), epoch)));
  Commit refused = next(id_of(1), epoch, 7);
  refused.state = {{"key", "1"}};
  refused.task_outputs = {{"step", TaskIndex{0}, true, "1"}};
  refused.step_outputs = {{"step", "1"}};
  refused.status = "completed";
  refused.finished = true;
  ASSERT_FALSE(commit(refused));
  const auto loaded = load(id_of(1));
  EXPECT_EQ(loaded->sequence, 1u);
  EXPECT_EQ(loaded->status, "running");
  EXPECT_TRUE(loaded->state.empty());
  EXPECT_TRUE(loaded->step_outputs.empty());
  EXPECT_EQ(read_task_outputs(id_of(1), "step", 0, 1)[0], StoredTaskOutput{});
  EXPECT_EQ(list_unfinished().size(), 1u);
}

TEST_P(StoreContract, TaskOutputsHaveHolesWhereNothingHasEnded) {
  const Epoch epoch = next_epoch();
  Commit first = creation(id_of(1), epoch);
  first.task_outputs = {
      {"map", TaskIndex{200}, true, "200"},        {"map", TaskIndex{0}, true, "0"},
      {"map", TaskIndex{63}, false, "e63"},        {"map", TaskIndex{64}, true, "64"},
      {"other", TaskIndex{1}, true, "o1"},         {"map:0", TaskIndex{1}, true, "c1"},
      {"map", TaskIndex{UINT32_MAX}, true, "last"}};
  ASSERT_TRUE(commit(first));
  Commit second = next(id_of(1), epoch, 1);
  second.task_outputs = {{"map", TaskIndex{1}, true, "1"}, {"map", TaskIndex{199}, true, "199"}};
  ASSERT_TRUE(commit(second));

  std::vector<StoredTaskOutput> expected(202);
  for (const std::uint32_t task : {0, 1, 64, 199, 200})
    expected[task].result = std::to_string(task);
  expected[63].error = "e63";
  EXPECT_EQ(read_task_outputs(id_of(1), "map", 0, 202), expected);
  for (const auto& [begin, count] : {std::pair(1u, 63u), std::pair(63u, 2u), std::pair(64u, 64u),
                                     std::pair(150u, 52u), std::pair(2u, 61u), std::pair(0u, 0u)})
    EXPECT_EQ(
        read_task_outputs(id_of(1), "map", begin, count),
        std::vector<StoredTaskOutput>(expected.begin() + begin, expected.begin() + begin + count))
        << begin << " " << count;
  EXPECT_EQ(read_task_outputs(id_of(1), "map:0", 0, 3)[1].result, "c1");
  EXPECT_EQ(read_task_outputs(id_of(1), "other", 0, 3)[1].result, "o1");
  const auto tail = read_task_outputs(id_of(1), "map", UINT32_MAX - 1, 10);
  ASSERT_EQ(tail.size(), 2u) << "there are no tasks after the last index";
  EXPECT_EQ(tail[1].result, "last");
}

TEST_P(StoreContract, ManyTaskOutputsAreReadInOneCall) {
  constexpr std::uint32_t kTasks = 9'000;  // several rounds of buckets
  const Epoch epoch = next_epoch();
  Commit first = creation(id_of(1), epoch);
  for (std::uint32_t i = 0; i < kTasks; i += 3)
    first.task_outputs.push_back({"map", TaskIndex{i}, true, std::to_string(i)});
  ASSERT_TRUE(commit(first));
  const auto outputs = read_task_outputs(id_of(1), "map", 10, kTasks - 10);
  ASSERT_EQ(outputs.size(), kTasks - 10);
  for (std::uint32_t i = 10; i < kTasks; ++i)
    ASSERT_EQ(outputs[i - 10].result, i % 3 == 0 ? std::optional(std::to_string(i)) : std::nullopt);
}

TEST_P(StoreContract, RecordsArePagedAcrossCommits) {
  const Epoch epoch = next_epoch();
  ASSERT_TRUE(commit(creation(id_of(1), epoch)));
  std::uint64_t sequence = 1;
  for (std::uint64_t size = 1; size <= 12; ++size) {
    Commit commit_of_size = next(id_of(1), epoch, sequence);
    commit_of_size.records.clear();
    for (std::uint64_t i = 0; i < size; ++i)
      commit_of_size.records.push_back(std::to_string(++sequence));
    ASSERT_TRUE(commit(commit_of_size));
  }
  for (std::uint64_t after = 0; after <= sequence + 1; after += 5) {
    for (const std::size_t limit : {1, 7, 40, 1000}) {
      const auto records = read_records(id_of(1), after, limit);
      ASSERT_EQ(records.size(),
                after >= sequence ? 0 : std::min<std::uint64_t>(limit, sequence - after));
      for (std::size_t i = 0; i < records.size(); ++i) {
        ASSERT_EQ(records[i].sequence, after + i + 1);
        if (records[i].sequence > 1) {
          ASSERT_EQ(records[i].text, std::to_string(records[i].sequence));
        }
      }
    }
  }
}

TEST_P(StoreContract, ManyWorkflowsInOneTurn) {
  constexpr std::uint64_t kWorkflows = 500;
  const Epoch epoch = next_epoch();
  std::vector<std::uint64_t> order;
  for (std::uint64_t number = 0; number < kWorkflows; ++number) {
    store->commit(creation(id_of(number), epoch), [&order, number](Status status) {
      EXPECT_TRUE(status) << status.error().message;
      order.push_back(number);
    });
    Commit second = next(id_of(number), epoch, 1);
    second.finished = true;
    store->commit(std::move(second),
                  [](Status status) { EXPECT_TRUE(status) << status.error().message; });
  }
  EXPECT_TRUE(order.empty()) << "answered inside the call";
  bool after_all = false;
  store->read_state(id_of(0), [&](auto) { after_all = true; });
  harness->run_until([&] { return after_all; });
  EXPECT_EQ(order.size(), kWorkflows);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_TRUE(list_unfinished().empty());
  EXPECT_EQ(list({.limit = 10'000}).workflows.size(), kWorkflows);
}

TEST_P(StoreContract, OfTwoOwnersOneGoesOn) {
  const auto other = harness->open();
  const Epoch mine = next_epoch();
  ASSERT_TRUE(commit(creation(id_of(1), mine)));
  const Epoch theirs = next_epoch_of(*other);
  // Both at once: whatever the order, no record is lost or doubled.
  std::optional<Status> my_answer;
  std::optional<Status> their_claim;
  store->commit(next(id_of(1), mine, 1, "mine"),
                [&](Status status) { my_answer = std::move(status); });
  other->claim(id_of(1), theirs, [&](Status status) { their_claim = std::move(status); });
  harness->run_until([&] { return my_answer && their_claim; });
  EXPECT_TRUE(*their_claim);
  const auto loaded = load(id_of(1));
  EXPECT_EQ(loaded->epoch, theirs);
  EXPECT_EQ(loaded->sequence, my_answer->has_value() ? 2u : 1u);
  EXPECT_EQ(code(commit(next(id_of(1), mine, loaded->sequence))), ErrorCode::kFenced);
}

}  // namespace
}  // namespace agentainer::store

#include <utility>

#include "store/store_contract.h"

// What every Store does beside the commits: lists, owners, request keys, removal, tokens, the audit
// log.

namespace agentainer::store {

std::vector<std::pair<std::uint64_t, std::uint64_t>> StoreContract::owners() {
  const auto found =
      wait<std::vector<Owner>>([&](auto done) { store->list_owners(std::move(done)); }).value();
  std::vector<std::pair<std::uint64_t, std::uint64_t>> counts;
  for (const Owner& owner : found) counts.emplace_back(to_int(owner.epoch), owner.unfinished);
  return counts;
}
std::optional<RequestRecord> StoreContract::find_request(const std::string& key) {
  return wait<std::optional<RequestRecord>>(
             [&](auto done) { store->find_request(key, std::move(done)); })
      .value();
}
Status StoreContract::remove(const WorkflowId& id, std::vector<StoredStep> steps) {
  return wait<void>([&](auto done) { store->remove(id, std::move(steps), std::move(done)); });
}

namespace {

std::vector<WorkflowId> ids_of(const WorkflowPage& page) {
  std::vector<WorkflowId> ids;
  for (const WorkflowSummary& summary : page.workflows) ids.push_back(summary.id);
  return ids;
}

using Ids = std::vector<WorkflowId>;
using Counts = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

TEST_P(StoreContract, UnfinishedWorkflowsAreListedUntilTheyEnd) {
  const Epoch epoch = next_epoch();
  for (const std::uint64_t number : {3, 1, 2, 4})
    ASSERT_TRUE(commit(creation(id_of(number), epoch)));
  Commit at_once = creation(id_of(5), epoch);
  at_once.finished = true;
  ASSERT_TRUE(commit(at_once));
  Commit end = next(id_of(2), epoch, 1);
  end.finished = true;
  end.status = "completed";
  ASSERT_TRUE(commit(end));
  EXPECT_TRUE(commit(end)) << "sent again";
  EXPECT_EQ(code(commit(next(id_of(2), epoch, 2))), ErrorCode::kConflict) << "it has ended";

  const auto all = list_unfinished();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].id, id_of(1));
  EXPECT_EQ(all[1].id, id_of(3));
  EXPECT_EQ(all[2].id, id_of(4));
  const auto page = list_unfinished(id_of(1), 1);
  ASSERT_EQ(page.size(), 1u);
  EXPECT_EQ(page[0].id, id_of(3));
  EXPECT_TRUE(list_unfinished(id_of(4)).empty());
}

TEST_P(StoreContract, AnOwnerIsAliveUntilItsClientEnds) {
  auto other = harness->open();
  const Epoch mine = next_epoch();
  const Epoch theirs = next_epoch_of(*other);
  ASSERT_TRUE(commit(creation(id_of(1), mine)));
  ASSERT_TRUE(commit(creation(id_of(2), theirs)));
  ASSERT_TRUE(commit(creation(id_of(3), theirs)));
  auto unfinished = list_unfinished();
  ASSERT_EQ(unfinished.size(), 3u);
  EXPECT_EQ(unfinished[0].owner, mine);
  EXPECT_EQ(unfinished[1].owner, theirs);
  for (const auto& workflow : unfinished) EXPECT_TRUE(workflow.owner_alive);
  harness->close(std::move(other));
  unfinished = list_unfinished();
  EXPECT_TRUE(unfinished[0].owner_alive);
  EXPECT_FALSE(unfinished[1].owner_alive);
  EXPECT_FALSE(unfinished[2].owner_alive);
}

TEST_P(StoreContract, ListIsNewestFirstAndPaged) {
  const Epoch epoch = next_epoch();
  for (std::uint64_t number = 1; number <= 5; ++number) {
    Commit first = creation(id_of(number), epoch);
    first.create->name = "workflow " + std::to_string(number);
    ASSERT_TRUE(commit(first));
  }
  const WorkflowPage newest = list({.limit = 2});
  ASSERT_EQ(newest.workflows.size(), 2u);
  EXPECT_EQ(newest.workflows[0].id, id_of(5));
  EXPECT_EQ(newest.workflows[0].name, "workflow 5");
  EXPECT_EQ(newest.workflows[0].status, "running");
  EXPECT_EQ(newest.workflows[0].created, kCreated);
  EXPECT_EQ(newest.workflows[1].id, id_of(4));
  EXPECT_EQ(newest.next, id_of(4));
  const WorkflowPage older = list({.before = newest.next, .limit = 3});
  ASSERT_EQ(older.workflows.size(), 3u);
  EXPECT_EQ(older.workflows[0].id, id_of(3));
  EXPECT_EQ(older.workflows[2].id, id_of(1));
  EXPECT_EQ(older.next, std::nullopt) << "there are no more";
  EXPECT_TRUE(list({.before = id_of(1)}).workflows.empty());
}

TEST_P(StoreContract, ListsOnlyWhatIsAskedFor) {
  const Epoch epoch = next_epoch();
  for (std::uint64_t number = 1; number <= 8; ++number) {
    Commit first = creation(id_of(number), epoch);
    first.create->name = number % 2 == 0 ? "even" : "odd";
    first.status = number <= 4 ? "completed" : "running";
    first.finished = number <= 4;
    ASSERT_TRUE(commit(first));
  }
  EXPECT_EQ(ids_of(list({.status = "completed"})), (Ids{id_of(4), id_of(3), id_of(2), id_of(1)}));
  EXPECT_EQ(ids_of(list({.name = "odd"})), (Ids{id_of(7), id_of(5), id_of(3), id_of(1)}));
  EXPECT_EQ(ids_of(list({.status = "running", .name = "even"})), (Ids{id_of(8), id_of(6)}));
  EXPECT_TRUE(list({.status = "failed"}).workflows.empty());

  const auto time = [](std::uint64_t number) {
    return TimePoint(milliseconds(static_cast<std::int64_t>(id_of(number).unix_ms())));
  };
  EXPECT_EQ(ids_of(list({.created_after = time(3), .created_before = time(6)})),
            (Ids{id_of(5), id_of(4), id_of(3)}));
  EXPECT_EQ(ids_of(list({.before = id_of(5), .created_after = time(3), .created_before = time(7)})),
            (Ids{id_of(4), id_of(3)}));
  EXPECT_TRUE(list({.created_after = time(6), .created_before = time(3)}).workflows.empty());
  const TimePoint never{milliseconds(std::int64_t{1} << 60)};
  EXPECT_EQ(list({.created_after = TimePoint(milliseconds(-5)), .created_before = never})
                .workflows.size(),
            8u);
  EXPECT_TRUE(list({.created_after = never}).workflows.empty());

  const WorkflowPage page = list({.limit = 1, .status = "completed"});
  EXPECT_EQ(ids_of(page), (Ids{id_of(4)}));
  ASSERT_TRUE(page.next);
  EXPECT_EQ(ids_of(list({.before = page.next, .limit = 3, .status = "completed"})),
            (Ids{id_of(3), id_of(2), id_of(1)}));
}

TEST_P(StoreContract, ASearchStopsAfterABoundedNumberAndGoesOnFromThere) {
  const Epoch epoch = next_epoch();
  constexpr std::uint64_t kWorkflows = kMostListed + 1200;
  std::uint64_t acknowledged = 0;
  for (std::uint64_t number = 1; number <= kWorkflows; ++number) {
    Commit first = creation(id_of(number), epoch);
    first.create->name = number == 700 || number == 1500 ? "rare" : "common";
    store->commit(std::move(first), [&](const Status& status) { acknowledged += status ? 1 : 0; });
  }
  harness->run_until([&] { return acknowledged == kWorkflows; });
  const WorkflowPage first = list({.name = "rare"});
  EXPECT_EQ(ids_of(first), (Ids{id_of(1500)})) << "the 4701st from the end";
  ASSERT_TRUE(first.next);
  const WorkflowPage second = list({.before = first.next, .name = "rare"});
  EXPECT_EQ(ids_of(second), (Ids{id_of(700)}));
  EXPECT_FALSE(second.next);
  std::size_t listed = 0;
  std::optional<WorkflowId> before;
  do {
    const WorkflowPage page = list({.before = before, .limit = 1'000'000});
    EXPECT_LE(page.workflows.size(), kMostListed);
    listed += page.workflows.size();
    before = page.next;
  } while (before);
  EXPECT_EQ(listed, kWorkflows);
}

TEST_P(StoreContract, OwnersOfUnfinishedWorkflowsAreCounted) {
  const auto other = harness->open();
  const Epoch mine = next_epoch();
  const Epoch theirs = next_epoch_of(*other);
  EXPECT_EQ(owners(), Counts());
  for (const std::uint64_t number : {1, 2, 3}) ASSERT_TRUE(commit(creation(id_of(number), mine)));
  ASSERT_TRUE(commit(creation(id_of(3), mine))) << "sent again";
  Commit at_once = creation(id_of(4), theirs);
  at_once.finished = true;
  ASSERT_TRUE(commit(at_once));
  EXPECT_EQ(owners(), (Counts{{to_int(mine), 3}}));
  ASSERT_TRUE(claim(id_of(2), theirs));
  ASSERT_TRUE(claim(id_of(2), theirs)) << "again";
  ASSERT_TRUE(claim(id_of(4), theirs)) << "it has ended";
  EXPECT_EQ(owners(), (Counts{{to_int(mine), 2}, {to_int(theirs), 1}}));
  Commit end = next(id_of(2), theirs, 1);
  end.finished = true;
  ASSERT_TRUE(commit(end));
  ASSERT_TRUE(commit(end)) << "sent again";
  EXPECT_EQ(owners(), (Counts{{to_int(mine), 2}}));
}

TEST_P(StoreContract, OwnersAreAliveUntilTheirClientEnds) {
  auto other = harness->open();
  const Epoch theirs = next_epoch_of(*other);
  ASSERT_TRUE(commit(creation(id_of(1), theirs)));
  const auto is_alive = [&] {
    return wait<std::vector<Owner>>([&](auto done) { store->list_owners(std::move(done)); })
        ->at(0)
        .is_alive;
  };
  EXPECT_TRUE(is_alive());
  harness->close(std::move(other));
  EXPECT_FALSE(is_alive());
}

Commit request(std::uint64_t number, Epoch epoch, std::string key, std::string digest) {
  Commit first = creation(id_of(number), epoch);
  first.create->request_key = std::move(key);
  first.create->request_digest = std::move(digest);
  return first;
}

TEST_P(StoreContract, ARequestKeyMakesOneWorkflow) {
  const Epoch epoch = next_epoch();
  EXPECT_FALSE(find_request("key"));
  ASSERT_TRUE(commit(request(1, epoch, "key", "a digest")));
  EXPECT_TRUE(commit(request(1, epoch, "key", "a digest"))) << "the same commit, sent again";
  EXPECT_EQ(code(commit(request(2, epoch, "key", "a digest"))), ErrorCode::kConflict);
  EXPECT_EQ(code(commit(request(2, epoch, "key", "another"))), ErrorCode::kConflict);
  EXPECT_EQ(code(load(id_of(2)).map([](const auto&) {})), ErrorCode::kNotFound)
      << "a refused creation writes nothing";
  EXPECT_EQ(list({}).workflows.size(), 1u);
  EXPECT_EQ(owners(), (Counts{{to_int(epoch), 1}}));
  const auto found = find_request("key");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, id_of(1));
  EXPECT_EQ(found->digest, "a digest");
  EXPECT_FALSE(find_request("ke"));

  ASSERT_TRUE(commit(request(2, epoch, std::string(kMaxRequestKeyBytes, '\n'), "")));
  const auto longest = find_request(std::string(kMaxRequestKeyBytes, '\n'));
  ASSERT_TRUE(longest);
  EXPECT_EQ(longest->digest, "");
}

TEST_P(StoreContract, OfTwoCreationsWithOneRequestKeyOneHappens) {
  const Epoch epoch = next_epoch();
  std::vector<std::string> answers;
  for (const std::uint64_t number : {1, 2, 3})
    store->commit(request(number, epoch, "key", "d"), [&](const Status& status) {
      answers.emplace_back(status ? "ok" : to_string(status.error().code));
    });
  harness->run_until([&] { return answers.size() == 3; });
  EXPECT_EQ(answers[0], "ok");
  EXPECT_EQ(answers[1], to_string(ErrorCode::kConflict));
  EXPECT_EQ(answers[2], to_string(ErrorCode::kConflict));
}

TEST_P(StoreContract, ARemovedWorkflowLeavesNothing) {
  constexpr std::uint32_t kTasks = 40'000;  // several slices
  const Epoch epoch = next_epoch();
  Commit first = creation(id_of(1), epoch);
  first.state = {{"key", "1"}};
  first.step_outputs = {{"map", "[]"}};
  for (std::uint32_t task = 0; task < kTasks; task += 50)
    first.task_outputs.push_back({"map", TaskIndex{task}, task % 100 == 0, "1"});
  first.task_outputs.push_back({"one", TaskIndex{0}, true, "1"});
  first.task_outputs.push_back({"map", TaskIndex{kTasks - 1}, false, "{}"});
  ASSERT_TRUE(commit(first));
  ASSERT_TRUE(commit(creation(id_of(2), epoch)));
  const std::vector<StoredStep> steps{{"map", kTasks}, {"never ran", 0}, {"one", 1}};
  EXPECT_EQ(code(remove(id_of(1), steps)), ErrorCode::kConflict) << "it has not ended";
  EXPECT_EQ(read_task_outputs(id_of(1), "one", 0, 1)[0].result, "1");
  Commit end = next(id_of(1), epoch, 1);
  end.finished = true;
  ASSERT_TRUE(commit(end));

  EXPECT_TRUE(remove(id_of(1), steps));
  EXPECT_EQ(code(remove(id_of(1), steps)), ErrorCode::kNotFound);
  EXPECT_EQ(ids_of(list({})), (Ids{id_of(2)}));
  EXPECT_FALSE(load(id_of(1)));
  EXPECT_TRUE(read_state(id_of(1)).empty());
  EXPECT_TRUE(read_records(id_of(1), 0, 10).empty());
  EXPECT_EQ(code(commit(next(id_of(1), epoch, 2))), ErrorCode::kNotFound);
  for (const StoredStep& step : steps)
    for (const StoredTaskOutput& output : read_task_outputs(id_of(1), step.step, 0, step.tasks))
      ASSERT_FALSE(output.result || output.error);
}

TEST_P(StoreContract, TokensAreKeptUntilTheyAreRemoved) {
  const auto put = [&](const std::string& id, const std::string& text) {
    return wait<void>([&](auto done) { store->put_token(id, text, std::move(done)); });
  };
  const auto remove_token = [&](const std::string& id) {
    return wait<void>([&](auto done) { store->remove_token(id, std::move(done)); });
  };
  const auto tokens = [&] {
    const auto stored =
        wait<std::vector<StoredToken>>([&](auto done) { store->read_tokens(std::move(done)); });
    std::vector<std::pair<std::string, std::string>> all;
    for (const StoredToken& token : *stored) all.emplace_back(token.id, token.text);
    return all;
  };
  using Tokens = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(tokens(), Tokens());
  EXPECT_TRUE(put("b", "{}"));
  EXPECT_TRUE(put("a", "first"));
  EXPECT_TRUE(put("a", "second"));
  EXPECT_EQ(tokens(), (Tokens{{"a", "second"}, {"b", "{}"}}));
  EXPECT_TRUE(remove_token("b"));
  EXPECT_EQ(code(remove_token("b")), ErrorCode::kNotFound);
  EXPECT_EQ(tokens(), (Tokens{{"a", "second"}}));
}

TEST_P(StoreContract, TheAuditLogIsReadFromItsEnd) {
  const auto read = [&](std::optional<std::string> before, std::size_t limit) {
    return wait<std::vector<AuditEntry>>(
        [&](auto done) { store->read_audit(before, limit, std::move(done)); });
  };
  EXPECT_TRUE(read(std::nullopt, 10)->empty());
  for (const char* text : {"one", "two", "three"})
    ASSERT_TRUE(wait<void>([&](auto done) { store->append_audit(text, std::move(done)); }));
  const auto newest = read(std::nullopt, 2).value();
  ASSERT_EQ(newest.size(), 2u);
  EXPECT_EQ(newest[0].text, "three");
  EXPECT_EQ(newest[1].text, "two");
  const auto rest = read(newest[1].id, 10).value();
  ASSERT_EQ(rest.size(), 1u);
  EXPECT_EQ(rest[0].text, "one");
  EXPECT_TRUE(read(rest[0].id, 10)->empty());
  for (const char* bad : {"", "-", "1", "1-", "-1", "1-2-3", "+", "x-1"}) {
    const auto refused = read(bad, 10);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalid);
  }
}

}  // namespace
}  // namespace agentainer::store

#include "store/commit_encoding.h"

#include <gtest/gtest.h>

#include "store/commit_digest.h"

namespace agentainer::store {
namespace {

/// The command's words, the digest as `#`, the workflow's key as `W`.
std::vector<std::string> encode(const Commit& commit) {
  net::Command command;
  encode_commit(commit, command);
  std::string wire;
  command.append_to(wire);
  net::ReplyReader reader;
  EXPECT_TRUE(reader.feed(wire));
  const auto reply = reader.next();
  std::vector<std::string> words;
  for (const net::Reply& word : (**reply).elements) {
    std::string text = word.text == CommitDigest(commit).text() ? "#" : word.text;
    const std::string key = "workflow:" + commit.workflow.text();
    if (text.starts_with(key)) text.replace(0, key.size(), "W");
    words.push_back(std::move(text));
  }
  return words;
}

Commit simple() {
  Commit commit;
  commit.workflow = WorkflowId::from_parts(1, 2, 3);
  commit.epoch = Epoch{4};
  commit.sequence = 9;
  commit.records = {"{}"};
  commit.status = "running";
  commit.at = TimePoint(milliseconds{5});
  return commit;
}

using Words = std::vector<std::string>;

TEST(EncodeCommit, OneRecord) {
  EXPECT_EQ(encode(simple()), (Words{"FCALL",    "agentainer_1_commit",
                                     "2",        "W",
                                     "W:events", "4",
                                     "9",        "10",
                                     "#",        "running",
                                     "5",        "0",
                                     "XADD",     "2",
                                     "5",        "10-0",
                                     "d",        "#",
                                     "l",        "{}"}));
}

TEST(EncodeCommit, RecordsWithLineBreaksStandAlone) {
  Commit commit = simple();
  commit.records = {"a", "b"};
  Words words = encode(commit);
  EXPECT_EQ(Words(words.end() - 8, words.end()),
            (Words{"XADD", "2", "5", "11-0", "d", "#", "l", "a\nb"}));
  commit.records = {"a", "b\nc"};
  words = encode(commit);
  EXPECT_EQ(Words(words.end() - 10, words.end()),
            (Words{"XADD", "2", "7", "11-0", "d", "#", "r", "a", "r", "b\nc"}));
}

TEST(EncodeCommit, OutcomesAreGatheredByBucket) {
  Commit commit = simple();
  commit.task_outputs = {{"s", TaskIndex{64}, true, "c"},
                         {"s", TaskIndex{1}, true, "b"},
                         {"s", TaskIndex{0}, false, "e"},
                         {"s", TaskIndex{0}, true, "a"}};
  const Words words = encode(commit);
  EXPECT_EQ(Words(words.begin() + 2, words.begin() + 8),
            (Words{"5", "W", "W:events", "W:errors:s:0", "W:results:s:0", "W:results:s:1"}));
  EXPECT_EQ(Words(words.end() - 17, words.end()),
            (Words{"HSET", "3", "2", "0", "e", "HSET", "4", "4", "1", "b", "0", "a", "HSET", "5",
                   "2", "0", "c"}));
}

TEST(EncodeCommit, StateKeepsItsOrder) {
  Commit commit = simple();
  commit.state = {{"a", "1"}, {"b", "2"}, {"a", std::nullopt}, {"a", "3"}};
  const Words words = encode(commit);
  EXPECT_EQ(Words(words.end() - 16, words.end()),
            (Words{"HSET", "3", "4", "a", "1", "b", "2", "HDEL", "3", "1", "a", "HSET", "3", "2",
                   "a", "3"}));
}

TEST(EncodeCommit, CreationAndEndNameTheListsTheyChange) {
  Commit commit = simple();
  commit.finished = true;
  Words words = encode(commit);
  EXPECT_EQ(Words(words.begin() + 2, words.begin() + 7),
            (Words{"4", "W", "W:events", "agentainer:unfinished", "agentainer:owners"}));
  commit = simple();
  commit.sequence = 0;
  commit.create = NewWorkflow{"name", "definition", "/dir", TimePoint(milliseconds{4})};
  words = encode(commit);
  EXPECT_EQ(Words(words.begin() + 1, words.begin() + 8),
            (Words{"agentainer_1_create", "5", "W", "W:events", "agentainer:workflows",
                   "agentainer:unfinished", "agentainer:owners"}));
  EXPECT_EQ(Words(words.begin() + 15, words.begin() + 21),
            (Words{"name", "definition", "/dir", "4", "", "0"}));
  commit.create->request_key = "key";
  commit.create->request_digest = "digest";
  words = encode(commit);
  EXPECT_EQ(Words(words.begin() + 7, words.begin() + 9),
            (Words{"agentainer:owners", "agentainer:request:key"}));
  EXPECT_EQ(Words(words.begin() + 20, words.begin() + 22), (Words{"digest", "86400"}));
}

TEST(CommitDigest, TellsCommitsApart) {
  const Commit base = simple();
  std::vector<Commit> others(14, base);
  others[0].epoch = Epoch{5};
  others[1].sequence = 8;
  others[2].records = {"{ }"};
  others[3].records = {"{", "}"};
  others[4].task_outputs = {{"s", TaskIndex{0}, true, ""}};
  others[5].task_outputs = {{"s", TaskIndex{0}, false, ""}};
  others[6].step_outputs = {{"s", ""}};
  others[7].state = {{"s", ""}};
  others[8].state = {{"s", std::nullopt}};
  others[9].status = "completed";
  others[10].finished = true;
  others[11].create.emplace();
  others[12].create.emplace().request_key = "key";
  others[13].create.emplace().request_digest = "key";
  std::set<std::uint64_t> digests{CommitDigest(base).value()};
  for (const Commit& other : others)
    EXPECT_TRUE(digests.insert(CommitDigest(other).value()).second) << &other - &others[0];
  Commit later = base;
  later.at += 1s;
  EXPECT_EQ(CommitDigest(later).value(), CommitDigest(base).value()) << "sent again later";
}

}  // namespace
}  // namespace agentainer::store

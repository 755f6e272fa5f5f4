// Who watches sees every record once and in its order, however slow and whenever it came.

#include "api/event_feed.h"

#include <gtest/gtest.h>

#include "api/test_api.h"

namespace agentainer::api {
namespace {

const char* const kStep = "{id: a, command: [x]}";
/// More records than a page of the store has.
const char* const kManyTasks =
    "{id: a, type: map, command: [x], map: {input_path: many, max_concurrency: 50}}";

std::vector<std::uint64_t> ids_in(std::string_view text) {
  std::vector<std::uint64_t> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view line = text.substr(at, text.find('\n', at) - at);
    if (line.starts_with("id: ")) out.push_back(std::stoull(std::string(line.substr(4))));
    at += line.size() + 1;
  }
  return out;
}

std::vector<std::uint64_t> counting(std::uint64_t from, std::uint64_t to) {
  std::vector<std::uint64_t> out;
  for (; from <= to; ++from) out.push_back(from);
  return out;
}

struct Feed {
  TestApi world;

  std::shared_ptr<FakeStream> watch(const std::string& id, std::uint64_t after = 0) {
    const Answer answer =
        world.call("GET", fmt::format("/workflows/{}/events?after={}", id, after));
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.field("Content-Type"), "text/event-stream");
    return answer.stream;
  }
  std::uint64_t sequence(const std::string& id) {
    return world.call("GET", "/workflows/" + id + "?state=false")
        .data()
        .at("sequence")
        .to_number<std::uint64_t>();
  }
  void cancel(const std::string& id) {
    EXPECT_EQ(world.call("POST", "/workflows/" + id + "/cancel").status, 202);
  }
  void set(const std::string& id, int value) {
    EXPECT_EQ(world
                  .call("PUT", "/workflows/" + id + "/state",
                        fmt::format(R"({{"key":"k","value":{}}})", value))
                  .status,
              200);
  }
  std::string make_many(std::size_t count) {
    std::string items;
    for (std::size_t i = 0; i < count; ++i) items += (i == 0 ? "0" : ",0");
    const Answer made =
        world.call("POST", "/workflows?start=true",
                   fmt::format("name: t\nstate: {{many: [{}]}}\nsteps: [{}]", items, kManyTasks));
    EXPECT_EQ(made.status, 201) << made.raw.body;
    return made.text("id");
  }
};

TEST(EventFeed, SendsTheStoredThenTheLiveAndThenEnds) {
  Feed feed;
  const std::string id = feed.world.make(kStep);
  const auto early = feed.watch(id);
  feed.world.run_for(milliseconds(10));
  const std::uint64_t before = feed.sequence(id);
  EXPECT_EQ(ids_in(early->text), counting(1, before));
  feed.set(id, 1);
  feed.world.run_for(milliseconds(10));
  EXPECT_EQ(ids_in(early->text), counting(1, before + 1));
  const auto late = feed.watch(id, before);
  feed.cancel(id);
  ASSERT_TRUE(feed.world.run_until([&] { return early->has_ended && late->has_ended; }));
  const std::uint64_t last = feed.sequence(id);
  EXPECT_EQ(ids_in(early->text), counting(1, last));
  EXPECT_EQ(ids_in(late->text), counting(before + 1, last));
  EXPECT_EQ(early->text.find("id: 1\nevent: workflow_created\ndata: {"), 0u) << early->text;
  EXPECT_NE(early->text.find("event: workflow_ended\n"), std::string::npos);

  const auto after_all = feed.watch(id, last);
  EXPECT_TRUE(after_all->has_ended);
  EXPECT_EQ(after_all->text, "");
  const auto replay = feed.watch(id, last - 2);
  ASSERT_TRUE(feed.world.run_until([&] { return replay->has_ended; }));
  EXPECT_EQ(ids_in(replay->text), counting(last - 1, last));
}

TEST(EventFeed, LosesAndDoublesNothingWhereStoredAndLiveMeet) {
  Feed feed;
  feed.world.decide = [](const runtime::TaskSpec& task) {
    return runtime::MockPlan{.delay = milliseconds(1 + to_int(task.id.task) * 7 % 13)};
  };
  const std::string id = feed.make_many(2000);
  // One comes at every commit; some of them take their time.
  std::vector<std::shared_ptr<FakeStream>> streams;
  while (feed.world.server.find(*WorkflowId::parse(id)) != nullptr && streams.size() < 500) {
    streams.push_back(feed.watch(id));
    streams.back()->is_slow = streams.size() % 3 == 0;
    feed.world.run_for(milliseconds(1));
  }
  ASSERT_GT(streams.size(), 20u);
  const auto all_ended = [&] {
    return std::all_of(streams.begin(), streams.end(),
                       [](const auto& stream) { return stream->has_ended; });
  };
  for (int i = 0; i < 100 && !all_ended(); ++i) {
    feed.world.run_for(milliseconds(10));
    for (const auto& stream : streams)
      if (stream->is_slow) stream->take();
  }
  const std::uint64_t last = feed.sequence(id);
  EXPECT_GT(last, 300u) << "more than a page of the store";
  for (std::size_t i = 0; i < streams.size(); ++i) {
    EXPECT_TRUE(streams[i]->has_ended) << i;
    EXPECT_EQ(ids_in(streams[i]->text), counting(1, last)) << i;
  }
}

TEST(EventFeed, KeepsNothingForASlowStreamAndReadsItAgain) {
  Feed feed;
  const std::string id = feed.world.make(kStep);
  const auto stream = feed.watch(id);
  stream->is_slow = true;
  feed.world.run_for(milliseconds(10));
  stream->take();
  const std::size_t pieces = stream->pieces;
  const std::uint64_t before = feed.sequence(id);
  for (int i = 0; i < 20; ++i) feed.set(id, i);
  EXPECT_LE(stream->pieces, pieces + 1) << "the next waits until this one is taken";
  stream->take();
  feed.world.run_for(milliseconds(10));
  EXPECT_EQ(stream->pieces, pieces + 2) << "what was missed comes together";
  stream->take();
  EXPECT_EQ(ids_in(stream->text), counting(1, before + 20));
}

TEST(EventFeed, SaysNowAndThenThatItIsThere) {
  Feed feed;
  const std::string id = feed.world.make(kStep);
  const auto stream = feed.watch(id);
  feed.world.run_for(milliseconds(10));
  const std::size_t size = stream->text.size();
  feed.world.run_for(milliseconds(15'000));
  EXPECT_EQ(stream->text.substr(size), ": still here\n\n");
}

TEST(EventFeed, ForgetsWhoHasGone) {
  Feed feed;
  const std::string id = feed.world.make(kStep);
  const auto stream = feed.watch(id);
  feed.world.run_for(milliseconds(10));
  const std::size_t pieces = stream->pieces;
  stream->go_away();
  EXPECT_EQ(stream.use_count(), 1) << "nobody else holds it";
  feed.set(id, 1);
  feed.world.run_for(milliseconds(20'000));
  EXPECT_EQ(stream->pieces, pieces);
}

TEST(EventFeed, EndsWithTheWorkflowEvenForACursorFromTheFuture) {
  Feed feed;
  const std::string id = feed.world.make(kStep);
  const auto stream = feed.watch(id, 1'000'000);
  feed.world.run_for(milliseconds(10));
  feed.cancel(id);
  EXPECT_TRUE(feed.world.run_until([&] { return stream->has_ended; }));
  EXPECT_EQ(stream->text, "");
}

TEST(EventFeed, LooksInTheStoreAtASteadyPaceForWhatRunsElsewhere) {
  Feed feed;
  // Pending workflows are in the store only, as those that other servers run.
  const std::string id = feed.world.make(kStep, false);
  std::size_t reads = 0;
  store::MemoryStore counted(feed.world.executor, feed.world.disk,
                             [&](store::StoreCall call, const WorkflowId&) {
                               reads += call == store::StoreCall::kRead ? 1 : 0;
                               return store::StoreFault();
                             });
  EventFeed here(feed.world.executor, feed.world.server, counted);
  const auto stream = std::make_shared<FakeStream>(feed.world.executor);
  feed.world.run_for(milliseconds(123));  // signs of life come between two looks
  here.watch(*WorkflowId::parse(id), 0, stream);
  feed.world.run_for(milliseconds(10));
  const std::uint64_t before = ids_in(stream->text).size();
  EXPECT_GT(before, 0u);
  reads = 0;
  feed.world.run_for(milliseconds(600'000));
  EXPECT_LE(reads, 1201u) << "two a second, also after many signs of life";
  EXPECT_GE(reads, 1100u);
  EXPECT_EQ(feed.world.call("POST", "/workflows/" + id + "/start").status, 202);
  feed.world.run_for(milliseconds(1000));
  EXPECT_GT(ids_in(stream->text).size(), before);
  EXPECT_EQ(ids_in(stream->text), counting(1, feed.sequence(id)));
}

TEST(EventFeed, TakesTheCursorOfAClientThatWasAway) {
  Feed feed;
  const std::string id = feed.world.make(kStep);
  feed.world.run_for(milliseconds(10));
  const std::uint64_t last = feed.sequence(id);
  net::HttpRequest request = feed.world.request("GET", "/workflows/" + id + "/events?after=0");
  request.fields.push_back({"Last-Event-ID", "1"});
  const Answer answer = feed.world.call(request);
  feed.world.run_for(milliseconds(10));
  EXPECT_EQ(ids_in(answer.stream->text), counting(2, last));
  for (const char* wrong : {"x", "-1", "1 ", "99999999999999999999"}) {
    request.fields.back().value = wrong;
    EXPECT_EQ(feed.world.call(request).status, 400) << wrong;
  }
}

}  // namespace
}  // namespace agentainer::api

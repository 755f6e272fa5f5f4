#pragma once
// For tests: the API over a real server on the store in memory, under virtual time. Requests come
// as the HTTP server hands them over: the head first, then the whole.

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "runtime/mock/mock_runtime.h"
#include "server/server.h"
#include "sim/virtual_executor.h"
#include "store/memory_store.h"

namespace agentainer::api {

/// A stream whose peer takes pieces at once, or when a test says.
class FakeStream final : public net::HttpStream {
 public:
  explicit FakeStream(Executor& executor) : executor_(executor) {}

  bool is_slow = false;
  std::string text;  ///< All pieces.
  std::size_t pieces = 0;
  bool has_ended = false;

  void write(std::string piece, std::function<void()> written) override {
    EXPECT_FALSE(written_) << "one piece at a time";
    EXPECT_FALSE(has_ended);
    text += piece;
    ++pieces;
    written_ = std::move(written);
    if (!is_slow) executor_.post([this] { take(); });
  }
  void end() override {
    EXPECT_FALSE(has_ended);
    has_ended = true;
  }
  void on_closed(std::function<void()> closed) override { closed_ = std::move(closed); }

  /// The peer takes the piece that is on its way.
  void take() {
    if (auto written = std::exchange(written_, nullptr)) written();
  }
  void go_away() {
    written_ = nullptr;
    if (auto closed = std::exchange(closed_, nullptr)) closed();
  }

 private:
  Executor& executor_;
  std::function<void()> written_;
  std::function<void()> closed_;
};

struct Answer {
  int status = 0;  ///< 0: none yet.
  Json body;       ///< Null when it is no JSON.
  net::HttpResponse raw;
  bool came_before_body = false;
  std::shared_ptr<FakeStream> stream;

  const Json& data() const { return body.at("data"); }
  std::string text(std::string_view key) const { return std::string(data().at(key).as_string()); }
  std::string field(std::string_view name) const {
    for (const net::HttpField& field : raw.fields)
      if (net::equals_ignoring_case(field.name, name)) return field.value;
    return "";
  }
  void take(net::HttpResponse response) {
    EXPECT_EQ(status, 0) << "a request is answered once";
    status = response.status;
    if (Result<Json> parsed = parse_json(response.body)) body = std::move(*parsed);
    raw = std::move(response);
  }
};

class FakeExchange final : public net::HttpExchange {
 public:
  FakeExchange(Executor& executor, net::HttpRequest request, std::shared_ptr<Answer> answer)
      : executor_(executor), request_(std::move(request)), answer_(std::move(answer)) {}
  ~FakeExchange() override { EXPECT_NE(answer_->status, 0) << "dropped without an answer"; }
  net::HttpRequest& request() override { return request_; }
  void respond(net::HttpResponse response) override { answer_->take(std::move(response)); }
  std::shared_ptr<net::HttpStream> stream(net::HttpResponse head) override {
    answer_->take(std::move(head));
    answer_->stream = std::make_shared<FakeStream>(executor_);
    return answer_->stream;
  }

 private:
  Executor& executor_;
  net::HttpRequest request_;
  std::shared_ptr<Answer> answer_;
};

/// There are no files of items.
class NoItems final : public server::ItemSource {
 public:
  explicit NoItems(Executor& executor) : executor_(executor) {}
  void open(const std::string& path,
            std::function<void(Result<std::shared_ptr<const server::Items>>)> done) override {
    executor_.post([path, done = std::move(done)] {
      done(fail(ErrorCode::kNotFound, "{} is not there", path));
    });
  }

 private:
  Executor& executor_;
};

class TestApi {
 public:
  static constexpr TimePoint kStart{milliseconds(1'800'000'000'000)};

  explicit TestApi(std::vector<std::string> hosts = {})
      : api(executor, server, store, access,
            {"1.2.3", testing::TempDir() + "no-such-data", "/src", std::move(hosts)}) {
    std::optional<Status> opened;
    server.open([&](const Status& status) { opened = status; });
    run_until([&] { return opened.has_value(); });
    EXPECT_TRUE(opened && *opened);
    admin = token(Scope::kAdmin);
  }

  /// Runs until it holds, for a minute at most.
  bool run_until(const std::function<bool()>& holds) {
    const TimePoint end = executor.now() + std::chrono::minutes(1);
    while (!holds())
      if (executor.now() > end || !executor.step()) return false;
    return true;
  }
  void run_for(milliseconds time) {
    bool is_over = false;
    executor.schedule(executor.now() + time, [&] { is_over = true; });
    while (!is_over) executor.step();
  }

  std::string token(Scope scope, std::optional<WorkflowId> only = std::nullopt,
                    std::optional<TimePoint> expires = std::nullopt) {
    NewToken made = make_token("test", scope, executor.now());
    made.token.workflow = only;
    made.token.expires = expires;
    bool is_added = false;
    access.add(made.token, [&](const Status& status) { is_added = status.has_value(); });
    EXPECT_TRUE(run_until([&] { return is_added; }));
    return made.text;
  }

  net::HttpRequest request(std::string method, std::string target, std::string body = "") const {
    net::HttpRequest out;
    out.method = std::move(method);
    out.target = std::move(target);
    out.body = std::move(body);
    out.remote = "10.0.0.1";
    if (!admin.empty()) out.fields.push_back({"Authorization", "Bearer " + admin});
    return out;
  }

  /// What is said to the head alone; status 0: nothing, the body is wanted.
  Answer head(const net::HttpRequest& request) {
    Answer answer;
    if (auto refused = api.on_head(request)) answer.take(std::move(*refused));
    return answer;
  }
  /// The answer may come later.
  std::shared_ptr<Answer> begin(net::HttpRequest request) {
    auto answer = std::make_shared<Answer>(head(request));
    answer->came_before_body = answer->status != 0;
    if (answer->status == 0)
      api.on_request(std::make_shared<FakeExchange>(executor, std::move(request), answer));
    return answer;
  }
  Answer call(net::HttpRequest request) {
    const auto answer = begin(std::move(request));
    EXPECT_TRUE(run_until([&] { return answer->status != 0; })) << "no answer";
    return *answer;
  }
  Answer call(std::string method, std::string target, std::string body = "") {
    return call(request(std::move(method), std::move(target), std::move(body)));
  }

  /// A workflow of these steps; its id.
  std::string make(const std::string& steps, bool start = true) {
    const Answer answer = call("POST", start ? "/workflows?start=true" : "/workflows",
                               "name: test\nsteps: [" + steps + "]");
    EXPECT_EQ(answer.status, 201) << answer.raw.body;
    return answer.status == 201 ? answer.text("id") : "";
  }
  std::string status_of(const std::string& id) {
    return call("GET", "/workflows/" + id).text("status");
  }

  sim::VirtualExecutor executor{kStart};
  std::shared_ptr<store::MemoryDatabase> disk = std::make_shared<store::MemoryDatabase>();
  /// Agents run until they are stopped, unless a test says otherwise.
  runtime::MockPlan plan{.never_ends = true};
  runtime::MockRuntime::Script decide = [this](const runtime::TaskSpec&) { return plan; };
  runtime::MockRuntime runtime{executor,
                               [this](const runtime::TaskSpec& task) { return decide(task); }};
  NoItems items{executor};
  store::MemoryStore store{executor, disk};
  std::uint64_t last_id = 0;
  server::Server server{executor,
                        store,
                        runtime,
                        items,
                        [this](TimePoint now) {
                          return WorkflowId::from_parts(
                              static_cast<std::uint64_t>(now.time_since_epoch().count()), 0,
                              ++last_id);
                        },
                        server::Options()};
  Access access{executor, store};
  Api api;
  std::string admin;  ///< A token.
};

}  // namespace agentainer::api

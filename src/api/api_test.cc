// What every request meets on its way to its handler: routes, tokens, hosts, bodies, the audit log.

#include "api/api.h"

#include <gtest/gtest.h>

#include "api/test_api.h"

namespace agentainer::api {
namespace {

const char* const kStep = "{id: a, command: [x]}";
constexpr std::string_view kUnknownId = "01jzzzzzzzzzzzzzzzzzzzzzzz";

Answer with_token(TestApi& world, const std::string& token, std::string method,
                  std::string target) {
  net::HttpRequest request = world.request(std::move(method), std::move(target));
  request.fields.clear();
  if (!token.empty()) request.fields.push_back({"authorization", "bearer  " + token});
  return world.head(request);
}

/// A route's path with its parameters filled in.
std::string path_of(const Route& route, std::string_view id) {
  std::string path(route.path);
  for (const auto& [name, value] : {std::pair<std::string_view, std::string_view>("{id}", id),
                                    {"{step}", "a"},
                                    {"{task}", "0"}})
    if (const std::size_t at = path.find(name); at != path.npos)
      path.replace(at, name.size(), value);
  return path;
}

TEST(Api, LetsEachScopeDoWhatItMayAndTellsOthersNothing) {
  TestApi world;
  const std::string tokens[] = {"", world.token(Scope::kRead), world.token(Scope::kRun),
                                world.admin};
  const Scope scopes[] = {Scope::kNone, Scope::kRead, Scope::kRun, Scope::kAdmin};
  for (const Route& route : routes())
    for (std::size_t i = 0; i < std::size(scopes); ++i) {
      net::HttpRequest request =
          world.request(std::string(route.method), path_of(route, kUnknownId));
      // Another address each time, so that nobody is held to have failed too often.
      request.remote = fmt::format("{}{}", route.name, i);
      request.fields.clear();
      if (!tokens[i].empty()) request.fields.push_back({"Authorization", "Bearer " + tokens[i]});
      const int expected = scopes[i] >= route.scope ? 0 : scopes[i] == Scope::kNone ? 401 : 403;
      EXPECT_EQ(world.head(request).status, expected)
          << route.method << " " << route.path << " with " << to_string(scopes[i]);
    }
  EXPECT_EQ(with_token(world, "", "GET", "/no/such").status, 401);
  EXPECT_EQ(with_token(world, "", "PATCH", "/workflows").status, 401);
  EXPECT_EQ(with_token(world, "", "GET", "/workflows").field("WWW-Authenticate"), "Bearer");
}

TEST(Api, LetsATokenOfOneWorkflowSeeOnlyThat) {
  TestApi world;
  const std::string id = world.make(kStep);
  const std::string other = world.make(kStep);
  const std::string token = world.token(Scope::kAdmin, WorkflowId::parse(id));
  for (const Route& route : routes()) {
    if (route.scope == Scope::kNone) continue;
    const std::string method(route.method);
    const bool has_id = route.path.find("{id}") != route.path.npos;
    EXPECT_EQ(with_token(world, token, method, path_of(route, id)).status, has_id ? 0 : 403)
        << route.path;
    EXPECT_EQ(with_token(world, token, method, path_of(route, other)).status, 403) << route.path;
  }
}

TEST(Api, RefusesWhatIsNotThereBeforeTheBodyIsRead) {
  TestApi world;
  struct Case {
    const char* method;
    const char* target;
    int status;
    const char* allow;
  };
  const Case cases[] = {
      {"GET", "/no", 404, ""},
      {"GET", "/", 404, ""},
      {"GET", "/workflows//steps/a/tasks/0/log/x", 404, ""},
      {"PATCH", "/workflows", 405, "GET, POST"},
      {"DELETE", "/workflows/x/state", 405, "GET, PUT, POST"},
      {"get", "/workflows", 405, "GET, POST"},
      {"GET", "workflows", 400, ""},
      {"GET", "/workflows/%", 400, ""},
      {"GET", "/workflows/%00", 400, ""},
      {"GET", "/workflows/%ff", 400, ""},
      {"OPTIONS", "*", 400, ""},
  };
  for (const Case& c : cases) {
    const Answer answer = world.head(world.request(c.method, c.target));
    EXPECT_EQ(answer.status, c.status) << c.method << " " << c.target;
    EXPECT_EQ(answer.field("Allow"), c.allow) << c.method << " " << c.target;
    EXPECT_EQ(answer.body.at("success"), Json(false));
    EXPECT_FALSE(answer.body.at("error").at("code").as_string().empty());
  }
}

TEST(Api, MakesGuessingOfTokensSlow) {
  TestApi world;
  for (int i = 0; i < 30; ++i)
    ASSERT_EQ(with_token(world, "agt_wrong", "GET", "/workflows").status, 401) << i;
  const Answer refused = with_token(world, "agt_wrong", "GET", "/workflows");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.field("Retry-After"), "60");
  EXPECT_EQ(with_token(world, world.admin, "GET", "/workflows").status, 0)
      << "who has a token is not held up by a neighbour";
  net::HttpRequest elsewhere = world.request("GET", "/workflows");
  elsewhere.fields.clear();
  elsewhere.remote = "10.0.0.2";
  EXPECT_EQ(world.head(elsewhere).status, 401);
  world.run_for(std::chrono::minutes(1));
  EXPECT_EQ(with_token(world, "", "GET", "/workflows").status, 401);
}

TEST(Api, AnswersOnlyToItsOwnNames) {
  TestApi world({"localhost", "127.0.0.1", "[::1]"});
  struct Case {
    const char* host;
    const char* origin;
    bool is_welcome;
  };
  const Case cases[] = {
      {"localhost", "", true},
      {"LocalHost:8081", "", true},
      {"[::1]:8081", "", true},
      {"127.0.0.1:1", "http://localhost:3000", true},
      {"evil.example", "", false},
      {"evil.example:8081", "", false},
      {"localhost.evil.example", "", false},
      {"", "", false},
      {"[::1].evil.example", "", true},  // no name at all: no resolver takes it
      {"localhost", "http://evil.example", false},
      {"localhost", "https://localhost.evil.example", false},
      {"localhost", "null", false},
  };
  for (const Case& c : cases) {
    net::HttpRequest request = world.request("GET", "/healthz");
    if (*c.host != '\0') request.fields.push_back({"Host", c.host});
    if (*c.origin != '\0') request.fields.push_back({"Origin", c.origin});
    EXPECT_EQ(world.head(request).status, c.is_welcome ? 0 : 403) << c.host << " " << c.origin;
  }
}

TEST(Api, ChecksBodies) {
  TestApi world;
  const std::string id = world.make(kStep);
  struct Case {
    const char* method;
    std::string target;
    std::string body;
    int status;
    const char* says;
  };
  const std::string state = "/workflows/" + id + "/state";
  const std::string cancel = "/workflows/" + id + "/cancel";
  const Case cases[] = {
      {"PUT", state, "{", 400, "no JSON"},
      {"PUT", state, std::string(200, '['), 400, "no JSON"},
      {"PUT", state, "[]", 400, "the body"},
      {"PUT", state, "", 400, "key"},
      {"PUT", state, R"({"key":"a"})", 400, "value"},
      {"PUT", state, R"({"key":"","value":1})", 400, "key"},
      {"PUT", state, R"({"key":1,"value":1})", 400, "key"},
      {"PUT", state, R"({"key":"a","value":1,"more":2})", 400, "more"},
      {"PUT", state, R"({"key":")" + std::string(513, 'k') + R"(","value":1})", 400, "key"},
      {"POST", state, R"({"key":"a","operation":"divide","value":1})", 400, "operation"},
      {"POST", state, R"({"key":"a","operation":"append"})", 400, "value"},
      {"POST", state, R"({"key":"a","operation":"increment","value":"x"})", 400, ""},
      {"POST", cancel, R"({"reason":1})", 400, "reason"},
      {"POST", "/tokens", "", 400, "scope"},
      {"POST", "/tokens", R"({"scope":"none"})", 400, "scope"},
      {"POST", "/tokens", R"({"scope":"run","expires_in_seconds":0})", 400, "expires"},
      {"POST", "/tokens", R"({"scope":"run","expires_in_seconds":1.5})", 400, "expires"},
      {"POST", "/tokens", R"({"scope":"run","expires_in_seconds":1e300})", 400, "expires"},
      {"POST", "/tokens", R"({"scope":"run","workflow":"x"})", 400, "workflow"},
      {"PUT", state, R"({"key":"a","value":null})", 200, ""},
      {"POST", cancel, "", 202, ""},
  };
  for (const Case& c : cases) {
    const Answer answer = world.call(c.method, c.target, c.body);
    EXPECT_EQ(answer.status, c.status) << c.body << ": " << answer.raw.body;
    if (*c.says == '\0') continue;
    EXPECT_NE(answer.body.at("message").as_string().find(c.says), std::string::npos)
        << c.body << ": " << answer.raw.body;
  }
  net::HttpRequest request = world.request("PUT", state, R"({"key":"a","value":1})");
  request.fields.push_back({"Content-Type", "text/html"});
  EXPECT_EQ(world.call(request).status, 415);
  request.target = "/workflows";
  request.method = "POST";
  EXPECT_EQ(world.call(request).status, 415);
}

TEST(Api, NotesInTheAuditLogWhoChangedWhat) {
  TestApi world;
  const std::string id = world.make(kStep);
  world.call("GET", "/workflows/" + id);
  world.call("PUT", "/workflows/" + id + "/state", "{");
  world.call("POST", "/workflows/" + id + "/cancel?x=\xff");
  const Answer audit = world.call("GET", "/audit");
  ASSERT_EQ(audit.status, 200);
  std::vector<std::string> seen;
  for (const Json& entry : audit.data().at("entries").as_array()) {
    EXPECT_EQ(entry.at("token"), Json(world.admin.substr(4, 12)));
    EXPECT_EQ(entry.at("from"), Json("10.0.0.1"));
    seen.push_back(fmt::format("{} {}", std::string_view(entry.at("operation").as_string()),
                               entry.at("status").as_int64()));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"setState 400", "createWorkflow 201"}))
      << "newest first; what was refused at its head is not noted";
  const Answer page = world.call("GET", "/audit?limit=1");
  ASSERT_EQ(page.data().at("entries").as_array().size(), 1u);
  const Answer rest = world.call("GET", "/audit?limit=1&cursor=" + page.text("next"));
  EXPECT_EQ(rest.data().at("entries").at(0).at("operation"), Json("createWorkflow"));
}

TEST(Api, TakesNoNewWorkWhileItStops) {
  TestApi world;
  const std::string id = world.make(kStep);
  world.api.begin_drain();
  const Answer refused = world.call("POST", "/workflows", "{}");
  EXPECT_EQ(refused.status, 503);
  EXPECT_TRUE(refused.came_before_body);
  EXPECT_EQ(refused.field("Retry-After"), "1");
  EXPECT_EQ(world.call("GET", "/workflows/" + id).status, 200);
}

TEST(Api, RevokesTokensAtOnceAndForgetsExpiredOnes) {
  TestApi world;
  const Answer made = world.call("POST", "/tokens", R"({"scope":"run","name":"ci"})");
  ASSERT_EQ(made.status, 201) << made.raw.body;
  const std::string token = made.text("text");
  EXPECT_EQ(with_token(world, token, "POST", "/workflows").status, 0);
  const std::string id(made.data().at("token").at("id").as_string());
  EXPECT_EQ(world.call("GET", "/tokens").raw.body.find(token), std::string::npos);
  EXPECT_EQ(world.call("DELETE", "/tokens/" + id).status, 200);
  EXPECT_EQ(with_token(world, token, "GET", "/workflows").status, 401);
  EXPECT_EQ(world.call("DELETE", "/tokens/" + id).status, 404);

  const std::string brief =
      world.call("POST", "/tokens", R"({"scope":"read","expires_in_seconds":5})").text("text");
  world.run_for(milliseconds(4999));
  EXPECT_EQ(with_token(world, brief, "GET", "/workflows").status, 0);
  world.run_for(milliseconds(2));
  EXPECT_EQ(with_token(world, brief, "GET", "/workflows").status, 401);
}

}  // namespace
}  // namespace agentainer::api

#include "runtime/process/process_runtime.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <sstream>

#include "base/json.h"
#include "runtime/process/process_test_fixture.h"
#include "runtime/trace_parent.h"

namespace agentainer::runtime::test {
namespace {

TEST_F(ProcessTest, SuccessWithoutOutput) {
  const AttemptReport report = run(task({"true"}));
  EXPECT_TRUE(report.succeeded) << report.message;
  EXPECT_EQ(report.result, R"({"stdout":""})");
  EXPECT_FALSE(std::filesystem::exists(data() + "/logs")) << "silent attempts have no log";
  EXPECT_EQ(started.size(), 1u);
  EXPECT_GE(report.finished, report.started);
  expect_nothing_left();
}

TEST_F(ProcessTest, TheTaskDocumentIsStdinAndAFile) {
  TaskSpec spec = script(R"(cmp - "$AGENTAINER_TASK_FILE" && cat "$AGENTAINER_TASK_FILE")");
  spec.document = R"({"input":{"text":")" + std::string(200'000, 'x') + "\"}}";
  const std::string document = spec.document;
  EXPECT_EQ(run(std::move(spec)).result, document);
  // The next one uses the same file, and finds nothing of the longer document before it.
  TaskSpec shorter = script("cat");
  shorter.document = "{}";
  EXPECT_EQ(run(std::move(shorter)).result, "{}");
  expect_nothing_left();
}

TEST_F(ProcessTest, EnvironmentOfTheContract) {
  ::setenv("SECRET_OF_THE_SERVER", "leaked", 1);
  ::setenv("PASSED_ON", "yes", 1);
  options.inherit_env = {"PASSED_ON", "NOT_THERE"};
  options.api_url = "http://127.0.0.1:8081";
  options.make_token = [](const TaskSpec& each) {
    return "token-" + std::to_string(to_int(each.id.task));
  };
  options.environment = {{"REDIS_HOST", "localhost"}};
  AgentSpec spec = agent();
  TaskSpec each = task({"env", "-0"}, spec);
  each.worker_id = 2;
  each.total_workers = 5;
  each.map_index = 3;
  each.environment = {
      {"MINE", "1 \n2"}, {"STEP_TYPE", "list"}, {"TASK_ID", "forged"}, {"REDIS_HOST", "elsewhere"}};
  each.id.attempt = Attempt{4};
  const AttemptId id = each.id;
  std::map<std::string, std::string> seen;
  EXPECT_TRUE(run(std::move(each)).succeeded);
  const std::string text = log(id, LogStream::kStdout);
  for (std::size_t at = 0; at < text.size(); at = text.find('\0', at) + 1) {
    const std::string entry = text.c_str() + at;
    seen[entry.substr(0, entry.find('='))] = entry.substr(entry.find('=') + 1);
  }
  const std::string workflow = spec.workflow.text();
  EXPECT_EQ(seen["WORKFLOW_ID"], workflow);
  EXPECT_EQ(seen["WORKFLOW_NAME"], "a workflow");
  EXPECT_EQ(seen["STEP_ID"], "step");
  EXPECT_EQ(seen["STEP_NAME"], "A step");
  EXPECT_EQ(seen["STEP_TYPE"], "list") << "a step may say so itself";
  EXPECT_EQ(seen["TASK_ID"], workflow + "-step-0");
  EXPECT_EQ(seen["TASK_ATTEMPT"], "4");
  EXPECT_EQ(seen["MAP_INDEX"], "3");
  EXPECT_EQ(seen["WORKER_ID"], "2");
  EXPECT_EQ(seen["TOTAL_WORKERS"], "5");
  EXPECT_EQ(seen["AGENTAINER_API_URL"], "http://127.0.0.1:8081");
  EXPECT_EQ(seen["AGENTAINER_TOKEN"], "token-0");
  EXPECT_EQ(seen["TRACEPARENT"], trace_parent(id));
  EXPECT_EQ(seen["REDIS_HOST"], "elsewhere");
  EXPECT_EQ(seen["MINE"], "1 \n2");
  EXPECT_EQ(seen["PASSED_ON"], "yes");
  EXPECT_TRUE(seen.contains("PATH") && seen.contains("HOME") && seen.contains("LANG") &&
              seen.contains("TMPDIR"));
  EXPECT_FALSE(seen.contains("SECRET_OF_THE_SERVER"));
  EXPECT_FALSE(seen.contains("NOT_THERE"));
  expect_nothing_left();
}

TEST_F(ProcessTest, WithoutApiThereIsNoTokenAndNoWorkerWithoutWorkers) {
  const AttemptReport report = run(script(
      "env | grep -c -e ^AGENTAINER_API_URL -e ^AGENTAINER_TOKEN -e ^WORKER_ID -e ^MAP_INDEX; :"));
  EXPECT_EQ(report.result, "0");
}

TEST_F(ProcessTest, StartsCleanOfTheServer) {
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGUSR1, SIG_IGN);
  // Descriptor 9 is one that somebody forgot to close on exec.
  ASSERT_EQ(::dup2(0, 9), 9);
  const AttemptReport report = run(script(R"sh(
    echo "$(grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -s '\t\n' '  ')"
    echo /proc/self/fd/* | wc -w
    test "$(cut -d' ' -f6 /proc/$$/stat)" = $$ && echo own session
    pwd)sh"));
  ::close(9);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGUSR1, SIG_DFL);
  const std::string text = json::value_to<std::string>(parse_json(report.result)->at("stdout"));
  EXPECT_NE(text.find("SigBlk: 0000000000000000 SigIgn: 0000000000000000"), std::string::npos)
      << text;
  EXPECT_NE(text.find("own session\n" + source() + "\n"), std::string::npos) << text;
  EXPECT_NE(text.find("\n4\n"), std::string::npos)
      << "three streams and the glob's own directory: " << text;
}

TEST_F(ProcessTest, ResultFileIsTheResult) {
  EXPECT_EQ(run(script(R"(echo talk; echo '{"a": [1, 2.50]}' > "$AGENTAINER_RESULT_FILE")")).result,
            R"({"a": [1, 2.50]})");
  EXPECT_EQ(run(script("echo ' [1]'")).result, "[1]") << "and the one before is gone";
  EXPECT_EQ(run(script("echo not; echo json")).result, R"({"stdout":"not\njson\n"})");
  EXPECT_EQ(run(script("echo 1; echo 2")).result, R"({"stdout":"1\n2\n"})")
      << "two values are not one";
  expect_nothing_left();
}

struct OutputCase {
  OutputMode mode;
  const char* script;
  const char* result;  ///< Of a success; else
  const char* fault;   ///< part of the message.
};

TEST_F(ProcessTest, OutputModes) {
  const OutputCase cases[] = {
      {OutputMode::kJson, "echo '{\"a\":1}'", "{\"a\":1}", nullptr},
      {OutputMode::kJson, "echo words", nullptr, "stdout is not a JSON value"},
      {OutputMode::kJson, ":", nullptr, "stdout is not a JSON value: empty"},
      {OutputMode::kText, "printf 'a\\nb\\n'", "\"a\\nb\"", nullptr},
      {OutputMode::kText, "echo '{}'", "\"{}\"", nullptr},
      {OutputMode::kLines, "printf 'a\\r\\n\\nb'", "[\"a\",\"\",\"b\"]", nullptr},
      {OutputMode::kLines, ":", "[]", nullptr},
      {OutputMode::kNone, "echo words; mkdir $AGENTAINER_RESULT_FILE", "null", nullptr},
      {OutputMode::kAuto, "echo '{' > $AGENTAINER_RESULT_FILE", nullptr,
       "AGENTAINER_RESULT_FILE does not hold a JSON value"},
      {OutputMode::kAuto, ": > $AGENTAINER_RESULT_FILE", nullptr,
       "does not hold a JSON value: empty"},
      {OutputMode::kLines, "printf 'x\\ny' > $AGENTAINER_RESULT_FILE", "[\"x\",\"y\"]", nullptr},
  };
  for (const OutputCase& each : cases) {
    AgentSpec spec = agent();
    spec.output = each.mode;
    const AttemptReport report = run(script(each.script, spec));
    if (each.result != nullptr) {
      EXPECT_EQ(report.result, each.result) << each.script << ": " << report.message;
    } else {
      EXPECT_FALSE(report.succeeded) << each.script;
      EXPECT_EQ(report.cause, FailureCause::kInvalidResult) << each.script;
      EXPECT_NE(report.message.find(each.fault), std::string::npos) << report.message;
    }
  }
  expect_nothing_left();
}

TEST_F(ProcessTest, ExitCodes) {
  AttemptReport report = run(script("echo first >&2; echo why >&2; exit 3"));
  EXPECT_EQ(report.cause, FailureCause::kExitCode);
  EXPECT_EQ(report.exit_code, 3);
  EXPECT_TRUE(report.retryable);
  EXPECT_EQ(report.message, "exit code 3\nfirst\nwhy");
  report = run(script("exit 78"));
  EXPECT_EQ(report.exit_code, 78);
  EXPECT_FALSE(report.retryable);
}

TEST_F(ProcessTest, Signals) {
  const AttemptReport report = run(script("kill -SEGV $$"));
  EXPECT_EQ(report.cause, FailureCause::kSignal);
  EXPECT_EQ(report.signal, SIGSEGV);
  EXPECT_EQ(report.message, "killed by SIGSEGV (Segmentation fault)");
}

TEST_F(ProcessTest, CannotStart) {
  source_directory().write("script", "#!/no/such/interpreter\n");
  source_directory().write("words", "just words\n");
  source_directory().write("plain", "echo\n");
  ::chmod((source() + "/script").c_str(), 0755);
  ::chmod((source() + "/words").c_str(), 0755);
  const std::pair<std::vector<std::string>, std::string> cases[] = {
      {{"no-such-program"}, "cannot start: no such program 'no-such-program' (looked in PATH "},
      {{"./nowhere"}, "cannot start: no such program './nowhere' (" + source() + "/./nowhere)"},
      {{"./plain"}, "is not executable"},
      {{"./script"}, "names an interpreter or loader that does not exist"},
      {{"./words"}, "is neither a program nor a script"},
      {{"/usr"}, "is a directory, not a program"},
      {{"true", std::string(3'000'000, 'x')}, "arguments and environment are too long"},
      {{}, "there is no command"},
  };
  for (const auto& [command, message] : cases) {
    const AttemptReport report = run(task(command));
    EXPECT_EQ(report.cause, FailureCause::kStart);
    EXPECT_NE(report.message.find(message), std::string::npos) << report.message;
    EXPECT_FALSE(started.contains(report.id));
  }
  TaskSpec bad_name = task({"true"});
  bad_name.environment = {{"A=B", "x"}};
  EXPECT_NE(run(std::move(bad_name)).message.find("'A=B' cannot be the name"), std::string::npos);
  expect_nothing_left();
}

TEST_F(ProcessTest, AProgramThatAppearsLaterIsFound) {
  EXPECT_EQ(run(task({"./late"})).cause, FailureCause::kStart);
  source_directory().write("late", "#!/bin/sh\necho 1\n");
  ::chmod((source() + "/late").c_str(), 0755);
  EXPECT_EQ(run(task({"./late"})).result, "1");
  std::filesystem::remove(source() + "/late");
  EXPECT_NE(run(task({"./late"})).message.find("no such program './late'"), std::string::npos);
}

TEST_F(ProcessTest, DirectoryImage) {
  source_directory().write(
      "image/agent.yaml",
      "command: [./agent, image]\nenv: {FROM_IMAGE: a, BOTH: image}\nworkdir: sub\n");
  source_directory().write("image/sub/agent", "#!/bin/sh\necho \"$1 $FROM_IMAGE $BOTH $PWD\"\n");
  ::chmod((source() + "/image/sub/agent").c_str(), 0755);
  AgentSpec spec = agent();
  spec.image = "./image";
  spec.output = OutputMode::kText;
  TaskSpec own = task({}, spec);
  own.environment = {{"BOTH", "step"}};
  EXPECT_EQ(run(std::move(own)).result, "\"image a step " + source() + "/image/sub\"");
  EXPECT_EQ(run(task({"./agent", "step"}, spec)).result,
            "\"step a image " + source() + "/image/sub\"");
  EXPECT_TRUE(runtime().check(spec, {}));
  EXPECT_FALSE(runtime().check(spec, {"./other"}));
  spec.image = "python:3.12";
  const Status status = runtime().check(spec, {});
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().message.find("--runtime docker"), std::string::npos)
      << status.error().message;
}

TEST_F(ProcessTest, LogsAreReadableWhileItRuns) {
  TaskSpec spec =
      script("echo early; echo problem >&2; until test -e go; do sleep 0.01; done; echo late");
  const AttemptId id = spec.id;
  start(std::move(spec));
  run_until([&] {
    return log(id, LogStream::kStdout) == "early\n" && log(id, LogStream::kStderr) == "problem\n";
  });
  source_directory().write("go", "");
  EXPECT_TRUE(wait_for(id).succeeded);
  EXPECT_EQ(log(id, LogStream::kStdout), "early\nlate\n");
  EXPECT_TRUE(std::filesystem::exists(data() + "/logs/" + id.workflow.text() + "/step/0.1.stdout"));
}

TEST_F(ProcessTest, ManyAtOnce) {
  std::vector<AttemptId> ids;
  for (int i = 0; i < 64; ++i) {
    TaskSpec spec = script(
        "read -r line; echo \"$line\"; echo $MAP_INDEX > $TMPDIR/x; cat $TMPDIR/x > "
        "$AGENTAINER_RESULT_FILE");
    spec.map_index = to_int(spec.id.task);
    ids.push_back(spec.id);
    start(std::move(spec));
  }
  for (const AttemptId& id : ids)
    EXPECT_EQ(wait_for(id).result, std::to_string(to_int(id.task)) + "");
  expect_nothing_left();
}

TEST_F(ProcessTest, AnAttemptIsStartedOnce) {
  TaskSpec spec = script("echo x >> ledger");
  TaskSpec again = spec;
  TaskSpec later = spec;
  const AttemptId id = spec.id;
  start(std::move(spec));
  start(std::move(again));
  EXPECT_TRUE(wait_for(id).succeeded);
  start(std::move(later));
  EXPECT_TRUE(run(task({"true"})).succeeded);
  EXPECT_EQ(TemporaryDirectory::read(source() + "/ledger"), "x\n");
}

TEST_F(ProcessTest, UsageIsOfTheAgent) {
  const std::vector<char> ballast(64 << 20,
                                  1);  // the server's own memory must not be taken for the agent's
  const AttemptReport report =
      run(script("i=0; while test $i -lt 20000; do i=$((i+1)); done; sleep 0.05"));
  EXPECT_GE(report.usage.wall, milliseconds(50));
  EXPECT_GT(report.usage.cpu, milliseconds(0));
  EXPECT_LT(report.usage.max_memory_bytes, 64 << 20);
  EXPECT_EQ(ballast[1], 1);
}

TEST_F(ProcessTest, WaitsForDescriptorsWhenOutOfThem) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(run(task({"true"})).succeeded);
  const rlimit few{open_descriptors().size() + 14, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &few);
  std::vector<AttemptId> ids;
  for (int i = 0; i < 30; ++i) {
    TaskSpec spec = script("sleep 0.02");
    ids.push_back(spec.id);
    start(std::move(spec));
  }
  for (const AttemptId& id : ids) {
    const AttemptReport report = wait_for(id);
    EXPECT_TRUE(report.succeeded) << report.message;
  }
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(run(task({"true"})).succeeded);
  expect_nothing_left();
}

TEST_F(ProcessTest, TheListenerMayStartAndStopWithinItsCalls) {
  int left = 20;
  after_report = [&](const AttemptReport& report) {
    runtime().stop(report.id, StopReason::kCancelled);
    if (--left > 0) start(task({"true"}));
  };
  start(task({"true"}));
  run_until([&] { return left == 0; });
  EXPECT_EQ(reports.size(), 20u);
  for (const auto& [id, report] : reports) EXPECT_TRUE(report.succeeded);
}

TEST_F(ProcessTest, DestroyedWithoutShutdownItKillsWhatRuns) {
  TaskSpec spec = script("setsid sleep 1000 & echo $! $$ > pids; wait");
  start(std::move(spec));
  run_until([&] { return !TemporaryDirectory::read(source() + "/pids").empty(); });
  std::istringstream text(TemporaryDirectory::read(source() + "/pids"));
  pid_t daemon = 0;
  pid_t shell = 0;
  text >> daemon >> shell;
  ASSERT_TRUE(is_running(daemon) && is_running(shell));
  destroy_runtime();
  EXPECT_TRUE(eventually([&] { return !is_running(daemon) && !is_running(shell); }));
  EXPECT_TRUE(reports.empty());
}

TEST_F(ProcessTest, DestroyedBeforeItHasHeardOfTheStart) {
  start(script("setsid sleep 1000 & echo $! > pids; wait"));
  const auto daemon = [&] {
    return std::atoi(TemporaryDirectory::read(source() + "/pids").c_str());
  };
  EXPECT_TRUE(eventually([&] { return daemon() != 0; })) << "while the event loop does not run";
  destroy_runtime();
  EXPECT_TRUE(eventually([&] { return !is_running(daemon()); }));
}

}  // namespace
}  // namespace agentainer::runtime::test

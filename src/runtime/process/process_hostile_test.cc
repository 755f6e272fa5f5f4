// Agents that misbehave: the server goes on, says what was wrong, and cleans up after them.

#include <sys/stat.h>

#include "base/json.h"
#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime::test {
namespace {

using ProcessHostileTest = ProcessTest;

TEST_F(ProcessHostileTest, EndlessOutputIsCutAndMarked) {
  options.max_log_bytes = 1 << 20;
  AttemptReport report =
      run(script("head -c 200000000 /dev/zero; head -c 5000000 /dev/zero | tr '\\0' x >&2; echo "
                 ">&2; echo end >&2; exit 4"));
  EXPECT_EQ(report.exit_code, 4) << "it was never blocked";
  EXPECT_LT(report.message.size(), 8192u);
  EXPECT_EQ(report.message.substr(report.message.size() - 4), "\nend")
      << "the end of stderr is kept though its log is cut";
  const std::string out = log(report.id, LogStream::kStdout);
  const std::string mark = "\n[agentainer: cut here, 1 MiB are kept]\n";
  EXPECT_EQ(out.size(), (1u << 20) + mark.size());
  EXPECT_EQ(out.substr(1 << 20), mark);
  expect_nothing_left();
}

TEST_F(ProcessHostileTest, ALongLineIsCutInTheResult) {
  options.max_log_bytes = 1 << 20;
  const AttemptReport report = run(script("head -c 50000000 /dev/zero | tr '\\0' x"));
  const auto result = parse_json(report.result);
  ASSERT_TRUE(result) << report.message;
  EXPECT_EQ(result->at("stdout").as_string().size(), 256u * 1024);
  EXPECT_TRUE(result->at("truncated").as_bool());
  AgentSpec text = agent();
  text.output = OutputMode::kText;
  const AttemptReport cut = run(script("head -c 50000000 /dev/zero | tr '\\0' x", text));
  EXPECT_EQ(cut.cause, FailureCause::kInvalidResult) << "half a text is not the result";
}

TEST_F(ProcessHostileTest, LargeResultsAreReadOffTheLoop) {
  const AttemptReport out =
      run(script("printf '['; i=0; while test $i -lt 200000; do printf '%s,' 123456; i=$((i+1)); "
                 "done; echo '7]'"));
  EXPECT_TRUE(out.succeeded) << out.message;
  EXPECT_EQ(out.result.size(), 1'400'003u);
  const AttemptReport file =
      run(script("{ printf '\"'; head -c 3000000 /dev/zero | tr '\\0' y; printf '\"'; } > "
                 "$AGENTAINER_RESULT_FILE"));
  EXPECT_EQ(file.result.size(), 3'000'002u) << file.message;
  expect_nothing_left();
}

TEST_F(ProcessHostileTest, BinaryOutputIsInert) {
  const AttemptReport report = run(script(
      R"(printf '\033[31mred\033[0m \000 \377\376 \302\233 ok\r\n' >&2; printf '\000\377\033'; exit 1)"));
  EXPECT_EQ(report.message,
            "exit code 1\n\xEF\xBF\xBD[31mred\xEF\xBF\xBD[0m \xEF\xBF\xBD \xEF\xBF\xBD\xEF\xBF\xBD "
            "\xEF\xBF\xBD ok");
  EXPECT_EQ(log(report.id, LogStream::kStdout), std::string("\0\xFF\x1B", 3))
      << "the log is as it was written";
  const AttemptReport well = run(script(R"(printf 'a\000\377\033b')"));
  EXPECT_EQ(well.result, "{\"stdout\":\"a\\u0000\xEF\xBF\xBD\\u001bb\"}");
}

struct ResultFileCase {
  const char* script;
  const char* fault;
};

TEST_F(ProcessHostileTest, OnlyARegularFileIsAResult) {
  source_directory().write("secret", "\"secret\"");
  const ResultFileCase cases[] = {
      {"ln -s $PWD/secret $AGENTAINER_RESULT_FILE", "AGENTAINER_RESULT_FILE is a symbolic link"},
      {"ln -s /nowhere $AGENTAINER_RESULT_FILE", "AGENTAINER_RESULT_FILE is a symbolic link"},
      {"mkfifo $AGENTAINER_RESULT_FILE", "AGENTAINER_RESULT_FILE is not a regular file"},
      {"mkdir -p $AGENTAINER_RESULT_FILE/x", "AGENTAINER_RESULT_FILE is not a regular file"},
      {"head -c 2000000 /dev/zero > $AGENTAINER_RESULT_FILE",
       "AGENTAINER_RESULT_FILE holds 1.9 MiB; a result is at most 1 MiB"},
      {"printf '\"\\377\"' > $AGENTAINER_RESULT_FILE", "does not hold a JSON value"},
      {"yes [ | head -1000 | tr -d '\\n' > $AGENTAINER_RESULT_FILE", "does not hold a JSON value"},
  };
  options.max_result_bytes = 1 << 20;
  for (const ResultFileCase& each : cases) {
    const AttemptReport report = run(script(each.script));
    EXPECT_EQ(report.cause, FailureCause::kInvalidResult) << each.script;
    EXPECT_NE(report.message.find(each.fault), std::string::npos) << report.message;
    EXPECT_EQ(run(script("echo 1")).result, "1") << "the next one is not troubled by it";
  }
  EXPECT_EQ(TemporaryDirectory::read(source() + "/secret"), "\"secret\"")
      << "links are removed, not what they point to";
  expect_nothing_left();
}

TEST_F(ProcessHostileTest, TheWorkspaceIsCleanForTheNextOne) {
  source_directory().write("kept", "kept");
  const char* const scripts[] = {
      "head -c 30000000 /dev/zero > $TMPDIR/big; mkdir -p $TMPDIR/a/b/c; ln -s $PWD $TMPDIR/link; "
      "mkfifo $TMPDIR/pipe",
      "mkdir -p $TMPDIR/locked/x; chmod 0 $TMPDIR/locked",
      "rm -rf $TMPDIR",
      "rm -f $AGENTAINER_TASK_FILE",
      "echo more >> $AGENTAINER_TASK_FILE",
      "mv $AGENTAINER_TASK_FILE $AGENTAINER_TASK_FILE.old; echo forged > $AGENTAINER_TASK_FILE",
      "chmod 0 $AGENTAINER_TASK_FILE $TMPDIR",
      "mkdir $AGENTAINER_RESULT_FILE.d; echo half > $AGENTAINER_RESULT_FILE.tmp",
      "rm -rf $TMPDIR; ln -s $PWD $TMPDIR",
      "rm -rf ${TMPDIR%/tmp}",
      "cd $TMPDIR; i=0; while test $i -lt 60; do mkdir d; cd d; i=$((i+1)); done",
  };
  for (const char* const each : scripts) {
    EXPECT_TRUE(run(script(each)).succeeded) << each;
    const AttemptReport next =
        run(script("cat; test -d $TMPDIR && ls -A $TMPDIR ${AGENTAINER_RESULT_FILE%/*} | grep -v "
                   "-e task.json -e tmp -e '^$'"));
    EXPECT_EQ(next.message, "exit code 1") << "after: " << each << "\n" << next.result;
    EXPECT_EQ(log(next.id, LogStream::kStdout), R"({"input":{"item":1}})") << each;
  }
  EXPECT_EQ(TemporaryDirectory::read(source() + "/kept"), "kept");
  expect_nothing_left();
}

TEST_F(ProcessHostileTest, ALogThatCannotBeWrittenIsNotFatal) {
  TaskSpec spec = script("head -c 1000000 /dev/zero | tr '\\0' x; echo why >&2; exit 6");
  const std::string directory = data() + "/logs/" + spec.id.workflow.text() + "/step";
  std::filesystem::create_directories(directory + "/0.1.stdout");
  std::filesystem::create_directories(directory + "/0.1.stderr");
  const AttemptReport report = run(std::move(spec));
  EXPECT_EQ(report.message, "exit code 6\nwhy");
  const AttemptReport small = run(script("echo 5"));
  EXPECT_EQ(small.result, "5") << "small results need no log";
}

TEST_F(ProcessHostileTest, AResultThatCouldNotBeKeptIsNotCutSilently) {
  TaskSpec spec = script("printf '['; head -c 100000 /dev/zero | tr '\\0' 1; printf ']'");
  std::filesystem::create_directories(data() + "/logs/" + spec.id.workflow.text() +
                                      "/step/0.1.stdout");
  const AttemptReport report = run(std::move(spec));
  EXPECT_EQ(report.cause, FailureCause::kInvalidResult);
  EXPECT_NE(report.message.find("stdout could not be kept: Is a directory"), std::string::npos)
      << report.message;
}

TEST_F(ProcessHostileTest, LogsAreNotWrittenThroughLinks) {
  TaskSpec spec = script("echo words");
  const std::string victim = source_directory().write("victim", "untouched");
  const std::string directory = data() + "/logs/" + spec.id.workflow.text() + "/step";
  std::filesystem::create_directories(directory);
  std::filesystem::create_symlink(victim, directory + "/0.1.stdout");
  EXPECT_TRUE(run(std::move(spec)).succeeded);
  EXPECT_EQ(TemporaryDirectory::read(victim), "untouched");
}

}  // namespace
}  // namespace agentainer::runtime::test

#include <dirent.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <sstream>
#include <thread>

#include "runtime/logs.h"
#include "runtime/process/proc.h"
#include "runtime/process/process_test_fixture.h"

namespace agentainer::runtime::test {

TemporaryDirectory::TemporaryDirectory() {
  char path[] = "/tmp/agentainer-test-XXXXXX";
  if (::mkdtemp(path) == nullptr) throw std::runtime_error("cannot make a temporary directory");
  path_ = path;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::string TemporaryDirectory::write(const std::string& name, const std::string& text) const {
  const std::string path = path_ + "/" + name;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
  return path;
}

std::string TemporaryDirectory::read(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::set<int> open_descriptors() {
  std::set<int> descriptors;
  DIR* const directory = ::opendir("/proc/self/fd");
  while (const dirent* entry = ::readdir(directory))
    if (entry->d_name[0] != '.') descriptors.insert(std::atoi(entry->d_name));
  descriptors.erase(::dirfd(directory));
  ::closedir(directory);
  return descriptors;
}

bool is_running(pid_t pid) {
  const auto state = process_state(pid);
  return state && state->state != 'Z' && state->state != 'X';
}

bool eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

ProcessTest::ProcessTest() : descriptors_before_(open_descriptors()) {
  options.data_directory = data();
  options.kill_grace = milliseconds(200);
}

ProcessTest::~ProcessTest() = default;

net::EventLoop& ProcessTest::loop() {
  if (loop_ == nullptr) loop_ = std::make_unique<net::EventLoop>();
  return *loop_;
}

ProcessRuntime& ProcessTest::runtime() {
  if (runtime_ == nullptr) {
    auto made = ProcessRuntime::create(loop(), options);
    if (!made) throw std::runtime_error(made.error().message);
    runtime_ = std::move(*made);
    runtime_->set_listener(this);
  }
  return *runtime_;
}

AgentSpec ProcessTest::agent() const {
  AgentSpec spec;
  spec.workflow = WorkflowId::from_parts(1'700'000'000'000, 7, 42);
  spec.workflow_name = "a workflow";
  spec.step_id = "step";
  spec.step_name = "A step";
  spec.step_type = "sequential";
  spec.source_directory = source();
  return spec;
}

TaskSpec ProcessTest::task(std::vector<std::string> command, AgentSpec agent_spec) {
  TaskSpec spec;
  spec.id = {agent_spec.workflow, StepIndex{0}, TaskIndex{next_task_++}, Attempt{1}};
  spec.agent = std::make_shared<AgentSpec>(std::move(agent_spec));
  spec.command = std::move(command);
  spec.document = R"({"input":{"item":1}})";
  return spec;
}

void ProcessTest::start(TaskSpec spec) { runtime().start(std::move(spec)); }

AttemptReport ProcessTest::run(TaskSpec spec) {
  const AttemptId id = spec.id;
  start(std::move(spec));
  return wait_for(id);
}

AttemptReport ProcessTest::wait_for(const AttemptId& id) {
  run_until([&] { return reports.contains(id); });
  return reports[id];
}

void ProcessTest::run_until(const std::function<bool()>& condition, milliseconds limit) {
  const TimePoint end = loop().now() + limit;
  std::function<void()> look = [&] {
    if (condition() || loop_->now() >= end) {
      loop_->stop();
    } else {
      loop_->schedule(loop_->now() + milliseconds(2), look);
    }
  };
  loop_->post(look);
  loop_->run();
  if (!condition()) ADD_FAILURE() << "did not happen within " << limit.count() << " ms";
}

void ProcessTest::expect_nothing_left() {
  // Where the runtime noted what it made.
  std::vector<std::string> cgroups;
  for (const auto& entry : std::filesystem::directory_iterator(data() + "/run")) {
    std::istringstream lines(TemporaryDirectory::read(entry.path() / "lock"));
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("cgroup ")) cgroups.push_back(line.substr(7));
  }
  runtime().shutdown([this] { loop_->stop(); });
  loop_->run();
  runtime_.reset();
  loop_.reset();

  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data() + "/run"))
    files.push_back(entry.path());
  EXPECT_EQ(files, std::vector<std::string>{data() + "/run/lock"});
  for (const std::string& cgroup : cgroups) EXPECT_FALSE(std::filesystem::exists(cgroup)) << cgroup;
  EXPECT_EQ(open_descriptors(), descriptors_before_);
  EXPECT_TRUE(::waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD)
      << "a child process is left";
}

std::string ProcessTest::log(const AttemptId& id, LogStream stream) {
  const auto range =
      read_log(data(), {id.workflow, "step", id.task, id.attempt, stream}, 0, 1 << 30);
  return range ? range->bytes : "cannot read: " + range.error().message;
}

void ProcessTest::on_started(const AttemptId& id, TimePoint at) {
  EXPECT_TRUE(started.emplace(id, at).second) << "started twice";
}

void ProcessTest::on_finished(AttemptReport report) {
  const AttemptId id = report.id;
  EXPECT_TRUE(reports.emplace(id, std::move(report)).second) << "reported twice";
  if (after_report) after_report(reports[id]);
}

}  // namespace agentainer::runtime::test

// What a process per task costs: ProcessRuntime against a bare posix_spawn loop of the same program
// with the same number in flight, in alternating rounds of one run, so that what else the machine
// does falls on both.
//
//   process_bench [--concurrency N] [--tasks N] [--rounds N] [--program FILE] [--cgroups auto|none]
//   [--limits]
//
// Prints one line of JSON per round and one for all.

#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/process/process_runtime.h"

namespace agentainer::runtime {
namespace {

using Clock = std::chrono::steady_clock;

struct Arguments {
  unsigned concurrency = 16;
  unsigned tasks = 2000;
  unsigned rounds = 5;
  std::string program = "/bin/true";
  CgroupUse cgroups = CgroupUse::kAuto;
  bool with_limits = false;
};

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--limits") {
      arguments.with_limits = true;
      continue;
    }
    const char* const value = i + 1 < argc ? argv[++i] : "";
    const auto number = static_cast<unsigned>(std::strtoul(value, nullptr, 10));
    if (name == "--concurrency")
      arguments.concurrency = number;
    else if (name == "--tasks")
      arguments.tasks = number;
    else if (name == "--rounds")
      arguments.rounds = number;
    else if (name == "--program")
      arguments.program = value;
    else if (name == "--cgroups")
      arguments.cgroups = std::string_view(value) == "none" ? CgroupUse::kNone : CgroupUse::kAuto;
  }
  return arguments;
}

// Of this process and of the children it has waited for, both cores together.
double cpu_seconds() {
  double seconds = 0;
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage used{};
    getrusage(who, &used);
    for (const timeval& time : {used.ru_utime, used.ru_stime})
      seconds += static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  }
  return seconds;
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double bare_round(const Arguments& arguments) {
  char* const argv[] = {const_cast<char*>(arguments.program.c_str()), nullptr};
  char* const environment[] = {const_cast<char*>("PATH=/usr/bin:/bin"), nullptr};
  const auto begin = Clock::now();
  unsigned started = 0;
  for (unsigned ended = 0; ended < arguments.tasks; ++ended) {
    for (; started < arguments.tasks && started - ended < arguments.concurrency; ++started) {
      pid_t pid = 0;
      if (posix_spawn(&pid, arguments.program.c_str(), nullptr, nullptr, argv, environment) != 0)
        std::abort();
    }
    int status = 0;
    if (waitpid(-1, &status, 0) < 0 || status != 0) std::abort();
  }
  return arguments.tasks / seconds_since(begin);
}

class RuntimeRounds final : public Runtime::Listener {
 public:
  RuntimeRounds(const Arguments& arguments, const std::string& data_directory)
      : arguments_(arguments) {
    auto made = ProcessRuntime::create(
        loop_, {.data_directory = data_directory, .cgroups = arguments.cgroups});
    if (!made) {
      std::fprintf(stderr, "%s\n", made.error().message.c_str());
      std::exit(1);
    }
    runtime_ = std::move(*made);
    runtime_->set_listener(this);
    agent_.workflow = WorkflowId::from_parts(1'700'000'000'000, 1, 1);
    agent_.workflow_name = "bench";
    agent_.step_id = "step";
    agent_.step_name = "step";
    agent_.step_type = "map";
    agent_.source_directory = "/";
    if (arguments.with_limits)
      agent_.limits = {.cpu_nano = 2'000'000'000, .memory_bytes = 256 << 20, .pids = 64};
    shared_agent_ = std::make_shared<AgentSpec>(agent_);
  }

  std::string description() const { return runtime_->description(); }

  double round() {
    started_ = 0;
    ended_ = 0;
    ++attempt_;
    const auto begin = Clock::now();
    while (started_ < arguments_.tasks && started_ < arguments_.concurrency) start_one();
    loop_.run();
    return arguments_.tasks / seconds_since(begin);
  }

  void close() {
    runtime_->shutdown([this] { loop_.stop(); });
    loop_.run();
  }

 private:
  void start_one() {
    TaskSpec task;
    task.id = {agent_.workflow, StepIndex{0}, TaskIndex{started_++}, Attempt{attempt_}};
    task.agent = shared_agent_;
    task.command = {arguments_.program};
    task.document =
        R"({"task_id":"x","workflow_id":"y","input":{"item":1,"text":"a small document"}})";
    task.map_index = to_int(task.id.task);
    runtime_->start(std::move(task));
  }

  void on_started(const AttemptId&, TimePoint) override {}
  void on_finished(AttemptReport report) override {
    if (!report.succeeded) {
      std::fprintf(stderr, "failed: %s\n", report.message.c_str());
      std::exit(1);
    }
    ++ended_;
    if (started_ < arguments_.tasks) start_one();
    if (ended_ == arguments_.tasks) loop_.stop();
  }

  const Arguments& arguments_;
  net::EventLoop loop_;
  std::unique_ptr<ProcessRuntime> runtime_;
  AgentSpec agent_;
  std::shared_ptr<const AgentSpec> shared_agent_;
  unsigned started_ = 0;
  unsigned ended_ = 0;
  unsigned attempt_ = 0;
};

int run(const Arguments& arguments) {
  char directory[] = "/var/tmp/process-bench-XXXXXX";
  if (mkdtemp(directory) == nullptr) return 1;
  RuntimeRounds rounds(arguments, directory);
  bare_round(arguments);  // the first round of each warms caches, and is not counted
  rounds.round();
  double bare_seconds = 0;
  double runtime_seconds = 0;
  double bare_cpu = 0;
  double runtime_cpu = 0;
  for (unsigned i = 0; i < arguments.rounds; ++i) {
    const double cpu_before = cpu_seconds();
    const double bare = bare_round(arguments);
    const double cpu_between = cpu_seconds();
    const double runtime = rounds.round();
    bare_cpu += cpu_between - cpu_before;
    runtime_cpu += cpu_seconds() - cpu_between;
    bare_seconds += arguments.tasks / bare;
    runtime_seconds += arguments.tasks / runtime;
    std::printf("{\"round\":%u,\"bare_per_s\":%.0f,\"runtime_per_s\":%.0f,\"ratio\":%.3f}\n", i + 1,
                bare, runtime, runtime / bare);
  }
  const double total = static_cast<double>(arguments.tasks) * arguments.rounds;
  std::printf(
      "{\"program\":\"%s\",\"concurrency\":%u,\"tasks\":%.0f,\"limits\":%s,\"using\":\"%s\",\"bare_"
      "per_s\":%.0f,"
      "\"runtime_per_s\":%.0f,\"ratio\":%.3f,\"bare_cpu_us_per_task\":%.0f,\"runtime_cpu_us_per_"
      "task\":%.0f}\n",
      arguments.program.c_str(), arguments.concurrency, total,
      arguments.with_limits ? "true" : "false", rounds.description().c_str(), total / bare_seconds,
      total / runtime_seconds, bare_seconds / runtime_seconds, bare_cpu / total * 1e6,
      runtime_cpu / total * 1e6);
  rounds.close();
  std::filesystem::remove_all(directory);
  return 0;
}

}  // namespace
}  // namespace agentainer::runtime

int main(int argc, char** argv) {
  return agentainer::runtime::run(agentainer::runtime::parse(argc, argv));
}

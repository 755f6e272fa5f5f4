#pragma once
// For tests: a process runtime over a data directory of its own, driven until what was started has
// been reported, and a look at what it leaves behind.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "runtime/paths.h"
#include "runtime/process/process_runtime.h"

namespace agentainer::runtime::test {

/// A directory that is removed with everything in it.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::string& path() const { return path_; }
  std::string write(const std::string& name, const std::string& text) const;
  static std::string read(const std::string& path);

 private:
  std::string path_;
};

std::set<int> open_descriptors();

/// Whether `pid` runs: it exists and has not ended.
bool is_running(pid_t pid);

/// Calls `condition` until it holds, for at most ten seconds. For what other processes do, which no
/// event tells.
bool eventually(const std::function<bool()>& condition);

class ProcessTest : public testing::Test, public Runtime::Listener {
 protected:
  ProcessTest();
  ~ProcessTest() override;

  /// Before the first start(); the default is a grace of 200 ms.
  ProcessOptions options;

  ProcessRuntime& runtime();
  /// Made on first use, so that a test may fork before: an event loop is not to be shared between
  /// processes.
  net::EventLoop& loop();

  /// An agent for the step "step" whose commands run in source().
  AgentSpec agent() const;
  TaskSpec task(std::vector<std::string> command, AgentSpec agent_spec);
  TaskSpec task(std::vector<std::string> command) { return task(std::move(command), agent()); }
  /// A task that runs a script with /bin/sh.
  TaskSpec script(const std::string& text, AgentSpec agent_spec) {
    return task({"/bin/sh", "-c", text}, std::move(agent_spec));
  }
  TaskSpec script(const std::string& text) { return script(text, agent()); }

  /// Starts it and waits for its report.
  AttemptReport run(TaskSpec spec);
  void start(TaskSpec spec);
  AttemptReport wait_for(const AttemptId& id);
  /// Runs the loop until the condition holds, looking after every `interval`; fails the test after
  /// `limit`.
  void run_until(const std::function<bool()>& condition, milliseconds limit = milliseconds(60'000));

  void destroy_runtime() { runtime_.reset(); }
  /// Shuts the runtime down, then fails if a file of it, a descriptor, a child or a cgroup is left.
  void expect_nothing_left();

  const std::string& data() const { return data_.path(); }
  const std::string& source() const { return source_.path(); }
  const TemporaryDirectory& source_directory() const { return source_; }
  std::string log(const AttemptId& id, LogStream stream);

  /// Whether this machine enforces it through a cgroup.
  bool has_limit(bool LimitSupport::*limit) { return runtime().limit_support().*limit; }

  std::map<AttemptId, AttemptReport> reports;
  std::map<AttemptId, TimePoint> started;
  std::function<void(const AttemptReport&)> after_report;

 private:
  void on_started(const AttemptId& id, TimePoint at) override;
  void on_finished(AttemptReport report) override;

  std::set<int> descriptors_before_;
  TemporaryDirectory data_;
  TemporaryDirectory source_;
  std::unique_ptr<net::EventLoop> loop_;
  std::unique_ptr<ProcessRuntime> runtime_;
  std::uint32_t next_task_ = 0;
};

}  // namespace agentainer::runtime::test

#pragma once
// One running attempt: from a started process to the report of how it ended and a slot in which
// nothing runs any more. Lives on the event loop.
//
//   running ──(stop, timeout)──> stopping: SIGTERM ──(grace over)──> killing: SIGKILL to the whole
//   tree
//      │                            │                                   │
//      └──── main process ended ────┴───────────────┬───────────────────┘
//                                                   ▼
//                       settling: what is left of the tree is killed ──> draining the pipes ──>
//                       report

#include <sys/resource.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/executor.h"
#include "net/event_loop.h"
#include "runtime/process/ending.h"
#include "runtime/process/launch.h"
#include "runtime/process/orphans.h"
#include "runtime/process/output_capture.h"
#include "runtime/process/worker_pool.h"

namespace agentainer::runtime {

/// What attempts of a runtime share. Outlives them.
struct AttemptSurroundings {
  net::EventLoop& loop;
  WorkerPool&
      reader;  ///< For results too large for the event loop. Ended before attempts are destroyed.
  Orphans* orphans = nullptr;  ///< Where slots have no cgroup; else may be null.
  std::span<char> buffer;      ///< For one read.
  std::string data_directory;
  milliseconds kill_grace{5000};
  std::int64_t max_log_bytes = 0;
  std::int64_t max_result_bytes = 0;
  std::int64_t server_peak_bytes = 0;  ///< Of this process's memory, as far as it was asked for.
};

class RunningAttempt : public std::enable_shared_from_this<RunningAttempt> {
 public:
  /// Called once, on the event loop. A slot that is not free has something in it that cannot be
  /// killed.
  using OnEnd = std::function<void(AttemptReport report, std::unique_ptr<Slot> slot, bool is_free)>;

  /// Takes the child and the slot of a launch that succeeded.
  RunningAttempt(AttemptSurroundings& surroundings, Launch& launch, TimePoint started,
                 OnEnd on_end);
  /// Kills what still runs, and waits for it a little.
  ~RunningAttempt();

  RunningAttempt(const RunningAttempt&) = delete;
  RunningAttempt& operator=(const RunningAttempt&) = delete;

  /// Watches the process; once. After a failure (kResource) destroy the attempt: there is no
  /// report.
  Status begin();
  /// Politely, then not. What ended it first is what is reported.
  void stop(Intervention why);

 private:
  enum class Phase { kRunning, kStopping, kKilling, kDone };

  struct Stream {
    Stream(boost::asio::io_context& context, UniqueFd read_end, OutputCapture::Options options)
        : fd(std::move(read_end)), pipe(context), capture(std::move(options)) {}
    UniqueFd fd;  ///< Until begin().
    boost::asio::posix::stream_descriptor pipe;
    OutputCapture capture;
  };

  void watch_exit();
  void watch(Stream& stream);
  /// Reads what is there, about `max_bytes` at most; closes the pipe at its end. False when nothing
  /// more is there now.
  bool read(Stream& stream, std::size_t max_bytes);
  void drain(Stream& stream);

  void on_timeout() { stop(Intervention::kTimeout); }
  void on_exit();
  void kill_now();
  void settle();
  bool is_tree_empty();
  void kill_tree();
  void conclude(bool is_free);
  Result<std::string> read_outcome(const UniqueFd& result_file) const;
  void report_result(bool is_free, Result<std::string> result);
  std::int64_t peak_memory_bytes(const CgroupReport& cgroup);

  using Step = void (RunningAttempt::*)();
  Executor::TimerId schedule(TimePoint due, Step step);
  void next_step(TimePoint due, Step step);
  void poll_later();
  void cancel(std::optional<Executor::TimerId>& timer);

  AttemptSurroundings& around_;
  std::shared_ptr<const AgentSpec> agent_;
  std::string marker_;
  std::unique_ptr<Slot> slot_;
  OnEnd on_end_;

  pid_t pid_;
  UniqueFd pidfd_number_;  ///< Until begin().
  boost::asio::posix::stream_descriptor pidfd_;
  Stream out_;
  Stream err_;

  Phase phase_ = Phase::kRunning;
  bool has_exited_ = false;  ///< And was waited for: its pid may belong to another process now.
  AttemptReport report_;
  Ending ending_;
  rusage used_{};
  TimePoint kill_at_ = TimePoint::max();
  TimePoint give_up_at_ = TimePoint::max();
  milliseconds poll_interval_{1};
  std::optional<Executor::TimerId> timeout_;
  std::optional<Executor::TimerId> step_;  ///< The next step of stopping, killing or settling.
};

}  // namespace agentainer::runtime

#include "runtime/process/attempt.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <cerrno>
#include <thread>

#include "base/log.h"
#include "runtime/paths.h"
#include "runtime/process/result.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

namespace asio = boost::asio;

// Of one stream in one turn of the loop, so that an agent that floods does not starve the others.
constexpr std::size_t kMaxTurnBytes = 256 * 1024;
// No pipe holds more: the default is 64 KiB, and fcntl(F_SETPIPE_SZ) allows 1 MiB without
// privilege.
constexpr std::size_t kMaxDrainBytes = 4 * 1024 * 1024;
constexpr std::size_t kTailBytes = 4096;
// Larger results are read and checked off the event loop.
constexpr std::int64_t kMaxInlineResultBytes = 256 * 1024;
constexpr milliseconds kMaxPollInterval{50};
// SIGKILL works at once, except on a process that sleeps in the kernel (a dead network file
// system).
constexpr milliseconds kMaxKillTime{10'000};

std::int64_t own_peak_bytes() {
  rusage own{};
  ::getrusage(RUSAGE_SELF, &own);
  return std::int64_t{own.ru_maxrss} * 1024;
}

milliseconds to_milliseconds(const timeval& time) {
  return milliseconds(std::int64_t{time.tv_sec} * 1000 + time.tv_usec / 1000);
}

OutputCapture::Options log_options(const AttemptSurroundings& around, const TaskSpec& task,
                                   LogStream stream) {
  return {
      .directory = step_log_directory(around.data_directory, task.id.workflow, task.agent->step_id),
      .file_name = log_file_name(task.id.task, task.id.attempt, stream),
      .max_log_bytes = around.max_log_bytes,
      .tail_bytes = stream == LogStream::kStderr ? kTailBytes : 0};
}

bool hand_over(asio::posix::stream_descriptor& to, UniqueFd& from) {
  boost::system::error_code error;
  to.assign(from.get(), error);
  if (!error) (void)from.release();
  return !error;
}

}  // namespace

RunningAttempt::RunningAttempt(AttemptSurroundings& surroundings, Launch& launch, TimePoint started,
                               OnEnd on_end)
    : around_(surroundings),
      agent_(launch.task.agent),
      marker_(launch.marker),
      slot_(std::move(launch.slot)),
      on_end_(std::move(on_end)),
      pid_(launch.child->pid),
      pidfd_number_(std::move(launch.child->pidfd)),
      pidfd_(surroundings.loop.context()),
      out_(surroundings.loop.context(), std::move(launch.child->stdout_pipe),
           log_options(surroundings, launch.task, LogStream::kStdout)),
      err_(surroundings.loop.context(), std::move(launch.child->stderr_pipe),
           log_options(surroundings, launch.task, LogStream::kStderr)) {
  report_.id = launch.task.id;
  report_.started = started;
  if (around_.orphans != nullptr) around_.orphans->add(pid_, marker_);
}

RunningAttempt::~RunningAttempt() {
  cancel(timeout_);
  cancel(step_);
  if (phase_ == Phase::kDone) return;
  using namespace std::chrono_literals;
  for (int i = 0; i < 2000; ++i) {
    if (!has_exited_) ::kill(-pid_, SIGKILL);
    kill_tree();
    if (!has_exited_) has_exited_ = ::waitpid(pid_, nullptr, WNOHANG) != 0;
    if (has_exited_ && is_tree_empty()) return;
    std::this_thread::sleep_for(1ms);
  }
  log::error("process {} cannot be killed", pid_);
}

Executor::TimerId RunningAttempt::schedule(TimePoint due, Step step) {
  return around_.loop.schedule(due, [weak = weak_from_this(), step] {
    if (const auto self = weak.lock()) (self.get()->*step)();
  });
}

void RunningAttempt::cancel(std::optional<Executor::TimerId>& timer) {
  if (timer) around_.loop.cancel(*timer);
  timer.reset();
}

void RunningAttempt::next_step(TimePoint due, Step step) {
  cancel(step_);
  step_ = schedule(due, step);
}

void RunningAttempt::poll_later() {
  next_step(around_.loop.now() + poll_interval_, &RunningAttempt::settle);
  poll_interval_ = std::min(poll_interval_ * 2, kMaxPollInterval);
}

Status RunningAttempt::begin() {
  if (!hand_over(pidfd_, pidfd_number_) || !hand_over(out_.pipe, out_.fd) ||
      !hand_over(err_.pipe, err_.fd))
    return fail(ErrorCode::kResource, "cannot watch the process: {}", format_errno(errno));
  if (agent_->timeout)
    timeout_ = schedule(report_.started + *agent_->timeout, &RunningAttempt::on_timeout);
  watch_exit();
  watch(out_);
  watch(err_);
  return {};
}

void RunningAttempt::watch_exit() {
  pidfd_.async_wait(asio::posix::descriptor_base::wait_read,
                    [weak = weak_from_this()](const boost::system::error_code& error) {
                      if (error) return;
                      if (const auto self = weak.lock()) self->on_exit();
                    });
}

void RunningAttempt::watch(Stream& stream) {
  stream.pipe.async_wait(
      asio::posix::descriptor_base::wait_read,
      [weak = weak_from_this(), &stream](const boost::system::error_code& error) {
        const auto self = weak.lock();
        if (error || self == nullptr || self->phase_ == Phase::kDone) return;
        self->read(stream, kMaxTurnBytes);
        if (stream.pipe.is_open()) self->watch(stream);
      });
}

bool RunningAttempt::read(Stream& stream, std::size_t max_bytes) {
  const int fd = stream.pipe.native_handle();
  for (std::size_t done = 0; done < max_bytes;) {
    const ssize_t got = ::read(fd, around_.buffer.data(), around_.buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
      boost::system::error_code
          ignored;  // of closing the reading end of a pipe; nothing can be lost
      stream.pipe.close(ignored);
      return false;
    }
    const auto size = static_cast<std::size_t>(got);
    stream.capture.append(std::string_view(around_.buffer.data(), size));
    if (size < around_.buffer.size()) return true;
    done += size;
  }
  return true;
}

void RunningAttempt::drain(Stream& stream) {
  const std::int64_t most =
      stream.capture.total_bytes() + static_cast<std::int64_t>(kMaxDrainBytes);
  while (stream.pipe.is_open() && stream.capture.total_bytes() < most &&
         read(stream, kMaxTurnBytes)) {
  }
  boost::system::error_code ignored;
  stream.pipe.close(ignored);
}

void RunningAttempt::stop(Intervention why) {
  if (phase_ != Phase::kRunning || has_exited_) return;
  ending_.intervention = why;
  phase_ = Phase::kStopping;
  // A stopped process takes the first signal when the second continues it.
  ::kill(-pid_, SIGTERM);
  ::kill(-pid_, SIGCONT);
  kill_at_ = around_.loop.now() + around_.kill_grace;
  next_step(kill_at_, &RunningAttempt::kill_now);
}

void RunningAttempt::kill_now() {
  if (phase_ == Phase::kDone) return;
  if (phase_ != Phase::kKilling) give_up_at_ = around_.loop.now() + kMaxKillTime;
  phase_ = Phase::kKilling;
  kill_tree();
  poll_later();
}

void RunningAttempt::on_exit() {
  if (has_exited_) return;
  // The pid is ours until it is waited for, and with it the process group. In a cgroup the rest is
  // found better.
  if (phase_ == Phase::kRunning && slot_->cgroup == nullptr) ::kill(-pid_, SIGKILL);
  int status = 0;
  if (::wait4(pid_, &status, WNOHANG, &used_) != pid_) return watch_exit();
  has_exited_ = true;
  ending_.wait_status = status;
  report_.finished = around_.loop.now();
  boost::system::error_code ignored;
  pidfd_.close(ignored);
  cancel(timeout_);
  settle();
}

void RunningAttempt::settle() {
  if (phase_ == Phase::kDone) return;
  if (has_exited_ && is_tree_empty()) return conclude(true);
  const TimePoint now = around_.loop.now();
  // After SIGTERM the rest of the tree has its grace too, even when the main process, a shell
  // perhaps, ended at once.
  if (phase_ == Phase::kStopping && now < kill_at_) return poll_later();
  if (now < give_up_at_) return kill_now();
  log::error("something that attempt {} of task {} of workflow {} started cannot be killed",
             to_int(report_.id.attempt), to_int(report_.id.task), report_.id.workflow.text());
  ending_.stuck = !has_exited_;
  if (!has_exited_) report_.finished = now;
  conclude(false);
}

bool RunningAttempt::is_tree_empty() {
  if (slot_->cgroup != nullptr) return slot_->cgroup->is_empty();
  return around_.orphans == nullptr || around_.orphans->is_empty(marker_);
}

void RunningAttempt::kill_tree() {
  if (!has_exited_) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
  }
  if (slot_->cgroup != nullptr) {
    slot_->cgroup->kill();
  } else if (around_.orphans != nullptr) {
    around_.orphans->kill(marker_);
  }
}

void RunningAttempt::conclude(bool is_free) {
  phase_ = Phase::kDone;
  if (is_free && around_.orphans != nullptr) around_.orphans->remove(pid_);
  cancel(timeout_);
  cancel(step_);
  boost::system::error_code ignored;
  pidfd_.close(ignored);
  drain(out_);
  drain(err_);
  CgroupReport cgroup;
  if (slot_->cgroup != nullptr) cgroup = slot_->cgroup->report();
  ending_.memory_limit_killed = cgroup.memory_limit_killed;
  ending_.pids_limit_reached = cgroup.pids_limit_reached;
  ending_.stderr_tail = err_.capture.tail();
  report_.usage.wall = report_.finished - report_.started;
  report_.usage.cpu = to_milliseconds(used_.ru_utime) + to_milliseconds(used_.ru_stime);
  report_.usage.max_memory_bytes = peak_memory_bytes(cgroup);

  if (!ended_well(ending_) || agent_->output == OutputMode::kNone)
    return report_result(is_free, std::string("null"));
  auto file = slot_->workspace.open_result();
  if (!file) return report_result(is_free, tl::make_unexpected(file.error()));
  struct stat status {};
  if (*file) ::fstat(file->get(), &status);
  if ((*file ? status.st_size : out_.capture.total_bytes()) <= kMaxInlineResultBytes)
    return report_result(is_free, read_outcome(*file));
  // Nothing touches this attempt until the result is there.
  around_.reader.post([this, weak = weak_from_this(), is_free,
                       shared = std::make_shared<UniqueFd>(std::move(*file))] {
    around_.loop.post([weak, is_free, result = read_outcome(*shared)]() mutable {
      if (const auto self = weak.lock()) self->report_result(is_free, std::move(result));
    });
  });
}

// The kernel counts the server's own memory towards the peak of what it starts (the child shares it
// until exec), so a figure that is no higher says nothing.
std::int64_t RunningAttempt::peak_memory_bytes(const CgroupReport& cgroup) {
  if (cgroup.peak_memory_bytes > 0) return cgroup.peak_memory_bytes;
  const std::int64_t peak = std::int64_t{used_.ru_maxrss} * 1024;
  if (peak > around_.server_peak_bytes) around_.server_peak_bytes = own_peak_bytes();
  return peak > around_.server_peak_bytes ? peak : 0;
}

Result<std::string> RunningAttempt::read_outcome(const UniqueFd& result_file) const {
  if (!result_file)
    return result_from_stdout(agent_->output, out_.capture.text(around_.max_result_bytes));
  auto text = read_result(result_file, around_.max_result_bytes);
  if (!text) return tl::make_unexpected(text.error());
  return result_from_file(agent_->output, *text);
}

void RunningAttempt::report_result(bool is_free, Result<std::string> result) {
  describe_ending(report_, ending_, *agent_, std::move(result));
  on_end_(std::move(report_), std::move(slot_), is_free);
}

}  // namespace agentainer::runtime

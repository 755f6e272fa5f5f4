#include "runtime/process/process_runtime.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <unordered_map>

#include "base/check.h"
#include "base/log.h"
#include "runtime/process/attempt.h"
#include "runtime/process/launch.h"
#include "runtime/process/launch_plan.h"
#include "runtime/process/plan_cache.h"
#include "runtime/process/reaper.h"
#include "runtime/process/run_directory.h"
#include "runtime/started_set.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

constexpr std::size_t kReadBufferBytes = 64 * 1024;
constexpr milliseconds kOrphanInterval{1000};
constexpr rlim_t kMaxOpenFiles = 65'536;
// A spawning thread sleeps until exec. On a busy machine that is two turns of the scheduler, so one
// thread would start only as many programs as it gets turns.
constexpr unsigned kSpawnerThreads = 4;

// A child's streams are made with dup3 onto 0, 1 and 2, so no descriptor of ours may be one of
// those.
void reserve_standard_streams() {
  for (int fd = 0; fd <= 2; ++fd)
    if (::fcntl(fd, F_GETFD) < 0)
      (void)::open("/dev/null", O_RDWR);  // the lowest free number is `fd`
}

// A running attempt holds about ten descriptors, and many systems start programs with a soft limit
// of 1024. Gives the limit as it was.
rlimit raise_open_files() {
  rlimit before{};
  if (::getrlimit(RLIMIT_NOFILE, &before) != 0) return {1024, 4096};
  const rlimit raised{std::max(before.rlim_cur, std::min<rlim_t>(before.rlim_max, kMaxOpenFiles)),
                      before.rlim_max};
  if (raised.rlim_cur != before.rlim_cur && ::setrlimit(RLIMIT_NOFILE, &raised) != 0)
    log::warning("cannot raise the limit of open files: {}", format_errno(errno));
  return before;
}

Intervention intervention(StopReason reason) {
  switch (reason) {
    case StopReason::kCancelled:
      return Intervention::kCancelled;
    case StopReason::kShutdown:
      return Intervention::kShutdown;
  }
  return Intervention::kCancelled;
}

}  // namespace

// Everything but the jobs of the worker pools runs on the event loop. A Launch or Slot belongs to
// whoever it was handed to last.
class ProcessRuntime::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(net::EventLoop& loop, ProcessOptions options, RunDirectory directory, rlimit open_files)
      : loop_(loop),
        open_files_(open_files),
        options_(std::move(options)),
        directory_(std::make_unique<RunDirectory>(std::move(directory))),
        plans_({options_.inherit_env, options_.environment}),
        buffer_(kReadBufferBytes) {}
  ~Impl();

  void open();
  void set_listener(Listener* listener) { listener_ = listener; }
  Status check(const AgentSpec& agent, const std::vector<std::string>& command);
  void start(TaskSpec task);
  void stop(const AttemptId& id, Intervention why);
  void recover(std::function<void(Result<std::vector<AttemptId>>)> done);
  void shutdown(std::function<void()> done);

  std::string description() const {
    return driver_ != nullptr ? driver_->description() : "no cgroups";
  }
  LimitSupport limit_support() const {
    return driver_ != nullptr ? driver_->support() : LimitSupport{};
  }

 private:
  struct Entry {
    std::shared_ptr<Launch> launch;           ///< Until it runs.
    std::shared_ptr<RunningAttempt> attempt;  ///< From then on.
    Intervention stop = Intervention::kNone;  ///< Asked for before it ran.
  };

  Result<std::shared_ptr<Launch>> prepare(TaskSpec task);
  std::vector<ResourceLimit> resource_limits(const ResourceLimits& limits);
  void warn_about_limits(const ResourceLimits& limits);
  void submit(const std::shared_ptr<Launch>& launch);
  void on_launched(const std::shared_ptr<Launch>& launch);
  void on_running(const AttemptId& id, Entry& entry, Launch& launch);
  void on_not_started(const AttemptId& id, Entry& entry, Launch& launch);
  void on_end(AttemptReport report, std::unique_ptr<Slot> slot, bool is_free);
  void finish(AttemptReport report);
  void report_later(AttemptReport report);
  void recycle(std::unique_ptr<Slot> slot, bool is_free);
  void destroy(std::unique_ptr<Slot> slot);
  void retry_deferred();
  void watch_orphans();
  void finish_shutdown();

  net::EventLoop& loop_;
  rlimit open_files_;  ///< RLIMIT_NOFILE of agents: ours before we raised it.
  ProcessOptions options_;
  Listener* listener_ = nullptr;
  std::unique_ptr<RunDirectory> directory_;
  std::unique_ptr<CgroupDriver> driver_;
  std::unique_ptr<Orphans> orphans_;
  std::unique_ptr<SlotFactory> factory_;
  PlanCache plans_;
  std::vector<char> buffer_;
  std::optional<AttemptSurroundings> around_;

  StartedSet started_;
  std::unordered_map<AttemptId, Entry, AttemptIdHash> entries_;
  std::size_t running_ = 0;    ///< Entries with an attempt.
  std::size_t launching_ = 0;  ///< Entries that a spawner has.
  std::deque<AttemptId>
      deferred_;  ///< Wait until another attempt has ended; see Launch::out_of_resources.
  std::uint64_t last_serial_ = 0;
  IdleSlots idle_;
  std::vector<std::unique_ptr<Slot>> lost_;  ///< With processes in them that cannot be killed.
  std::size_t sweeping_ = 0;                 ///< Slots with the sweeper.
  std::optional<Executor::TimerId> orphan_timer_;
  bool has_warned_about_limits_ = false;
  bool is_closing_ = false;
  bool is_closed_ = false;
  std::vector<std::function<void()>> on_closed_;

  // Ended first, as their jobs use the members above.
  std::unique_ptr<WorkerPool> reader_;
  std::unique_ptr<WorkerPool> sweeper_;
  std::unique_ptr<WorkerPool> spawner_;
};

ProcessRuntime::Impl::~Impl() {
  if (orphan_timer_) loop_.cancel(*orphan_timer_);
  for (auto& [id, entry] : entries_)
    if (entry.launch != nullptr) entry.launch->is_cancelled = true;
  // Attempts are destroyed while their parent, the spawner, lives: its end would kill them too, but
  // not be waited for.
  reader_.reset();
  for (auto& [id, entry] : entries_) entry.attempt.reset();
  spawner_.reset();
  // What was started but not yet handed to the event loop.
  for (auto& [id, entry] : entries_)
    if (entry.launch != nullptr && entry.launch->child)
      RunningAttempt(*around_, *entry.launch, loop_.now(), nullptr);
  sweeper_.reset();
  entries_.clear();
  idle_.clear();
  lost_.clear();
  driver_.reset();
}

void ProcessRuntime::Impl::open() {
  const CgroupPlaces places =
      find_cgroup_places(read_small_file("/proc/self/mountinfo", 1024 * 1024).value_or(""),
                         read_small_file("/proc/self/cgroup").value_or(""));
  driver_ = make_cgroup_driver(
      options_.cgroups, places, directory_->life(),
      [this](const std::string& path) { return directory_->record_cgroup(path); });
  // The first process of a pid namespace gets orphans whether it wants them or not.
  if (driver_ == nullptr || ::getpid() == 1) orphans_ = std::make_unique<Orphans>();
  log::info("process runtime: {}", description());
  factory_ = std::make_unique<SlotFactory>(*directory_, driver_.get());
  reader_ = std::make_unique<WorkerPool>("agent-results");
  sweeper_ = std::make_unique<WorkerPool>("agent-sweeper");
  spawner_ = std::make_unique<WorkerPool>("agent-spawner", kSpawnerThreads);
  around_.emplace(AttemptSurroundings{.loop = loop_,
                                      .reader = *reader_,
                                      .orphans = orphans_.get(),
                                      .buffer = buffer_,
                                      .data_directory = options_.data_directory,
                                      .kill_grace = options_.kill_grace,
                                      .max_log_bytes = options_.max_log_bytes,
                                      .max_result_bytes = options_.max_result_bytes});
}

Status ProcessRuntime::Impl::check(const AgentSpec& agent,
                                   const std::vector<std::string>& command) {
  auto plan = make_step_plan(agent, plans_.options());
  if (!plan) return tl::make_unexpected(plan.error());
  const auto chosen = choose_command(*plan, command);
  if (!chosen) return tl::make_unexpected(chosen.error());
  const std::string& program = (*chosen)->front();
  if (program.find("${{") != std::string::npos) return {};  // known only when the task is
  const auto file = resolve_program(program, effective_path(*plan, {}), plan->working_directory);
  if (!file) return tl::make_unexpected(file.error());
  return {};
}

Result<std::shared_ptr<Launch>> ProcessRuntime::Impl::prepare(TaskSpec task) {
  auto plan = plans_.find(task.agent);
  if (!plan) return tl::make_unexpected(plan.error());
  auto program = plans_.program(*task.agent, **plan, task.command, task.environment);
  if (!program) return tl::make_unexpected(program.error());
  auto launch = std::make_shared<Launch>();
  launch->plan = std::move(*plan);
  launch->program = std::move(*program);
  launch->life = directory_->life();
  launch->serial = ++last_serial_;
  launch->api_url = options_.api_url;
  if (options_.make_token) launch->token = options_.make_token(task);
  launch->limits = resource_limits(task.agent->limits);
  launch->task = std::move(task);
  return launch;
}

std::vector<ResourceLimit> ProcessRuntime::Impl::resource_limits(const ResourceLimits& limits) {
  // A core dump would be left in the user's directory.
  std::vector<ResourceLimit> result{{RLIMIT_CORE, {0, 0}}, {RLIMIT_NOFILE, open_files_}};
  const LimitSupport support = limit_support();
  if (limits.memory_bytes > 0 && !support.memory) {
    // RLIMIT_DATA, not RLIMIT_AS: the address space that language runtimes reserve is many times
    // what they use.
    const auto bytes = static_cast<rlim_t>(limits.memory_bytes);
    result.push_back({RLIMIT_DATA, {bytes, bytes}});
  }
  if (!has_warned_about_limits_) warn_about_limits(limits);
  return result;
}

void ProcessRuntime::Impl::warn_about_limits(const ResourceLimits& limits) {
  const LimitSupport support = limit_support();
  std::string missing;
  if (limits.memory_bytes > 0 && !support.memory)
    missing += " memory is limited per process only (RLIMIT_DATA);";
  if (limits.cpu_nano > 0 && !support.cpu) missing += " cpu is not limited;";
  if (limits.pids > 0 && !support.pids) missing += " the number of processes is not limited;";
  if (missing.empty()) return;
  has_warned_about_limits_ = true;
  log::warning(
      "no cgroup with the needed controllers can be written here:{} starting the server with "
      "'systemd-run --user --scope "
      "-p Delegate=yes' gives it one",
      missing);
}

void ProcessRuntime::Impl::start(TaskSpec task) {
  AGENTAINER_CHECK(listener_ != nullptr, "set_listener comes before start");
  const AttemptId id = task.id;
  if (!started_.add(id)) return;
  if (is_closing_)
    return report_later(not_started(id, FailureCause::kCancelled,
                                    "stopped: the server is shutting down", loop_.now()));
  auto launch = prepare(std::move(task));
  if (!launch)
    return report_later(not_started(id, FailureCause::kStart,
                                    "cannot start: " + launch.error().message, loop_.now()));
  entries_[id].launch = *launch;
  submit(*launch);
  if (orphans_ != nullptr && !orphan_timer_) watch_orphans();
}

void ProcessRuntime::Impl::submit(const std::shared_ptr<Launch>& launch) {
  if (launch->slot == nullptr) launch->slot = idle_.take(launch->task.agent->limits);
  launch->was_alone = running_ == 0 && launching_ == 0;
  ++launching_;
  spawner_->post([this, launch] {
    run_launch(*launch, *factory_);
    loop_.post([weak = weak_from_this(), launch] {
      if (const auto self = weak.lock()) self->on_launched(launch);
    });
  });
}

void ProcessRuntime::Impl::on_launched(const std::shared_ptr<Launch>& launch) {
  --launching_;
  const AttemptId id = launch->task.id;
  const auto found = entries_.find(id);
  AGENTAINER_CHECK(found != entries_.end(), "an attempt stays until it has been reported");
  if (launch->child) {
    on_running(id, found->second, *launch);
  } else {
    on_not_started(id, found->second, *launch);
  }
}

void ProcessRuntime::Impl::on_running(const AttemptId& id, Entry& entry, Launch& launch) {
  const TimePoint now = loop_.now();
  entry.attempt = std::make_shared<RunningAttempt>(
      *around_, launch, now,
      [weak = weak_from_this()](AttemptReport report, std::unique_ptr<Slot> slot, bool is_free) {
        if (const auto self = weak.lock())
          self->on_end(std::move(report), std::move(slot), is_free);
      });
  entry.launch.reset();
  const Intervention stop = entry.stop;
  const std::shared_ptr<RunningAttempt> attempt = entry.attempt;
  if (const Status begun = attempt->begin(); !begun) {
    entries_.erase(id);
    return report_later(
        not_started(id, FailureCause::kStart, "cannot start: " + begun.error().message, now));
  }
  ++running_;
  listener_->on_started(id, now);
  if (stop != Intervention::kNone) attempt->stop(stop);
}

void ProcessRuntime::Impl::on_not_started(const AttemptId& id, Entry& entry, Launch& launch) {
  if (launch.slot != nullptr) recycle(std::move(launch.slot), true);
  if (entry.stop != Intervention::kNone) {
    const bool is_shutdown = entry.stop == Intervention::kShutdown;
    return finish(not_started(id, FailureCause::kCancelled,
                              is_shutdown ? "stopped: the server is shutting down" : "cancelled",
                              loop_.now()));
  }
  if (launch.out_of_resources && (!launch.was_alone || running_ > 0)) {
    idle_.clear();  // here and now, as each of them has descriptors open
    deferred_.push_back(id);
    if (running_ == 0 && launching_ == 0) retry_deferred();
    return;
  }
  // The program may have gone since it was found.
  plans_.forget_programs(*launch.task.agent);
  if (const auto program = plans_.program(*launch.task.agent, *launch.plan, launch.task.command,
                                          launch.task.environment);
      !program)
    launch.error = program.error().message;
  finish(not_started(id, FailureCause::kStart, "cannot start: " + launch.error, loop_.now()));
}

void ProcessRuntime::Impl::on_end(AttemptReport report, std::unique_ptr<Slot> slot, bool is_free) {
  --running_;
  recycle(std::move(slot), is_free);
  if (orphans_ != nullptr) orphans_->reap_ended();
  finish(std::move(report));
}

void ProcessRuntime::Impl::finish(AttemptReport report) {
  entries_.erase(report.id);
  retry_deferred();
  listener_->on_finished(std::move(report));
  finish_shutdown();
}

void ProcessRuntime::Impl::report_later(AttemptReport report) {
  loop_.post([weak = weak_from_this(), report = std::move(report)]() mutable {
    if (const auto self = weak.lock()) self->listener_->on_finished(std::move(report));
  });
}

void ProcessRuntime::Impl::recycle(std::unique_ptr<Slot> slot, bool is_free) {
  if (!is_free) {
    lost_.push_back(std::move(slot));
    return;
  }
  if (slot->workspace.is_clean()) {
    if (auto surplus = idle_.put(std::move(slot))) destroy(std::move(surplus));
    return;
  }
  ++sweeping_;
  sweeper_->post([this, shared = std::make_shared<std::unique_ptr<Slot>>(std::move(slot))] {
    if (!(*shared)->workspace.clean()) {
      log::warning("cannot clean {}", (*shared)->workspace.temporary_path());
      shared->reset();
    }
    loop_.post([weak = weak_from_this(), shared] {
      const auto self = weak.lock();
      if (self == nullptr) return;
      --self->sweeping_;
      if (*shared != nullptr)
        if (auto surplus = self->idle_.put(std::move(*shared))) self->destroy(std::move(surplus));
      self->finish_shutdown();
    });
  });
}

void ProcessRuntime::Impl::destroy(std::unique_ptr<Slot> slot) {
  sweeper_->post(
      [shared = std::make_shared<std::unique_ptr<Slot>>(std::move(slot))] { shared->reset(); });
}

void ProcessRuntime::Impl::retry_deferred() {
  if (deferred_.empty()) return;
  const auto found = entries_.find(deferred_.front());
  deferred_.pop_front();
  AGENTAINER_CHECK(found != entries_.end(), "a deferred attempt has not been reported");
  submit(found->second.launch);
}

void ProcessRuntime::Impl::watch_orphans() {
  orphan_timer_ = loop_.schedule(loop_.now() + kOrphanInterval, [this] {
    orphan_timer_.reset();
    if (orphans_->reap_ended() || !entries_.empty()) watch_orphans();
  });
}

void ProcessRuntime::Impl::stop(const AttemptId& id, Intervention why) {
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  Entry& entry = found->second;
  if (entry.attempt != nullptr) return entry.attempt->stop(why);
  if (entry.stop == Intervention::kNone) entry.stop = why;
  entry.launch->is_cancelled = true;
  const auto deferred = std::find(deferred_.begin(), deferred_.end(), id);
  if (deferred == deferred_.end()) return;  // the spawner has it
  deferred_.erase(deferred);
  ++launching_;
  loop_.post([weak = weak_from_this(), launch = entry.launch] {
    if (const auto self = weak.lock()) self->on_launched(launch);
  });
}

void ProcessRuntime::Impl::recover(std::function<void(Result<std::vector<AttemptId>>)> done) {
  sweeper_->post([this, done = std::move(done)] {
    const Status reaped = reap_dead_lives(options_.data_directory);
    loop_.post([done, reaped] {
      if (!reaped) return done(tl::make_unexpected(reaped.error()));
      done(std::vector<AttemptId>());
    });
  });
}

void ProcessRuntime::Impl::shutdown(std::function<void()> done) {
  on_closed_.push_back(std::move(done));
  is_closing_ = true;
  std::vector<AttemptId> ids;
  for (const auto& [id, entry] : entries_) ids.push_back(id);
  for (const AttemptId& id : ids) stop(id, Intervention::kShutdown);
  loop_.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->finish_shutdown();
  });
}

void ProcessRuntime::Impl::finish_shutdown() {
  if (!is_closing_ || !entries_.empty() || sweeping_ != 0) return;
  if (!is_closed_) {
    is_closed_ = true;
    auto slots = std::make_shared<std::vector<std::unique_ptr<Slot>>>(idle_.clear());
    std::move(lost_.begin(), lost_.end(), std::back_inserter(*slots));
    lost_.clear();
    sweeper_->post([this, slots] {
      slots->clear();
      driver_.reset();
      directory_.reset();
      loop_.post([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (self == nullptr) return;
        for (const auto& done : std::exchange(self->on_closed_, {})) done();
      });
    });
  }
}

ProcessRuntime::ProcessRuntime(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ProcessRuntime::~ProcessRuntime() = default;

Result<std::unique_ptr<ProcessRuntime>> ProcessRuntime::create(net::EventLoop& loop,
                                                               ProcessOptions options) {
  if (!options.data_directory.starts_with('/'))
    return fail(ErrorCode::kInvalid, "the data directory '{}' is not an absolute path",
                options.data_directory);
  reserve_standard_streams();
  auto directory = RunDirectory::create(options.data_directory);
  if (!directory) return tl::make_unexpected(directory.error());
  auto impl =
      std::make_shared<Impl>(loop, std::move(options), std::move(*directory), raise_open_files());
  impl->open();
  return std::unique_ptr<ProcessRuntime>(new ProcessRuntime(std::move(impl)));
}

void ProcessRuntime::set_listener(Listener* listener) { impl_->set_listener(listener); }
Status ProcessRuntime::check(const AgentSpec& agent, const std::vector<std::string>& command) {
  return impl_->check(agent, command);
}
void ProcessRuntime::start(TaskSpec task) { impl_->start(std::move(task)); }
void ProcessRuntime::stop(const AttemptId& id, StopReason reason) {
  impl_->stop(id, intervention(reason));
}
void ProcessRuntime::recover(std::function<void(Result<std::vector<AttemptId>>)> done) {
  impl_->recover(std::move(done));
}
void ProcessRuntime::shutdown(std::function<void()> done) { impl_->shutdown(std::move(done)); }
std::string ProcessRuntime::description() const { return impl_->description(); }
LimitSupport ProcessRuntime::limit_support() const { return impl_->limit_support(); }

}  // namespace agentainer::runtime

#include "store/private_redis.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "store/child_process.h"
#include "store/descriptor.h"
#include "store/private_redis_files.h"
#include "store/redis_probe.h"

namespace agentainer::store {

namespace asio = boost::asio;
namespace fs = std::filesystem;

namespace {

constexpr milliseconds kShortestPause = 1ms;
/// Between looks for an answer, or for the lock of a holder that has gone.
constexpr milliseconds kLongestPause = 20ms;
/// Before a child that keeps ending is started again, at most. One that ends by itself may need
/// somebody to clear its disk.
constexpr milliseconds kFirstRespawnPause = 10ms;
constexpr milliseconds kLongestPauseIfKilled = 200ms;
constexpr milliseconds kLongestPauseIfIll = 1s;
constexpr milliseconds kTellAgain = 10s;
/// A child that has run this long was well.
constexpr milliseconds kWell = 1s;
constexpr milliseconds kPatienceAtEnd = 5s;
constexpr milliseconds kLogCheckPause = std::chrono::minutes(10);

std::string describe_exit(int status) {
  if (WIFSIGNALED(status)) return fmt::format("was ended by signal {}", WTERMSIG(status));
  return fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

}  // namespace

struct PrivateRedis::Impl : std::enable_shared_from_this<Impl> {
  net::EventLoop& loop;
  const PrivateRedisOptions options;
  const fs::path directory;
  net::RedisAddress address;

  Started started;  ///< Until start() is answered.
  std::function<void()> on_return;
  std::function<void(Status)> stopped;
  bool is_stopping = false;
  bool is_over = false;

  Descriptor lock;
  bool holds_lock = false;

  pid_t child = 0;
  std::optional<asio::posix::stream_descriptor> child_watch;
  TimePoint spawned{};
  bool child_answered = false;
  std::uintmax_t log_offset = 0;
  milliseconds respawn_pause{0};
  TimePoint told{};  ///< When the log was last told that it ended.

  std::unique_ptr<RedisProbe> probe;
  bool answers = false;
  milliseconds pause = kShortestPause;
  std::optional<Executor::TimerId> next_look;
  std::optional<Executor::TimerId> log_check;

  Impl(net::EventLoop& event_loop, PrivateRedisOptions how)
      : loop(event_loop),
        options(std::move(how)),
        directory(fs::absolute(options.data_directory) / "redis") {
    address.transport = net::RedisAddress::Transport::kUnix;
    address.path = (directory / "redis.sock").string();
  }

  // --- Start -------------------------------------------------------------------------------------

  Status prepare() {
    if (Status status = make_redis_directory(directory); !status) return status;
    const fs::path path = directory / "lock";
    lock = Descriptor(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (lock.number() < 0)
      return fail(ErrorCode::kInvalid, "cannot open {}: {}; choose another directory with --data",
                  path.string(), std::strerror(errno));
    return {};
  }

  /// Takes the lock if it is free, starts the child if that is up to us, and asks for an answer.
  void look() {
    next_look.reset();
    if (is_over || is_stopping) return;
    if (!holds_lock && ::flock(lock.number(), LOCK_EX | LOCK_NB) == 0) holds_lock = true;
    if (holds_lock && child == 0) {
      if (Status status = spawn(); !status) return spawn_failed(status.error());
    }
    if (probe) return;
    probe = std::make_unique<RedisProbe>(
        loop, address,
        RedisProbe::Events{[self = shared_from_this()] { self->answered(); },
                           [self = shared_from_this()] { self->probe_gone(); }});
  }

  void look_in(milliseconds delay) {
    if (next_look) loop.cancel(*next_look);
    next_look = loop.schedule(loop.now() + delay, [self = shared_from_this()] { self->look(); });
  }

  Status spawn() {
    std::string program =
        options.program.empty() ? find_program({"redis-server", "valkey-server"}) : options.program;
    if (program.empty())
      return fail(ErrorCode::kNotFound,
                  "redis-server is not installed: apt install redis-server (agentainer runs its "
                  "own, no service is "
                  "needed), or give the address of one with --redis");
    remove_leftovers(directory);
    bound_log(directory);
    log_offset = log_size_bytes(directory);
    const Descriptor output(
        ::open((directory / "redis.log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (output.number() < 0)
      return fail(ErrorCode::kInvalid, "cannot write {}/redis.log: {}", directory.string(),
                  std::strerror(errno));
    const auto pid = spawn_child({std::move(program), redis_arguments(options.maxmemory_bytes),
                                  directory.string(), output.number(), lock.number()});
    if (!pid) return tl::make_unexpected(pid.error());
    child = *pid;
    spawned = loop.now();
    child_answered = false;
    check_log_later();
    return watch_child();
  }

  Status watch_child() {
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
    if (pidfd < 0)
      return fail(ErrorCode::kUnsupported, "cannot watch redis-server: pidfd_open: {}",
                  std::strerror(errno));
    child_watch.emplace(loop.context(), pidfd);
    child_watch->async_wait(
        asio::posix::descriptor_base::wait_read,
        [self = shared_from_this(), pid = child](boost::system::error_code error) {
          if (!error && self->child == pid) self->child_ended();
        });
    return {};
  }

  void spawn_failed(const Error& error) {
    kill_child();
    if (started) return give_up(error);
    log::error("{}", error.message);
    look_in(respawn_pause = std::clamp(respawn_pause * 2, kFirstRespawnPause, kLongestPauseIfIll));
  }

  void give_up(const Error& error) {
    end();
    std::exchange(started, nullptr)(tl::make_unexpected(error));
  }

  // --- Events ------------------------------------------------------------------------------------

  void answered() {
    answers = child_answered = true;
    pause = kShortestPause;
    if (started) {
      std::exchange(started, nullptr)(address);
    } else if (on_return && !is_stopping) {
      on_return();
    }
  }

  void probe_gone() {
    probe.reset();
    // One that answered until now: look at once, the lock may be free.
    const milliseconds delay = std::exchange(answers, false) ? milliseconds{0} : pause;
    pause = std::min(pause * 2, kLongestPause);
    if (!next_look && !is_stopping) look_in(delay);
  }

  void child_ended() {
    int status = 0;
    ::waitpid(child, &status, 0);
    child_watch.reset();
    const pid_t ended = std::exchange(child, 0);
    probe.reset();
    answers = false;
    if (is_stopping) return finish_stop();

    // One that was killed has nothing to say for itself.
    const bool was_killed = WIFSIGNALED(status) && child_answered;
    std::string message = fmt::format("redis-server (process {}) {}", ended, describe_exit(status));
    if (!was_killed)
      message += ": " + explain_redis_log(read_log(directory, log_offset), directory);
    if (started) return give_up({ErrorCode::kUnavailable, message});
    const bool was_well = child_answered && loop.now() - spawned >= kWell;
    const milliseconds longest = was_killed ? kLongestPauseIfKilled : kLongestPauseIfIll;
    respawn_pause = was_well ? 0ms : std::clamp(respawn_pause * 2, kFirstRespawnPause, longest);
    if (was_well || loop.now() - told >= kTellAgain) {
      told = loop.now();
      log::warning("{}; it is started again", message);
    }
    look_in(respawn_pause);
  }

  void check_log_later() {
    if (log_check) return;
    log_check = loop.schedule(loop.now() + kLogCheckPause, [self = shared_from_this()] {
      self->log_check.reset();
      bound_log(self->directory);
      self->check_log_later();
    });
  }

  // --- End ---------------------------------------------------------------------------------------

  void stop() {
    is_stopping = true;
    if (next_look) loop.cancel(*std::exchange(next_look, std::nullopt));
    if (child == 0) return loop.post([self = shared_from_this()] { self->finish_stop(); });
    if (!answers) {
      // It is loading and has nothing to write.
      ::kill(child, SIGKILL);
      return;
    }
    probe->send_shutdown();
    ::kill(child, SIGTERM);
    loop.schedule(loop.now() + kPatienceAtEnd, [weak = weak_from_this(), pid = child] {
      const auto self = weak.lock();
      if (self && self->child == pid) ::kill(pid, SIGKILL);
    });
  }

  void finish_stop() {
    end();
    if (stopped) std::exchange(stopped, nullptr)(Status());
  }

  void kill_child() {
    if (child == 0) return;
    ::kill(child, SIGKILL);
    ::waitpid(std::exchange(child, 0), nullptr, 0);
    child_watch.reset();
  }

  void end() {
    if (std::exchange(is_over, true)) return;
    for (auto* timer : {&next_look, &log_check})
      if (*timer) loop.cancel(*std::exchange(*timer, std::nullopt));
    kill_child();
    probe.reset();
    if (holds_lock) ::unlink(address.path.c_str());
    lock.close();
  }
};

PrivateRedis::PrivateRedis(net::EventLoop& loop, PrivateRedisOptions options)
    : impl_(std::make_shared<Impl>(loop, std::move(options))) {}

PrivateRedis::~PrivateRedis() {
  impl_->started = nullptr;
  impl_->on_return = nullptr;
  impl_->stopped = nullptr;
  impl_->end();
}

void PrivateRedis::start(Started started) {
  AGENTAINER_CHECK(!impl_->started && impl_->lock.number() < 0, "start() is called once");
  impl_->started = std::move(started);
  impl_->loop.post([impl = impl_] {
    if (impl->is_over) return;
    if (Status status = impl->prepare(); !status) return impl->give_up(status.error());
    impl->look();
  });
}

void PrivateRedis::set_on_return(std::function<void()> on_return) {
  impl_->on_return = std::move(on_return);
}

void PrivateRedis::stop(std::function<void(Status)> stopped) {
  impl_->stopped = std::move(stopped);
  impl_->stop();
}

pid_t PrivateRedis::child_pid() const { return impl_->child; }

}  // namespace agentainer::store

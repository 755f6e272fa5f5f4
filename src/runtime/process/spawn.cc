#include "runtime/process/spawn.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

// The child runs on the parent's memory and stack until it execs. So nothing it calls may be
// instrumented, allocate, take a lock or return from the frame that cloned: it makes system calls,
// and writes only to Exchange.
#define AGENTAINER_BARE __attribute__((noinline, no_sanitize("address", "thread", "undefined")))

namespace agentainer::runtime {
namespace {

struct Exchange {
  const SpawnRequest* request;
  pid_t server;
  // Written by the child, read by the parent once the child has gone.
  volatile SpawnStage stage = SpawnStage::kClone;
  volatile int error = 0;
};

// A system call in line: a call through a function would return twice through one return address,
// which the child overwrites.
#if defined(__x86_64__)
__attribute__((always_inline)) inline long inline_syscall(long number, long a, long b, long c,
                                                          long d, long e) {
  long result;
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  asm volatile("syscall"
               : "=a"(result)
               : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
               : "rcx", "r11", "memory");
  return result;
}
#elif defined(__aarch64__)
__attribute__((always_inline)) inline long inline_syscall(long number, long a, long b, long c,
                                                          long d, long e) {
  register long x8 asm("x8") = number;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
  return x0;
}
#else
#error "spawn.cc needs this architecture's system call instruction"
#endif

[[noreturn]] AGENTAINER_BARE void give_up(Exchange* exchange, SpawnStage stage) {
  exchange->stage = stage;
  exchange->error = errno;
  for (;;) ::syscall(SYS_exit_group, 127);
}

// The kernel's struct sigaction, all zero: SIG_DFL without flags.
struct DefaultAction {
  std::uint64_t words[4];
};

[[noreturn]] AGENTAINER_BARE void run_child(Exchange* exchange) {
  const SpawnRequest& request = *exchange->request;
  ::syscall(SYS_setsid);
  ::syscall(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // The server may have died before the line above.
  if (::syscall(SYS_getppid) != exchange->server) give_up(exchange, SpawnStage::kClone);

  for (std::size_t i = 0; i < request.join_fds.size(); ++i)
    if (::syscall(SYS_write, request.join_fds.data()[i], "0", 1) != 1)
      give_up(exchange, SpawnStage::kCgroup);
  if (request.program == nullptr)
    for (;;) ::syscall(SYS_exit_group, 0);

  // Ignored signals outlive exec, and no handler of the server may run here once signals are let
  // through.
  DefaultAction action;
  for (int i = 0; i < 4; ++i) action.words[i] = 0;
  for (int signal = 1; signal < 32; ++signal)
    ::syscall(SYS_rt_sigaction, signal, &action, nullptr, 8);

  for (std::size_t i = 0; i < request.limits.size(); ++i) {
    const ResourceLimit& limit = request.limits.data()[i];
    if (::syscall(SYS_prlimit64, 0, limit.resource, &limit.value, nullptr) != 0)
      give_up(exchange, SpawnStage::kLimit);
  }
  if (::syscall(SYS_dup3, request.stdin_fd, 0, 0) < 0 ||
      ::syscall(SYS_dup3, request.stdout_fd, 1, 0) < 0 ||
      ::syscall(SYS_dup3, request.stderr_fd, 2, 0) < 0)
    give_up(exchange, SpawnStage::kStreams);
  if (::syscall(SYS_chdir, request.directory) != 0) give_up(exchange, SpawnStage::kDirectory);
  // Ours are O_CLOEXEC; this is for descriptors that a library or whoever started the server left
  // open. A kernel before 5.9 does not know it.
  ::syscall(SYS_close_range, 3, ~0u, 0);

  std::uint64_t no_signals = 0;
  ::syscall(SYS_rt_sigprocmask, SIG_SETMASK, &no_signals, nullptr, 8);
  ::syscall(SYS_execve, request.program, request.arguments, request.environment);
  give_up(exchange, SpawnStage::kProgram);
}

AGENTAINER_BARE long clone_child(Exchange* exchange, int* pidfd) {
  constexpr std::uint64_t kFlags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
  const int cgroup = exchange->request->cgroup_fd;
  if (cgroup >= 0) {
    clone_args arguments{};
    arguments.flags = kFlags | CLONE_INTO_CGROUP;
    arguments.pidfd = reinterpret_cast<std::uint64_t>(pidfd);
    arguments.exit_signal = SIGCHLD;
    arguments.cgroup = static_cast<std::uint64_t>(cgroup);
    const long result =
        inline_syscall(SYS_clone3, reinterpret_cast<long>(&arguments), sizeof arguments, 0, 0, 0);
    if (result == 0) run_child(exchange);
    return result;
  }
  // The older call where it will do: seccomp filters of container engines refuse clone3, whose
  // flags they cannot see.
  const long result = inline_syscall(SYS_clone, static_cast<long>(kFlags | SIGCHLD), 0,
                                     reinterpret_cast<long>(pidfd), 0, 0);
  if (result == 0) run_child(exchange);
  return result;
}

void wait_for(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

tl::expected<Spawned, SpawnError> spawn(const SpawnRequest& request) {
  Exchange exchange{&request, ::getpid()};
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  int pidfd = -1;
  const long pid = clone_child(&exchange, &pidfd);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  if (pid < 0) return tl::make_unexpected(SpawnError{SpawnStage::kClone, static_cast<int>(-pid)});
  Spawned spawned{static_cast<pid_t>(pid), UniqueFd(pidfd)};
  if (exchange.error == 0) return spawned;
  wait_for(spawned.pid);
  return tl::make_unexpected(SpawnError{exchange.stage, exchange.error});
}

int try_cgroups(int cgroup_fd, std::span<const int> join_fds) {
  const SpawnRequest request{.program = nullptr,
                             .arguments = nullptr,
                             .environment = nullptr,
                             .directory = nullptr,
                             .stdin_fd = -1,
                             .stdout_fd = -1,
                             .stderr_fd = -1,
                             .cgroup_fd = cgroup_fd,
                             .join_fds = join_fds};
  const auto spawned = spawn(request);
  if (!spawned) return spawned.error().error;
  wait_for(spawned->pid);
  return 0;
}

}  // namespace agentainer::runtime

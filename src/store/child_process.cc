#include "store/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "store/descriptor.h"

namespace agentainer::store {
namespace {

/// Prepared before vfork(): the child shares our memory and may only make system calls.
struct Plan {
  const char* program;
  char* const* argv;
  char* const* envp;
  const char* directory;
  int output;
  int null_input;
  int kept;
  int failure;  ///< A pipe for the errno of what failed; closed by success.
  pid_t parent;
  sigset_t mask;
};

/// Runs in the child. Returns the errno of what failed; does not return if all went well.
int become(const Plan& plan) {
  struct sigaction defaults {};
  defaults.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal)
    ::sigaction(signal, &defaults, nullptr);  // SIGKILL refuses: fine
  if (::setsid() < 0) return errno;
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) return errno;
  if (::getppid() != plan.parent) return ESRCH;  // it died before the line above
  if (::chdir(plan.directory) < 0) return errno;
  if (::dup2(plan.null_input, STDIN_FILENO) < 0) return errno;
  if (::dup2(plan.output, STDOUT_FILENO) < 0 || ::dup2(plan.output, STDERR_FILENO) < 0)
    return errno;
  if (plan.kept >= 0 && ::fcntl(plan.kept, F_SETFD, 0) < 0) return errno;
  ::sigprocmask(SIG_SETMASK, &plan.mask, nullptr);
  ::execve(plan.program, plan.argv, plan.envp);
  return errno;
}

/// Apart from its caller, so that no variable of it lives in a register across vfork().
[[gnu::noinline]] pid_t vfork_and_become(const Plan& plan) {
  const pid_t pid = ::vfork();
  if (pid == 0) {
    const int error = become(plan);
    if (::write(plan.failure, &error, sizeof(error)) < 0) ::_exit(126);
    ::_exit(127);
  }
  return pid;
}

}  // namespace

Result<pid_t> spawn_child(const ChildOptions& options) {
  std::vector<std::string> words{options.program};
  words.insert(words.end(), options.arguments.begin(), options.arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char* const no_environment[] = {nullptr};

  const Descriptor null_input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  int ends[2] = {-1, -1};
  if (null_input.number() < 0 || ::pipe2(ends, O_CLOEXEC) < 0)
    return fail(ErrorCode::kResource, "cannot start {}: {}", options.program, std::strerror(errno));
  const Descriptor failure(ends[0]);
  Descriptor child_end(ends[1]);
  Plan plan{options.program.c_str(),
            argv.data(),
            no_environment,
            options.directory.c_str(),
            options.output,
            null_input.number(),
            options.kept,
            child_end.number(),
            ::getpid(),
            {}};
  sigemptyset(&plan.mask);

  // Until it has its own handlers, a signal in the child would run ours in our memory.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = vfork_and_become(plan);
  const int vfork_error = errno;
  child_end.close();
  int error = 0;
  const bool failed = pid > 0 && ::read(failure.number(), &error, sizeof(error)) == sizeof(error);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);

  if (pid < 0)
    return fail(ErrorCode::kResource, "cannot start {}: {}", options.program,
                std::strerror(vfork_error));
  if (!failed) return pid;
  ::waitpid(pid, nullptr, 0);
  return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInternal,
              "cannot start {} in {}: {}", options.program, options.directory,
              std::strerror(error));
}

std::string find_program(const std::vector<std::string>& names) {
  const char* path = std::getenv("PATH");
  constexpr std::string_view kUsual = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
  for (const std::string& name : names) {
    std::string_view directories = path != nullptr && *path != '\0' ? path : kUsual;
    for (;;) {
      const std::size_t end = std::min(directories.find(':'), directories.size());
      const std::string candidate = fmt::format("{}/{}", directories.substr(0, end), name);
      // A relative directory would mean another program once the child has changed its own.
      if (candidate.starts_with('/') && ::access(candidate.c_str(), X_OK) == 0) return candidate;
      if (end == directories.size()) break;
      directories.remove_prefix(end + 1);
    }
  }
  return {};
}

}  // namespace agentainer::store

#include "runtime/process/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "runtime/process/marker.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

constexpr int kMaxDeathWaitMs = 2000;

std::string describe(const SpawnError& error, const Launch& launch) {
  const std::string reason = format_errno(error.error);
  switch (error.stage) {
    case SpawnStage::kClone:
      if (error.error == EAGAIN)
        return "too many processes: a limit of the user, the container or the machine is reached";
      return "cannot make a process: " + reason;
    case SpawnStage::kCgroup:
      return "cannot join the cgroup: " + reason;
    case SpawnStage::kLimit:
      return "cannot set a resource limit: " + reason;
    case SpawnStage::kStreams:
      return "cannot connect its streams: " + reason;
    case SpawnStage::kDirectory:
      return fmt::format("cannot enter its working directory {}: {}",
                         launch.plan->working_directory, reason);
    case SpawnStage::kProgram:
      break;
  }
  switch (error.error) {
    case ENOENT:
      return fmt::format("'{}' names an interpreter or loader that does not exist", launch.program);
    case ENOEXEC:
      return fmt::format(
          "'{}' is neither a program nor a script that begins with #! and its interpreter",
          launch.program);
    case E2BIG:
      return "its arguments and environment are too long together";
    default:
      return fmt::format("'{}': {}", launch.program, reason);
  }
}

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

// Only our end does not block: agents expect to wait when the pipe is full.
std::optional<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK) != 0) return std::nullopt;
  return pipe;
}

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> result;
  result.reserve(words.size() + 1);
  for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
  result.push_back(nullptr);
  return result;
}

Result<EnvironmentBlock> environment_of(const Launch& launch) {
  const Workspace& workspace = launch.slot->workspace;
  const AttemptPlaces places{
      workspace.task_path(), workspace.result_path(), workspace.temporary_path(),
      launch.marker,         launch.api_url,          launch.token};
  return make_environment(*launch.plan, launch.task, places);
}

}  // namespace

Child::~Child() {
  if (!pidfd) return;
  ::kill(-pid, SIGKILL);
  ::kill(pid, SIGKILL);
  pollfd wait{pidfd.get(), POLLIN, 0};
  while (::poll(&wait, 1, kMaxDeathWaitMs) < 0 && errno == EINTR) {
  }
  ::waitpid(pid, nullptr, WNOHANG);
}

void run_launch(Launch& launch, SlotFactory& slots) {
  const auto refuse = [&](Error error) {
    launch.error = std::move(error.message);
    launch.out_of_resources = error.code == ErrorCode::kUnavailable;
  };
  launch.error.clear();
  launch.out_of_resources = false;
  if (launch.is_cancelled) return;
  if (launch.slot == nullptr) {
    auto slot = slots.make(launch.task.agent->limits);
    if (!slot) return refuse(slot.error());
    launch.slot = std::move(*slot);
  }
  auto input = launch.slot->workspace.prepare(launch.task.document);
  if (!input) return refuse(input.error());
  launch.marker = attempt_marker(launch.life, launch.slot->number, launch.serial);
  auto environment = environment_of(launch);
  if (!environment) return refuse(environment.error());

  std::optional<Pipe> out = make_pipe();
  std::optional<Pipe> err = out ? make_pipe() : std::nullopt;
  if (!err) return refuse({error_code(errno), "cannot make a pipe: " + format_errno(errno)});

  const std::vector<std::string>& command =
      launch.task.command.empty() ? launch.plan->command : launch.task.command;
  const std::vector<char*> arguments = pointers(command);
  Cgroup* const cgroup = launch.slot->cgroup.get();
  if (cgroup != nullptr) cgroup->begin();
  auto spawned = spawn({.program = launch.program.c_str(),
                        .arguments = arguments.data(),
                        .environment = environment->pointers(),
                        .directory = launch.plan->working_directory.c_str(),
                        .stdin_fd = input->get(),
                        .stdout_fd = out->write.get(),
                        .stderr_fd = err->write.get(),
                        .cgroup_fd = cgroup != nullptr ? cgroup->clone_fd() : -1,
                        .join_fds = cgroup != nullptr ? cgroup->join_fds() : std::span<const int>(),
                        .limits = launch.limits});
  if (!spawned)
    return refuse({error_code(spawned.error().error), describe(spawned.error(), launch)});
  launch.child.emplace(std::move(*spawned), std::move(out->read), std::move(err->read));
}

}  // namespace agentainer::runtime

#include "cli/run_session.h"

#include <algorithm>
#include <map>
#include <thread>

#include "cli/data_directory.h"
#include "cli/workflow_id.h"
#include "runtime/mock/mock_runtime.h"
#include "runtime/process/process_runtime.h"

namespace agentainer::cli {
namespace {

/// The command as far as it is known before the run. Expressions stay as they are: runtimes take a
/// program with one in it for not yet known.
std::vector<std::string> known_command(const workflow::Step& step) {
  std::vector<std::string> command;
  for (const expr::Template& part : step.command) {
    Result<std::string> value =
        part.is_constant() ? part.evaluate_text({}) : Result<std::string>("${{ }}");
    command.push_back(value ? std::move(*value) : std::string());
  }
  return command;
}

std::string join_some(const std::vector<std::string>& names) {
  constexpr std::size_t kMaxNamed = 5;
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kMaxNamed); ++i)
    out += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMaxNamed) out += fmt::format(" and {} more", names.size() - kMaxNamed);
  return out;
}

}  // namespace

std::uint32_t default_max_tasks(RuntimeKind runtime, unsigned cores) {
  switch (runtime) {
    case RuntimeKind::kProcess:
      return std::max(16u, 4 * cores);
    case RuntimeKind::kMock:
      return 1024;
  }
  return 16;
}

Result<std::unique_ptr<RunSession>> RunSession::create(CommandLoop& loop, const RunChoice& choice) {
  std::unique_ptr<RunSession> session(new RunSession(loop, choice));
  Result<std::string> directory = choose_data_directory(choice.store.data, data_environment());
  if (directory) directory = prepare_data_directory(*directory);
  if (!directory) return tl::make_unexpected(directory.error());
  session->data_directory_ = *directory;
  switch (choice.runtime) {
    case RuntimeKind::kMock:
      session->runtime_ = std::make_unique<runtime::MockRuntime>(loop.events());
      break;
    case RuntimeKind::kProcess: {
      runtime::ProcessOptions options;
      options.data_directory = *directory;
      options.inherit_env = choice.pass_env;
      auto runtime = runtime::ProcessRuntime::create(loop.events(), std::move(options));
      if (!runtime) return tl::make_unexpected(runtime.error());
      session->runtime_ = std::move(*runtime);
      break;
    }
  }
  return session;
}

RunSession::~RunSession() { abandon(); }

Status RunSession::open() {
  auto stored = StoreSession::open(loop_, choice_.store, true);
  if (!stored) return tl::make_unexpected(stored.error());
  stored_ = std::move(*stored);
  items_ = std::make_unique<server::JsonLinesSource>(loop_.events());
  server::Options options;
  options.max_tasks = choice_.max_tasks > 0
                          ? choice_.max_tasks
                          : default_max_tasks(choice_.runtime, std::thread::hardware_concurrency());
  options.take_over_interval = choice_.take_over_interval;
  server_ = std::make_unique<server::Server>(loop_.events(), stored_->store(), *runtime_, *items_,
                                             make_workflow_id, options);
  struct Nothing {};
  const auto opened = loop_.await<Nothing>([&](auto done) {
    server_->open([done](const Status& status) {
      done(status ? Result<Nothing>(Nothing{}) : tl::make_unexpected(status.error()));
    });
  });
  return opened ? Status() : tl::make_unexpected(opened.error());
}

void RunSession::close() {
  loop_.forget_interruption();
  if (server_) {
    bool stopped = false;
    server_->shutdown([&] {
      stopped = true;
      loop_.wake();
    });
    if (!loop_.run_until([&] { return stopped; })) {
      abandon();
      return;
    }
  }
  server_.reset();
  if (stored_) stored_->close();
  abandon();
}

void RunSession::abandon() {
  server_.reset();
  items_.reset();
  stored_.reset();
  runtime_.reset();
}

Status check_agents(runtime::Runtime& runtime, const workflow::Definition& definition,
                    const std::string& source_directory) {
  // Many steps often share an image; it is looked at, and its fault told, once.
  std::map<std::pair<std::string, std::string>, Status> checked;
  std::vector<std::pair<std::string, std::vector<std::string>>> faults;
  for (const workflow::Step& step : definition.steps) {
    if (!step.runs_agents()) continue;
    const std::vector<std::string> command = known_command(step);
    const auto [found, is_new] =
        checked.try_emplace({step.image, command.empty() ? "" : command[0]});
    if (is_new) {
      runtime::AgentSpec agent;
      agent.workflow_name = definition.name;
      agent.step_id = step.id;
      agent.step_name = step.name;
      agent.step_type = to_string(step.type);
      agent.image = step.image;
      agent.source_directory = source_directory;
      agent.limits = step.limits;
      agent.output = step.output;
      found->second = runtime.check(agent, command);
    }
    if (found->second) continue;
    const std::string& message = found->second.error().message;
    const auto same = std::find_if(faults.begin(), faults.end(),
                                   [&](const auto& fault) { return fault.first == message; });
    if (same != faults.end()) {
      same->second.push_back(step.id);
    } else {
      faults.push_back({message, {step.id}});
    }
  }
  if (faults.empty()) return {};
  std::string text;
  for (const auto& [message, steps] : faults)
    text += fmt::format("{}step{} {}: {}", text.empty() ? "" : "\n", steps.size() == 1 ? "" : "s",
                        join_some(steps), message);
  return fail(ErrorCode::kInvalid, "{}", text);
}

}  // namespace agentainer::cli

#include "runtime/process/launch_plan.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "runtime/paths.h"
#include "runtime/process/image.h"
#include "runtime/process/marker.h"
#include "runtime/trace_parent.h"

namespace agentainer::runtime {
namespace {

constexpr std::string_view kDefaultPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string server_variable(const char* name, std::string_view otherwise) {
  const char* const value = std::getenv(name);
  return value != nullptr && *value != 0 ? std::string(value) : std::string(otherwise);
}

bool is_executable_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

Status EnvironmentBlock::set(std::string_view name, std::string_view value) {
  if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string_view::npos)
    return fail(ErrorCode::kInvalid, "'{}' cannot be the name of an environment variable", name);
  if (value.find('\0') != std::string_view::npos)
    return fail(ErrorCode::kInvalid, "the environment variable {} cannot hold a NUL character",
                name);
  entries_.push_back({text_.size(), name.size()});
  text_.append(name).append(1, '=').append(value).append(1, '\0');
  return {};
}

char* const* EnvironmentBlock::pointers() {
  const auto name = [&](const Entry& entry) {
    return std::string_view(text_).substr(entry.begin, entry.name_size);
  };
  std::vector<Entry> sorted = entries_;
  std::sort(sorted.begin(), sorted.end(), [&](const Entry& a, const Entry& b) {
    const int order = name(a).compare(name(b));
    return order != 0 ? order < 0 : a.begin < b.begin;
  });
  pointers_.clear();
  for (std::size_t i = 0; i < sorted.size(); ++i)
    if (i + 1 == sorted.size() || name(sorted[i]) != name(sorted[i + 1]))
      pointers_.push_back(text_.data() + sorted[i].begin);
  pointers_.push_back(nullptr);
  return pointers_.data();
}

Result<StepPlan> make_step_plan(const AgentSpec& agent, const PlanOptions& options) {
  if (!is_step_id(agent.step_id))
    return fail(ErrorCode::kInvalid, "'{}' is not a step id", agent.step_id);
  StepPlan plan;
  if (agent.image.empty()) {
    plan.working_directory = agent.source_directory;
    if (!is_directory(plan.working_directory))
      return fail(ErrorCode::kNotFound, "there is no directory {} to run the command in",
                  plan.working_directory);
  } else {
    auto image = load_image(agent.image, agent.source_directory);
    if (!image) return tl::make_unexpected(image.error());
    plan.command = std::move(image->command);
    plan.image = std::move(image->environment);
    plan.working_directory = std::move(image->working_directory);
  }
  plan.base.emplace_back("PATH", server_variable("PATH", kDefaultPath));
  plan.base.emplace_back("HOME", server_variable("HOME", "/"));
  plan.base.emplace_back("LANG", server_variable("LANG", "C.UTF-8"));
  for (const std::string& name : options.inherit)
    if (const char* const value = std::getenv(name.c_str())) plan.base.emplace_back(name, value);
  plan.base.insert(plan.base.end(), options.extra.begin(), options.extra.end());
  plan.base.emplace_back("WORKFLOW_NAME", agent.workflow_name);
  plan.base.emplace_back("STEP_NAME", agent.step_name);
  plan.base.emplace_back("STEP_TYPE", agent.step_type);
  return plan;
}

Result<const std::vector<std::string>*> choose_command(const StepPlan& plan,
                                                       const std::vector<std::string>& command) {
  const std::vector<std::string>& chosen = command.empty() ? plan.command : command;
  if (chosen.empty())
    return fail(ErrorCode::kInvalid, "there is no command: neither the step nor its image has one");
  if (chosen[0].empty())
    return fail(ErrorCode::kInvalid, "the command's first word, the program, is empty");
  for (const std::string& word : chosen)
    if (word.find('\0') != std::string::npos)
      return fail(ErrorCode::kInvalid, "the command's arguments cannot hold a NUL character");
  return &chosen;
}

std::string_view effective_path(const StepPlan& plan, const Variables& task) {
  for (const Variables* variables : {&task, &plan.image, &plan.base})
    for (auto entry = variables->rbegin(); entry != variables->rend(); ++entry)
      if (entry->first == "PATH") return entry->second;
  return kDefaultPath;
}

Result<std::string> resolve_program(const std::string& name, std::string_view path,
                                    const std::string& working_directory) {
  if (name.find('/') != std::string::npos) {
    const std::string file = name.starts_with('/') ? name : working_directory + "/" + name;
    if (is_executable_file(file)) return file;
    if (::access(file.c_str(), F_OK) != 0)
      return fail(ErrorCode::kNotFound, "no such program '{}' ({})", name, file);
    if (is_directory(file))
      return fail(ErrorCode::kNotFound, "'{}' is a directory, not a program", file);
    return fail(ErrorCode::kNotFound,
                "'{}' is not executable; chmod +x it, or name its interpreter in the command",
                file);
  }
  std::string not_executable;
  for (std::string_view rest = path;;) {
    const std::size_t end = rest.find(':');
    const std::string_view element = rest.substr(0, end);
    std::string file = element.starts_with('/')
                           ? fmt::format("{}/{}", element, name)
                           : fmt::format("{}/{}/{}", working_directory, element, name);
    if (is_executable_file(file)) return file;
    if (not_executable.empty() && ::access(file.c_str(), F_OK) == 0 && !is_directory(file))
      not_executable = file;
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  if (!not_executable.empty())
    return fail(ErrorCode::kNotFound, "'{}' is not executable", not_executable);
  return fail(ErrorCode::kNotFound, "no such program '{}' (looked in PATH {})", name, path);
}

Result<EnvironmentBlock> make_environment(const StepPlan& plan, const TaskSpec& task,
                                          const AttemptPlaces& places) {
  EnvironmentBlock block;
  Status status;
  const auto set = [&](std::string_view name, std::string_view value) {
    if (status) status = block.set(name, value);
  };
  const auto set_all = [&](const Variables& variables) {
    for (const auto& [name, value] : variables) set(name, value);
  };
  set_all(plan.base);
  set("TMPDIR", places.temporary_directory);
  set("TRACEPARENT", trace_parent(task.id));
  set_all(plan.image);
  set_all(task.environment);
  const AgentSpec& agent = *task.agent;
  set("WORKFLOW_ID", task.id.workflow.text());
  set("STEP_ID", agent.step_id);
  set("TASK_ID", task_id_text(task.id.workflow, agent.step_id, task.id.task));
  set("TASK_ATTEMPT", std::to_string(to_int(task.id.attempt)));
  if (task.map_index) set("MAP_INDEX", std::to_string(*task.map_index));
  if (task.worker_id) set("WORKER_ID", std::to_string(*task.worker_id));
  if (task.worker_id || task.total_workers > 0)
    set("TOTAL_WORKERS", std::to_string(task.total_workers));
  set("AGENTAINER_TASK_FILE", places.task_file);
  set("AGENTAINER_RESULT_FILE", places.result_file);
  if (!places.api_url.empty()) set("AGENTAINER_API_URL", places.api_url);
  if (!places.token.empty()) set("AGENTAINER_TOKEN", places.token);
  set(kMarkerVariable, places.marker);
  if (!status) return tl::make_unexpected(status.error());
  return block;
}

}  // namespace agentainer::runtime

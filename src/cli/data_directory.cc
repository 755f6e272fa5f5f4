#include "cli/data_directory.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "runtime/process/files.h"
#include "runtime/text.h"

namespace agentainer::cli {
namespace {

std::optional<std::string_view> variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr || *value == 0 ? std::nullopt : std::optional<std::string_view>(value);
}

constexpr std::string_view kRemedy = "choose another directory with --data or $AGENTAINER_DATA";

}  // namespace

bool data_directory_exists(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

DataEnvironment data_environment() {
  return {variable("AGENTAINER_DATA"), variable("XDG_DATA_HOME"), variable("HOME")};
}

Result<std::string> choose_data_directory(std::string_view option,
                                          const DataEnvironment& environment) {
  if (!option.empty()) return std::string(option);
  if (environment.agentainer_data) return std::string(*environment.agentainer_data);
  if (environment.xdg_data_home && environment.xdg_data_home->starts_with('/'))
    return fmt::format("{}/agentainer", *environment.xdg_data_home);
  if (environment.home) return fmt::format("{}/.local/share/agentainer", *environment.home);
  return fail(ErrorCode::kInvalid, "$HOME is not set, so there is no place for data; {}", kRemedy);
}

Result<std::string> prepare_data_directory(const std::string& path) {
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error).lexically_normal();
  if (error) return fail(ErrorCode::kInvalid, "the data directory {}: {}", path, error.message());
  std::string directory = absolute.string();
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  if (const Status made = runtime::make_directories(directory); !made)
    return fail(made.error().code, "{}; {}", made.error().message, kRemedy);
  if (!data_directory_exists(directory))
    return fail(ErrorCode::kInvalid, "the data directory {} is no directory; {}", directory,
                kRemedy);
  if (access(directory.c_str(), R_OK | W_OK | X_OK) != 0)
    return fail(ErrorCode::kInvalid, "the data directory {} is not writable: {}; {}", directory,
                runtime::format_errno(errno), kRemedy);
  return directory;
}

}  // namespace agentainer::cli

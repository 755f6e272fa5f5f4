#include "runtime/process/proc.h"

#include <dirent.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "runtime/process/files.h"

namespace agentainer::runtime {

std::optional<ProcessState> process_state(pid_t pid) {
  const auto text = read_small_file(fmt::format("/proc/{}/stat", pid));
  if (!text) return std::nullopt;
  // The name, in parentheses, may hold anything; fields are counted from its last ')': 3 state, 4
  // ppid, 6 session, 22 starttime.
  const std::size_t name_end = text->rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  ProcessState result;
  std::size_t at = name_end + 1;
  for (int field = 3; field <= 22; ++field) {
    at = text->find_first_not_of(' ', at);
    if (at == std::string::npos) return std::nullopt;
    const char* const begin = text->data() + at;
    const char* const end = text->data() + text->size();
    if (field == 3) result.state = *begin;
    if (field == 4) std::from_chars(begin, end, result.parent);
    if (field == 6) std::from_chars(begin, end, result.session);
    if (field == 22) std::from_chars(begin, end, result.start_time);
    at = text->find(' ', at);
    if (at == std::string::npos) return std::nullopt;
  }
  return result;
}

std::optional<std::uint64_t> process_start_time(pid_t pid) {
  const auto state = process_state(pid);
  if (!state) return std::nullopt;
  return state->start_time;
}

std::string process_environment(pid_t pid) {
  // ARG_MAX bounds it: a quarter of the 8 MiB stack by default, more with a larger stack.
  return read_small_file(fmt::format("/proc/{}/environ", pid), 16 * 1024 * 1024).value_or("");
}

std::optional<std::string> environment_value(std::string_view environment, std::string_view name) {
  std::string_view rest = environment;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\0'), rest.size());
    const std::string_view entry = rest.substr(0, end);
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=')
      return std::string(entry.substr(name.size() + 1));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return std::nullopt;
}

std::vector<pid_t> all_processes() {
  std::vector<pid_t> pids;
  DIR* const directory = ::opendir("/proc");
  if (directory == nullptr) return pids;
  while (const dirent* entry = ::readdir(directory)) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (error == std::errc() && end == name.data() + name.size()) pids.push_back(pid);
  }
  ::closedir(directory);
  return pids;
}

std::vector<pid_t> parse_pids(std::string_view text) {
  std::vector<pid_t> pids;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at != end) {
    pid_t pid = 0;
    const auto [next, error] = std::from_chars(at, end, pid);
    if (error == std::errc()) pids.push_back(pid);
    at = next == at ? at + 1 : next;
  }
  return pids;
}

}  // namespace agentainer::runtime

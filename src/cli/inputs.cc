#include "cli/inputs.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "expr/suggest.h"
#include "runtime/process/files.h"
#include "runtime/text.h"

namespace agentainer::cli {
namespace {

constexpr std::size_t kMaxStateFileBytes = std::size_t{256} << 20;

Result<std::string> read_all(int fd, const std::string& name, std::size_t max_bytes) {
  std::string text;
  char buffer[64 * 1024];
  while (true) {
    const ssize_t count = read(fd, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0)
      return fail(errno == EISDIR ? ErrorCode::kInvalid : ErrorCode::kUnavailable,
                  "cannot read {}: {}", name,
                  errno == EISDIR ? "it is a directory" : runtime::format_errno(errno));
    if (count == 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
    if (text.size() > max_bytes)
      return fail(ErrorCode::kInvalid, "{} is larger than {}", name,
                  runtime::format_bytes(static_cast<std::int64_t>(max_bytes)));
  }
}

/// "; did you mean 'flow.yaml'?", from the names of its directory.
std::string near_name(const std::string& path) {
  constexpr std::size_t kMaxLookedAt = 1000;
  const std::filesystem::path wanted(path);
  const std::filesystem::path parent = wanted.has_parent_path() ? wanted.parent_path() : ".";
  std::error_code error;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator entry(parent, error), end;
       !error && entry != end && names.size() < kMaxLookedAt; entry.increment(error))
    names.push_back(entry->path().filename().string());
  std::sort(names.begin(), names.end());
  const std::vector<std::string_view> views(names.begin(), names.end());
  return expr::did_you_mean(wanted.filename().string(), views);
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  if (path == "-") return read_all(STDIN_FILENO, "standard input", max_bytes);
  const runtime::UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    const int error = errno;
    return fail(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                "cannot open {}: {}{}", path, runtime::format_errno(error),
                error == ENOENT ? near_name(path) : "");
  }
  return read_all(file.get(), path, max_bytes);
}

Result<std::pair<std::string, Json>> parse_input(std::string_view argument) {
  const std::size_t equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return fail(ErrorCode::kInvalid,
                "--input '{}': expected key=value, for example --input count=3", argument);
  const std::string_view value = argument.substr(equals + 1);
  Result<Json> parsed = parse_json(value);
  return std::pair(std::string(argument.substr(0, equals)),
                   parsed ? std::move(*parsed) : Json(to_valid_utf8(value)));
}

Result<json::object> read_state_file(const std::string& path) {
  Result<std::string> text = read_file(path, kMaxStateFileBytes);
  if (!text) return tl::make_unexpected(text.error());
  Result<Json> value = parse_json(*text);
  if (!value) return fail(ErrorCode::kInvalid, "--state {}: {}", path, value.error().message);
  if (!value->is_object())
    return fail(ErrorCode::kInvalid,
                "--state {}: expected a JSON object, for example {{\"urls\": [\"a\", \"b\"]}}",
                path);
  return std::move(value->get_object());
}

Result<json::object> gather_inputs(const std::vector<std::string>& files,
                                   const std::vector<std::string>& inputs) {
  json::object gathered;
  for (const std::string& file : files) {
    Result<json::object> state = read_state_file(file);
    if (!state) return tl::make_unexpected(state.error());
    for (auto& [key, value] : *state) gathered[key] = std::move(value);
  }
  for (const std::string& input : inputs) {
    Result<std::pair<std::string, Json>> parsed = parse_input(input);
    if (!parsed) return tl::make_unexpected(parsed.error());
    gathered[parsed->first] = std::move(parsed->second);
  }
  return gathered;
}

}  // namespace agentainer::cli

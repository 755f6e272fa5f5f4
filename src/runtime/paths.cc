#include "runtime/paths.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace agentainer::runtime {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// A number as log_file_name writes it: no sign, no leading zero. Consumes it from `text`.
std::optional<std::uint32_t> take_number(std::string_view& text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const auto length = static_cast<std::size_t>(end - text.data());
  if (error != std::errc() || length == 0 || (text[0] == '0' && length > 1)) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

bool take(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string_view to_string(LogStream stream) {
  switch (stream) {
    case LogStream::kStdout:
      return "stdout";
    case LogStream::kStderr:
      return "stderr";
  }
  return "unknown";
}

bool is_step_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && is_letter(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

std::string run_directory(std::string_view data_directory) {
  return fmt::format("{}/run", data_directory);
}
std::string logs_directory(std::string_view data_directory) {
  return fmt::format("{}/logs", data_directory);
}

std::string step_log_directory(std::string_view data_directory, const WorkflowId& workflow,
                               std::string_view step_id) {
  AGENTAINER_CHECK(is_step_id(step_id), "only a valid step id becomes part of a path");
  return fmt::format("{}/logs/{}/{}", data_directory, workflow.text(), step_id);
}

std::string log_file_name(TaskIndex task, Attempt attempt, LogStream stream) {
  return fmt::format("{}.{}.{}", to_int(task), to_int(attempt), to_string(stream));
}

std::optional<LogFileName> parse_log_file_name(std::string_view name) {
  const auto task = take_number(name);
  if (!task || !take(name, '.')) return std::nullopt;
  const auto attempt = take_number(name);
  if (!attempt || !take(name, '.')) return std::nullopt;
  for (const LogStream stream : {LogStream::kStdout, LogStream::kStderr})
    if (name == to_string(stream)) return LogFileName{TaskIndex{*task}, Attempt{*attempt}, stream};
  return std::nullopt;
}

}  // namespace agentainer::runtime

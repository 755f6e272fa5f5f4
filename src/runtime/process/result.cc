#include "runtime/process/result.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "base/json.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

constexpr std::string_view kJsonSpace = " \t\r\n";

std::string_view trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kJsonSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kJsonSpace) - begin + 1);
}

// The text as it stands when it is one JSON value: numbers keep their digits.
Result<std::string> json_value(std::string_view text) {
  const std::string_view value = trim(text);
  if (value.empty()) return fail(ErrorCode::kInvalid, "empty");
  if (auto parsed = parse_json(value); !parsed) return tl::make_unexpected(parsed.error());
  return std::string(value);
}

bool may_be_json(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(kJsonSpace);
  return begin != std::string_view::npos &&
         std::string_view("{[\"-0123456789tfn").find(text[begin]) != text.npos;
}

// Without the final line feed that programs end their output with, as the shell's $(…) does.
std::string text_value(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  if (text.ends_with('\r')) text.remove_suffix(1);
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string lines_value(std::string_view text) {
  std::string out = "[";
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, line);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  out.push_back(']');
  return out;
}

// Not in the middle of a character.
std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  std::size_t end = max_bytes;
  while (end > 0 && max_bytes - end < 4 && (static_cast<std::uint8_t>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end);
}

}  // namespace

Result<std::string> read_result(const UniqueFd& file, std::int64_t max_bytes) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0)
    return fail(ErrorCode::kInvalid, "AGENTAINER_RESULT_FILE cannot be read: {}",
                format_errno(errno));
  if (status.st_size > max_bytes)
    return fail(ErrorCode::kInvalid, "AGENTAINER_RESULT_FILE holds {}; a result is at most {}",
                format_bytes(status.st_size), format_bytes(max_bytes));
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t got = ::read(file.get(), text.data() + done, text.size() - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return fail(ErrorCode::kInvalid, "AGENTAINER_RESULT_FILE cannot be read: {}",
                  format_errno(errno));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  text.resize(done);
  return text;
}

Result<std::string> result_from_file(OutputMode mode, const std::string& text) {
  switch (mode) {
    case OutputMode::kNone:
      return std::string("null");
    case OutputMode::kText:
      return text_value(text);
    case OutputMode::kLines:
      return lines_value(text);
    case OutputMode::kAuto:
    case OutputMode::kJson:
      break;
  }
  auto value = json_value(text);
  if (!value)
    return fail(ErrorCode::kInvalid, "AGENTAINER_RESULT_FILE does not hold a JSON value: {}",
                value.error().message);
  return value;
}

Result<std::string> result_from_stdout(OutputMode mode, const OutputText& output) {
  if (mode == OutputMode::kNone) return std::string("null");
  if (output.lost_error != 0)
    return fail(ErrorCode::kInvalid, "stdout could not be kept: {}",
                format_errno(output.lost_error));
  if (output.cut && mode != OutputMode::kAuto)
    return fail(
        ErrorCode::kInvalid,
        "stdout is longer than the {} that are kept; write large results to AGENTAINER_RESULT_FILE",
        format_bytes(static_cast<std::int64_t>(output.text.size())));
  switch (mode) {
    case OutputMode::kNone:
      break;
    case OutputMode::kText:
      return text_value(output.text);
    case OutputMode::kLines:
      return lines_value(output.text);
    case OutputMode::kJson: {
      auto value = json_value(output.text);
      if (!value)
        return fail(ErrorCode::kInvalid, "stdout is not a JSON value: {}", value.error().message);
      return value;
    }
    case OutputMode::kAuto:
      if (!output.cut && may_be_json(output.text))
        if (auto value = json_value(output.text)) return value;
      break;
  }
  const std::string_view kept = cut_utf8(output.text, kMaxAutoTextBytes);
  std::string result = "{\"stdout\":";
  append_json_string(result, kept);
  if (output.cut || kept.size() < output.text.size()) result += ",\"truncated\":true";
  result += '}';
  return result;
}

}  // namespace agentainer::runtime

#include "store/process_identity.h"

#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <iterator>

#include "base/json.h"

namespace agentainer::store {
namespace {

std::string read_small_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string this_boot() {
  std::string text = read_small_file("/proc/sys/kernel/random/boot_id");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::uint64_t this_pid_namespace() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

std::optional<std::uint64_t> start_ticks_of(pid_t pid) {
  return parse_start_ticks(read_small_file(fmt::format("/proc/{}/stat", pid)));
}

}  // namespace

ProcessIdentity ProcessIdentity::of_this_process() {
  return {this_boot(), this_pid_namespace(), ::getpid(), start_ticks_of(::getpid()).value_or(0)};
}

std::optional<ProcessIdentity> ProcessIdentity::parse(std::string_view text) {
  const auto json = parse_json(text);
  if (!json || !json->is_object()) return std::nullopt;
  const json::object& object = json->as_object();
  const auto* boot = object.if_contains("boot");
  const auto number = [&](std::string_view name) -> std::optional<std::uint64_t> {
    const auto* value = object.if_contains(name);
    if (value == nullptr || !value->is_int64() || value->as_int64() < 0) return std::nullopt;
    return static_cast<std::uint64_t>(value->as_int64());
  };
  const auto space = number("pid_namespace");
  const auto pid = number("pid");
  const auto start = number("start");
  if (boot == nullptr || !boot->is_string() || !space || !pid || !start) return std::nullopt;
  return ProcessIdentity{std::string(boot->as_string()), *space, static_cast<pid_t>(*pid), *start};
}

std::string ProcessIdentity::text() const {
  return to_text(json::object{{"boot", boot_id},
                              {"pid_namespace", static_cast<std::int64_t>(pid_namespace)},
                              {"pid", pid},
                              {"start", static_cast<std::int64_t>(start_ticks)}});
}

std::optional<bool> ProcessIdentity::is_running() const {
  if (boot_id.empty() || pid_namespace == 0) return std::nullopt;
  if (boot_id != this_boot() || pid_namespace != this_pid_namespace()) return std::nullopt;
  return start_ticks_of(pid) == start_ticks;
}

std::optional<std::uint64_t> parse_start_ticks(std::string_view stat) {
  // The second field, the program's name in parentheses, may hold anything; the last ')' ends it.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos) return std::nullopt;
  std::string_view rest = stat.substr(name_end + 1);
  constexpr int kStateField = 3;
  constexpr int kStartField = 22;
  for (int field = kStateField; !rest.empty(); ++field) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string_view word = rest.substr(0, rest.find(' '));
    rest.remove_prefix(word.size());
    if (field == kStateField && (word == "Z" || word == "X")) return std::nullopt;
    if (field < kStartField) continue;
    std::uint64_t ticks = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), ticks);
    if (error != std::errc{} || end == word.data()) return std::nullopt;
    return ticks;
  }
  return std::nullopt;
}

}  // namespace agentainer::store

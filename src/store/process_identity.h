#pragma once
// Which process this is, in words that another process can check.

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace agentainer::store {

struct ProcessIdentity {
  std::string boot_id;              ///< Of the running kernel (random(4)).
  std::uint64_t pid_namespace = 0;  ///< Inode number (pid_namespaces(7)).
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;  ///< Since boot; tells a process from a later one with its pid.

  static ProcessIdentity of_this_process();
  /// Reads what text() gives.
  static std::optional<ProcessIdentity> parse(std::string_view text);
  /// JSON.
  std::string text() const;

  /// Whether that process runs; nothing if it belongs to another boot, machine or pid namespace and
  /// cannot be seen from here.
  std::optional<bool> is_running() const;

  bool operator==(const ProcessIdentity&) const = default;
};

/// Start time in the text of /proc/<pid>/stat (proc(5)); nothing for a zombie or another text.
std::optional<std::uint64_t> parse_start_ticks(std::string_view stat);

}  // namespace agentainer::store

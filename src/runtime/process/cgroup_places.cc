#include <algorithm>
#include <string>
#include <vector>

#include "runtime/process/cgroup.h"

namespace agentainer::runtime {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return parts;
}

bool contains(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Octal escapes of blanks and backslashes in mountinfo: "\040".
std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out.push_back(static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                      (text[i + 3] - '0')));
      i += 3;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

struct Mount {
  std::string root;  ///< The cgroup that is mounted; "/" outside containers.
  std::string point;
  bool is_v2 = false;
  std::string_view controllers;  ///< Options of the super block; in v1 they name the controllers.
};

// proc_pid_mountinfo(5): id parent major:minor ROOT POINT options optional… - TYPE source
// SUPER_OPTIONS
std::vector<Mount> cgroup_mounts(std::string_view mountinfo) {
  std::vector<Mount> mounts;
  for (const std::string_view line : split(mountinfo, '\n')) {
    const std::vector<std::string_view> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 10 || fields.end() - dash < 4) continue;
    if (dash[1] != "cgroup" && dash[1] != "cgroup2") continue;
    mounts.push_back({unescape(fields[3]), unescape(fields[4]), dash[1] == "cgroup2", dash[3]});
  }
  return mounts;
}

// The directory of cgroup `path` in a mount that shows `root` and what is below it.
CgroupPlaces::Hierarchy place(const Mount& mount, std::string_view path) {
  CgroupPlaces::Hierarchy result{mount.point, mount.point};
  if (mount.root != "/") {
    if (!path.starts_with(mount.root)) return result;
    path.remove_prefix(mount.root.size());
  }
  // A path that climbs ("/../x") is of a cgroup outside this namespace.
  if (path.starts_with('/') && path != "/" && !path.starts_with("/..")) result.own += path;
  return result;
}

}  // namespace

CgroupPlaces find_cgroup_places(std::string_view mountinfo, std::string_view own_cgroups) {
  CgroupPlaces places;
  const std::vector<Mount> mounts = cgroup_mounts(mountinfo);
  for (const std::string_view line : split(own_cgroups, '\n')) {  // hierarchy-id:controllers:path
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::vector<std::string_view> controllers =
        split(line.substr(first + 1, second - first - 1), ',');
    const std::string_view path = line.substr(second + 1);
    for (const Mount& mount : mounts) {
      if (controllers.empty()) {
        if (mount.is_v2 && !places.v2) places.v2 = place(mount, path);
        continue;
      }
      if (mount.is_v2) continue;
      const std::vector<std::string_view> mounted = split(mount.controllers, ',');
      const auto take = [&](std::optional<CgroupPlaces::Hierarchy>& slot, std::string_view name) {
        if (!slot && contains(controllers, name) && contains(mounted, name))
          slot = place(mount, path);
      };
      take(places.memory, "memory");
      take(places.cpu, "cpu");
      take(places.pids, "pids");
    }
  }
  return places;
}

}  // namespace agentainer::runtime

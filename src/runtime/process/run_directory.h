#pragma once
// The directory of one life of a server, and the taking over of those whose server is gone. See
// runtime/paths.h.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "runtime/process/files.h"

namespace agentainer::runtime {

/// What a life's lock file says.
struct LifeRecord {
  std::string life;  ///< 32 random hexadecimal digits: the marker of everything that life started.
  std::vector<std::string>
      cgroups;  ///< Directories of cgroups it made, each with everything below it.
};

class RunDirectory {
 public:
  /// Makes <data>/run/<pid>-<start time>-<n> and holds its lock until destroyed.
  static Result<RunDirectory> create(const std::string& data_directory);

  RunDirectory(RunDirectory&&) = default;
  RunDirectory& operator=(RunDirectory&&) = delete;
  /// Removes the directory and everything in it.
  ~RunDirectory();

  const std::string& path() const { return path_; }
  /// Shared by the workspaces, which may outlive this object by a little.
  const std::shared_ptr<const UniqueFd>& fd() const { return directory_; }
  const std::string& life() const { return life_; }

  /// Notes a cgroup before it is made, so that a later life finds it.
  Status record_cgroup(const std::string& directory);

 private:
  RunDirectory() = default;

  std::string name_;
  std::string path_;
  std::string life_;
  UniqueFd parent_;
  std::shared_ptr<const UniqueFd> directory_;
  UniqueFd lock_;
};

/// Calls `reap` for each life below `data_directory` whose server is gone, then removes its
/// directory. Lives of running servers are not touched. Any thread.
Status take_over_dead_lives(const std::string& data_directory,
                            const std::function<void(const LifeRecord&)>& reap);

}  // namespace agentainer::runtime

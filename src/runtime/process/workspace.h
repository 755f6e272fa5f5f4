#pragma once
// The files of one running attempt: task document, result, TMPDIR. A workspace is used by one
// attempt after the other, because making and removing directories costs as much as starting a
// small program.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/process/files.h"

namespace agentainer::runtime {

class Workspace {
 public:
  /// Makes <run directory>/<number>. `run_fd` is the run directory.
  static Result<Workspace> create(std::shared_ptr<const UniqueFd> run_fd,
                                  const std::string& run_path, unsigned number);

  Workspace(Workspace&&) = default;
  Workspace& operator=(Workspace&&) = delete;
  /// Removes it all.
  ~Workspace();

  const std::string& task_path() const { return task_path_; }
  const std::string& result_path() const { return result_path_; }
  const std::string& temporary_path() const { return temporary_path_; }

  /// Writes the document; gives a descriptor that reads it from its start. kResource when the disk
  /// is full.
  Result<UniqueFd> prepare(std::string_view document);

  /// What the agent left at result_path(), opened for reading: a regular file, or none (-1).
  /// Anything else (a link, a pipe, a directory) is kInvalid.
  Result<UniqueFd> open_result() const;

  /// Removes the result file; then whether the next attempt would find nothing of this one.
  bool is_clean();

  /// Makes it clean, however much there is to remove; false when that fails and the workspace must
  /// not be used again. Precondition: nothing of the attempt runs any more.
  bool clean();

 private:
  Workspace() = default;

  Status create_task_file();
  bool task_file_is_intact();
  void remove_result();

  std::shared_ptr<const UniqueFd> run_fd_;
  std::string name_;
  std::string path_;
  std::string task_path_;
  std::string result_path_;
  std::string temporary_path_;
  UniqueFd directory_;
  UniqueFd temporary_;
  UniqueFd task_;  ///< For writing; agents read through a description of their own.
  // Of the task file, between attempts.
  std::int64_t task_size_ = 0;
  std::uint64_t task_inode_ = 0;
};

}  // namespace agentainer::runtime

#pragma once
// One output stream of one attempt: written to its log file as it comes, up to a limit, while what
// is needed later stays in memory: the beginning (for a result) and the end (for an error message).

#include <cstdint>
#include <string>
#include <string_view>

#include "runtime/process/files.h"

namespace agentainer::runtime {

/// What a stream was, as far as it was kept.
struct OutputText {
  std::string text;
  bool cut = false;    ///< There was more.
  int lost_error = 0;  ///< Not 0: errno of the log file, which is why there is not more.
};

class OutputCapture {
 public:
  struct Options {
    std::string directory;  ///< Made when the first byte arrives.
    std::string file_name;
    std::int64_t max_log_bytes = 0;
    std::size_t tail_bytes = 0;  ///< How much of the end tail() keeps.
  };

  explicit OutputCapture(Options options) : options_(std::move(options)) {}

  /// Takes the next bytes. Past the limit the log is marked as cut and the bytes are dropped; a log
  /// that cannot be written is given up with a warning.
  void append(std::string_view bytes);

  std::int64_t total_bytes() const { return total_bytes_; }
  std::string_view tail() const;

  /// The beginning of the stream, at most `max_bytes`. Reads the log file when memory does not hold
  /// it.
  OutputText text(std::int64_t max_bytes) const;

 private:
  void write_log(std::string_view bytes);
  bool open_log();
  void lose_log(int error, const char* doing);

  Options options_;
  std::string head_;  ///< The stream's first bytes, at most kMaxHeadBytes.
  std::string tail_;
  std::int64_t total_bytes_ = 0;
  std::int64_t logged_bytes_ = 0;
  bool cut_ = false;
  int log_error_ = 0;
  UniqueFd log_;
};

}  // namespace agentainer::runtime

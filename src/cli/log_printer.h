#pragma once
// What agents wrote, from their log files to standard output.

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "cli/text/style.h"
#include "runtime/logs.h"

namespace agentainer::cli {

/// Which logs of a workflow.
struct LogSelection {
  std::string data_directory;
  WorkflowId workflow;
  std::optional<TaskIndex> task;
  std::optional<Attempt> attempt;
  std::optional<runtime::LogStream> stream;
  bool all_attempts = false;  ///< Else the latest one that wrote anything.
};

class LogPrinter {
 public:
  /// Takes text for standard output; false: it takes no more.
  using Print = std::function<bool(std::string_view)>;

  /// `labelled`: each line says whose it is; else bytes go out as they are, or, `for_terminal`,
  /// made harmless.
  LogPrinter(LogSelection selection, Print print, bool labelled, bool for_terminal, Style style)
      : selection_(std::move(selection)),
        print_(std::move(print)),
        labelled_(labelled),
        for_terminal_(for_terminal),
        style_(style) {}

  /// What a step's logs hold beyond what has been printed. Lines that may still grow wait, unless
  /// `final`.
  Status print_step(const std::string& step_id, bool has_many_tasks, bool final);
  bool printed_any() const { return printed_any_; }
  /// Printing has been refused; nothing more is read.
  bool is_refused() const { return is_refused_; }

 private:
  using Place = std::pair<std::string, runtime::LogFileName>;
  struct Cursor {
    std::int64_t offset = 0;
    std::string line;  ///< The beginning of a line whose end has not been written yet.
  };

  Status print_files(const std::string& step_id, bool has_many_tasks,
                     const std::vector<runtime::LogFile>& files, bool final);
  Status print_file(const std::string& step_id, const std::string& label,
                    const runtime::LogFile& file, bool final);
  void print_bytes(Cursor& cursor, const std::string& label, runtime::LogStream stream,
                   const std::string& bytes, bool final);

  void print(std::string_view text) { is_refused_ = is_refused_ || !print_(text); }

  LogSelection selection_;
  Print print_;
  bool labelled_;
  bool for_terminal_;
  Style style_;
  std::map<Place, Cursor> cursors_;
  bool printed_any_ = false;
  bool is_refused_ = false;
};

}  // namespace agentainer::cli

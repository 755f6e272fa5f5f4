#include "cli/log_printer.h"

#include <algorithm>

#include "cli/text/width.h"
#include "runtime/text.h"

namespace agentainer::cli {
namespace {

using runtime::LogFile;
using runtime::LogStream;

constexpr std::size_t kPage = 4096;
constexpr std::size_t kMaxChunkBytes = 256 * 1024;

/// Files [begin, end) are those of one task.
std::size_t end_of_task(const std::vector<LogFile>& files, std::size_t begin) {
  std::size_t end = begin;
  while (end < files.size() && files[end].name.task == files[begin].name.task) ++end;
  return end;
}

}  // namespace

Status LogPrinter::print_step(const std::string& step_id, bool has_many_tasks, bool final) {
  TaskIndex first = selection_.task.value_or(TaskIndex{0});
  while (true) {
    auto files =
        runtime::list_logs(selection_.data_directory, selection_.workflow, step_id, first, kPage);
    if (!files) return tl::make_unexpected(files.error());
    const bool is_last_page = files->size() < kPage;
    for (std::size_t begin = 0; begin < files->size() && !is_refused_;) {
      const std::size_t end = end_of_task(*files, begin);
      const TaskIndex task = (*files)[begin].name.task;
      if (selection_.task && task != *selection_.task) return {};
      // A task whose files the page may have cut is looked at again, from its first file on.
      if (end == files->size() && !is_last_page && begin > 0) break;
      const std::vector<LogFile> of_task(files->begin() + static_cast<std::ptrdiff_t>(begin),
                                         files->begin() + static_cast<std::ptrdiff_t>(end));
      if (Status printed = print_files(step_id, has_many_tasks, of_task, final); !printed)
        return printed;
      first = TaskIndex{to_int(task) + 1};
      begin = end;
    }
    if (is_last_page || is_refused_) return {};
  }
}

Status LogPrinter::print_files(const std::string& step_id, bool has_many_tasks,
                               const std::vector<LogFile>& files, bool final) {
  const Attempt latest = files.back().name.attempt;
  for (const LogFile& file : files) {
    if (selection_.stream && file.name.stream != *selection_.stream) continue;
    if (selection_.attempt ? file.name.attempt != *selection_.attempt
                           : !selection_.all_attempts && file.name.attempt != latest)
      continue;
    std::string label =
        has_many_tasks ? fmt::format("{}[{}]", step_id, to_int(file.name.task)) : step_id;
    if (to_int(file.name.attempt) > 1) label += fmt::format("#{}", to_int(file.name.attempt));
    if (Status printed = print_file(step_id, label, file, final); !printed) return printed;
  }
  return {};
}

Status LogPrinter::print_file(const std::string& step_id, const std::string& label,
                              const LogFile& file, bool final) {
  Cursor& cursor = cursors_[{step_id, file.name}];
  const runtime::LogId id{selection_.workflow, step_id, file.name.task, file.name.attempt,
                          file.name.stream};
  while (cursor.offset < file.size_bytes && !is_refused_) {
    const auto range =
        runtime::read_log(selection_.data_directory, id, cursor.offset, kMaxChunkBytes);
    if (!range) return tl::make_unexpected(range.error());
    if (range->bytes.empty()) break;
    cursor.offset = range->offset + static_cast<std::int64_t>(range->bytes.size());
    print_bytes(cursor, label, file.name.stream, range->bytes, false);
  }
  if (final) print_bytes(cursor, label, file.name.stream, "", true);
  return {};
}

void LogPrinter::print_bytes(Cursor& cursor, const std::string& label, LogStream stream,
                             const std::string& bytes, bool final) {
  if (!bytes.empty()) printed_any_ = true;
  if (!labelled_ && !for_terminal_) {
    print(bytes);
    return;
  }
  cursor.line += bytes;
  const std::size_t whole = final ? cursor.line.size() : cursor.line.rfind('\n') + 1;
  if (whole == 0) {
    // A line without an end does not grow without bound.
    if (cursor.line.size() > kMaxChunkBytes) cursor.line += '\n';
    if (cursor.line.size() <= kMaxChunkBytes) return;
  }
  std::string text = runtime::inert_text(
      std::string_view(cursor.line).substr(0, whole == 0 ? cursor.line.size() : whole));
  cursor.line.erase(0, whole == 0 ? cursor.line.size() : whole);
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  if (!labelled_) {
    print(text);
    return;
  }
  const Tone tone = stream == LogStream::kStderr ? Tone::kBad : Tone::kFaint;
  const std::string prefix =
      style_.paint(tone, label + (stream == LogStream::kStderr ? " ! " : " | "));
  std::string out;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = text.find('\n', begin) + 1;
    out += prefix;
    out.append(text, begin, end - begin);
    begin = end;
  }
  print(out);
}

}  // namespace agentainer::cli

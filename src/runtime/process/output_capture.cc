#include "runtime/process/output_capture.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "runtime/text.h"

namespace agentainer::runtime {
namespace {

constexpr std::size_t kMaxHeadBytes = 64 * 1024;

}  // namespace

void OutputCapture::append(std::string_view bytes) {
  if (bytes.empty()) return;
  total_bytes_ += static_cast<std::int64_t>(bytes.size());
  if (head_.size() < kMaxHeadBytes) head_.append(bytes.substr(0, kMaxHeadBytes - head_.size()));
  if (options_.tail_bytes != 0) {
    tail_.append(bytes.substr(bytes.size() - std::min(bytes.size(), options_.tail_bytes)));
    if (tail_.size() > 2 * options_.tail_bytes) tail_.erase(0, tail_.size() - options_.tail_bytes);
  }
  if (!cut_ && log_error_ == 0) write_log(bytes);
}

std::string_view OutputCapture::tail() const {
  const std::string_view all = tail_;
  return all.substr(all.size() - std::min(all.size(), options_.tail_bytes));
}

bool OutputCapture::open_log() {
  constexpr int kFlags = O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW;
  const std::string path = options_.directory + "/" + options_.file_name;
  log_.reset(::open(path.c_str(), kFlags, 0600));
  if (!log_ && errno == ENOENT) {
    if (const Status made = make_directories(options_.directory); !made) {
      log_error_ = errno != 0 ? errno : EIO;
      log::warning("no log is kept: {}", made.error().message);
      return false;
    }
    log_.reset(::open(path.c_str(), kFlags, 0600));
  }
  if (!log_) lose_log(errno, "open");
  return static_cast<bool>(log_);
}

void OutputCapture::lose_log(int error, const char* doing) {
  log_error_ = error;
  log::warning("cannot {} the log {}/{}: {}; the rest of this output is not kept", doing,
               options_.directory, options_.file_name, format_errno(error));
}

void OutputCapture::write_log(std::string_view bytes) {
  if (!log_ && !open_log()) return;
  const std::string_view kept = bytes.substr(
      0, static_cast<std::size_t>(std::min<std::int64_t>(static_cast<std::int64_t>(bytes.size()),
                                                         options_.max_log_bytes - logged_bytes_)));
  std::string_view rest = kept;
  while (!rest.empty()) {
    const ssize_t written = ::write(log_.get(), rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return lose_log(errno, "write");
    logged_bytes_ += written;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  if (kept.size() == bytes.size()) return;
  cut_ = true;
  const std::string mark =
      fmt::format("\n[agentainer: cut here, {} are kept]\n", format_bytes(options_.max_log_bytes));
  if (const int error = write_all(log_.get(), mark); error != 0) lose_log(error, "write");
}

OutputText OutputCapture::text(std::int64_t max_bytes) const {
  OutputText out;
  const std::int64_t wanted = std::min(total_bytes_, max_bytes);
  if (wanted <= static_cast<std::int64_t>(head_.size())) {
    out.text = head_.substr(0, static_cast<std::size_t>(wanted));
  } else {
    out.text.resize(static_cast<std::size_t>(std::min(wanted, logged_bytes_)));
    std::size_t done = 0;
    while (done < out.text.size()) {
      const ssize_t got = ::pread(log_.get(), out.text.data() + done, out.text.size() - done,
                                  static_cast<off_t>(done));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) break;  // an agent can cut its own log; then this is all there is
      done += static_cast<std::size_t>(got);
    }
    if (done < out.text.size()) out.lost_error = EIO;
    out.text.resize(done);
    if (out.text.size() < head_.size()) out.text = head_;
    if (log_error_ != 0) out.lost_error = log_error_;
  }
  out.cut = static_cast<std::int64_t>(out.text.size()) < total_bytes_;
  if (!out.cut) out.lost_error = 0;
  return out;
}

}  // namespace agentainer::runtime

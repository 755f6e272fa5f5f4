#include "server/json_lines.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <vector>

#include "base/json.h"

namespace agentainer::server {
namespace {

constexpr std::size_t kPieceBytes = 1024 * 1024;

struct File {
  int descriptor = -1;
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

class JsonLines final : public Items, public std::enable_shared_from_this<JsonLines> {
 public:
  JsonLines(std::string path, Executor& executor) : path_(std::move(path)), executor_(executor) {}

  Status open() {
    file_.descriptor = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (file_.descriptor < 0)
      return fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInvalid, "input_file {}: {}",
                  path_, std::strerror(errno));
    struct stat status {};
    if (::fstat(file_.descriptor, &status) != 0 || !S_ISREG(status.st_mode))
      return fail(ErrorCode::kInvalid, "input_file {} is not a regular file", path_);
    buffer_.resize(kPieceBytes);
    return {};
  }

  void index(std::function<void(Result<std::shared_ptr<const Items>>)> done) {
    const ssize_t count =
        ::pread(file_.descriptor, buffer_.data(), buffer_.size(), static_cast<off_t>(position_));
    if (count < 0)
      return done(fail(ErrorCode::kInvalid, "input_file {}: {}", path_, std::strerror(errno)));
    if (count == 0) {
      end_line();
      starts_.shrink_to_fit();
      buffer_ = {};
      return done(shared_from_this());
    }
    if (Status taken = take(static_cast<std::size_t>(count)); !taken)
      return done(tl::make_unexpected(taken.error()));
    executor_.post([self = shared_from_this(), done = std::move(done)]() mutable {
      self->index(std::move(done));
    });
  }

  std::uint32_t count() const override { return static_cast<std::uint32_t>(starts_.size()); }
  std::string fingerprint() const override { return fmt::format("{}-{:016x}", position_, hash_); }

  Result<std::string> item(std::uint32_t index) const override {
    const std::uint64_t begin = starts_[index];
    const std::uint64_t end = index + 1 < starts_.size() ? starts_[index + 1] : position_;
    std::string text(std::min<std::uint64_t>(end - begin, kMaxItemBytes), '\0');
    const ssize_t count =
        ::pread(file_.descriptor, text.data(), text.size(), static_cast<off_t>(begin));
    if (count < 0)
      return fail(ErrorCode::kInvalid, "item {} of {}: {}", index, path_, std::strerror(errno));
    text.resize(static_cast<std::size_t>(count));
    text.resize(std::min(text.find('\n'), text.size()));
    while (!text.empty() && is_blank(text.back())) text.pop_back();
    if (const auto valid = check_json(text); !valid)
      return fail(ErrorCode::kInvalid, "item {} of {} is {}", index, path_, valid.error().message);
    return text;
  }

 private:
  Status take(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const char c = buffer_[i];
      hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;  // FNV-1a
      if (c == '\n') {
        end_line();
        line_ = position_ + i + 1;
      } else if (!is_blank(c)) {
        line_is_blank_ = false;
      }
      if (position_ + i + 1 - line_ > kMaxItemBytes)
        return fail(ErrorCode::kInvalid, "input_file {}: item {} is longer than {} MiB", path_,
                    starts_.size(), kMaxItemBytes >> 20);
    }
    position_ += count;
    if (starts_.size() >= std::numeric_limits<std::uint32_t>::max())
      return fail(ErrorCode::kInvalid, "input_file {} has more than 4 billion items", path_);
    return {};
  }

  void end_line() {
    if (!line_is_blank_) starts_.push_back(line_);
    line_is_blank_ = true;
  }

  std::string path_;
  Executor& executor_;
  File file_;
  std::vector<char> buffer_;
  std::vector<std::uint64_t> starts_;
  std::uint64_t position_ = 0;
  std::uint64_t line_ = 0;
  bool line_is_blank_ = true;
  std::uint64_t hash_ = 0xCBF29CE484222325ull;
};

}  // namespace

void JsonLinesSource::open(const std::string& path,
                           std::function<void(Result<std::shared_ptr<const Items>>)> done) {
  auto lines = std::make_shared<JsonLines>(path, executor_);
  executor_.post([lines, done = std::move(done)]() mutable {
    if (Status opened = lines->open(); !opened) return done(tl::make_unexpected(opened.error()));
    lines->index(std::move(done));
  });
}

}  // namespace agentainer::server

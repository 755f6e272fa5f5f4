#include "cli/serve/server_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "runtime/text.h"

namespace agentainer::cli {
namespace {

std::string server_path(const std::string& data_directory) {
  return data_directory + "/server.json";
}

}  // namespace

Status write_private_file(const std::string& path, const std::string& text) {
  const std::string temporary = fmt::format("{}.{}", path, getpid());
  const auto failed = [&] {
    const std::string reason = runtime::format_errno(errno);
    unlink(temporary.c_str());
    return fail(ErrorCode::kUnavailable, "cannot write {}: {}", path, reason);
  };
  unlink(temporary.c_str());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                      S_IRUSR | S_IWUSR);
  if (fd < 0) return failed();
  const bool written =
      write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  if (close(fd) != 0 || !written) return failed();
  if (rename(temporary.c_str(), path.c_str()) != 0) return failed();
  return {};
}

Status write_server_file(const std::string& data_directory, const ServerPlace& place) {
  return write_private_file(server_path(data_directory),
                            to_text(json::object{{"url", place.url}, {"pid", place.pid}}) + '\n');
}

void remove_server_file(const std::string& data_directory) {
  // A stale one does no harm: its process is looked for.
  unlink(server_path(data_directory).c_str());
}

std::optional<ServerPlace> read_server_file(const std::string& data_directory) {
  std::ifstream file(server_path(data_directory));
  std::ostringstream text;
  if (!file || !(text << file.rdbuf())) return std::nullopt;
  const Result<Json> parsed = parse_json(text.str());
  if (!parsed || !parsed->is_object()) return std::nullopt;
  const Json* url = parsed->get_object().if_contains("url");
  const Json* pid = parsed->get_object().if_contains("pid");
  if (url == nullptr || !url->is_string() || pid == nullptr || !pid->is_int64())
    return std::nullopt;
  if (kill(static_cast<pid_t>(pid->get_int64()), 0) != 0 && errno == ESRCH) return std::nullopt;
  return ServerPlace{std::string(url->get_string()), pid->get_int64()};
}

std::string token_path(const std::string& data_directory) { return data_directory + "/token"; }

Status write_token_file(const std::string& data_directory, const std::string& token) {
  return write_private_file(token_path(data_directory), token + '\n');
}

Result<std::string> read_token_file(const std::string& data_directory) {
  const std::string path = token_path(data_directory);
  errno = 0;
  std::ifstream file(path);
  std::string token;
  if (file >> token) return token;
  return fail(errno == EACCES ? ErrorCode::kUnavailable : ErrorCode::kNotFound,
              "there is no token to be read in {}", path);
}

}  // namespace agentainer::cli

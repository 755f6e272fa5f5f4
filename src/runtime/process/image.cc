#include "runtime/process/image.h"

#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "runtime/process/files.h"

namespace agentainer::runtime {
namespace {

constexpr std::size_t kMaxAgentFileBytes = 256 * 1024;

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// "python:3.12", "ghcr.io/owner/name@sha256:…": nobody names a directory so, and everybody an
// image.
bool looks_like_container_image(std::string_view image) {
  if (image.starts_with('.') || image.starts_with('/') || image.ends_with('/')) return false;
  return std::all_of(image.begin(), image.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-/:@").find(c) != std::string_view::npos;
  });
}

class Parser {
 public:
  Parser(const std::string& path, const std::string& directory)
      : path_(path), directory_(directory) {
    image_.working_directory = directory;
  }

  Result<Image> parse(const std::string& text) {
    try {
      read(YAML::Load(text));
    } catch (const YAML::Exception& error) {
      fault(error.mark, error.msg);
    }
    if (!faults_.empty()) return fail(ErrorCode::kInvalid, "{}", faults_);
    return std::move(image_);
  }

 private:
  void fault(const YAML::Mark& mark, std::string_view what) {
    if (!faults_.empty()) faults_ += '\n';
    faults_ += mark.is_null()
                   ? fmt::format("{}: {}", path_, what)
                   : fmt::format("{}:{}:{}: {}", path_, mark.line + 1, mark.column + 1, what);
  }

  void read(const YAML::Node& root) {
    if (root.IsNull()) return;
    if (!root.IsMap())
      return fault(root.Mark(), "expected a mapping with command, env, workdir and mode");
    for (const auto& entry : root) {
      const YAML::Node& key = entry.first;
      const std::string name = key.IsScalar() ? key.Scalar() : "";
      if (name == "command") {
        read_command(entry.second);
      } else if (name == "env") {
        read_environment(entry.second);
      } else if (name == "workdir") {
        read_working_directory(entry.second);
      } else if (name == "mode") {
        read_mode(entry.second);
      } else {
        fault(key.Mark(),
              fmt::format("unknown key '{}'; there are command, env, workdir and mode", name));
      }
    }
  }

  void read_command(const YAML::Node& node) {
    if (node.IsScalar() && !node.Scalar().empty()) {
      image_.command = {"/bin/sh", "-c", node.Scalar()};
      return;
    }
    if (!node.IsSequence() || node.size() == 0)
      return fault(node.Mark(), "command: expected a list of strings, or one string for the shell");
    for (const YAML::Node& each : node) {
      if (each.IsScalar()) {
        image_.command.push_back(each.Scalar());
      } else {
        fault(each.Mark(), "command: expected a string");
      }
    }
  }

  void read_environment(const YAML::Node& node) {
    if (!node.IsMap()) return fault(node.Mark(), "env: expected a mapping of names to values");
    for (const auto& entry : node) {
      const bool is_text = entry.second.IsScalar() || entry.second.IsNull();
      if (!entry.first.IsScalar() || !is_text) {
        fault(entry.first.Mark(), "env: expected a name and one value");
        continue;
      }
      const std::string& name = entry.first.Scalar();
      if (name.empty() || name.find('=') != std::string::npos)
        fault(entry.first.Mark(), fmt::format("env: '{}' cannot be the name of a variable", name));
      image_.environment.emplace_back(name, entry.second.IsNull() ? "" : entry.second.Scalar());
    }
  }

  void read_working_directory(const YAML::Node& node) {
    if (!node.IsScalar() || node.Scalar().empty())
      return fault(node.Mark(), "workdir: expected a path");
    const std::string& path = node.Scalar();
    image_.working_directory = path.starts_with('/') ? path : directory_ + "/" + path;
    if (!is_directory(image_.working_directory))
      fault(node.Mark(),
            fmt::format("workdir: there is no directory {}", image_.working_directory));
  }

  void read_mode(const YAML::Node& node) {
    const std::string mode = node.IsScalar() ? node.Scalar() : "";
    if (mode == "exec") return;
    fault(node.Mark(),
          fmt::format("mode: '{}' is not supported; 'exec' starts a fresh process per task", mode));
  }

  const std::string& path_;
  const std::string& directory_;
  Image image_;
  std::string faults_;
};

}  // namespace

std::string image_directory(std::string_view image, std::string_view source_directory) {
  return image.starts_with('/') ? std::string(image)
                                : fmt::format("{}/{}", source_directory, image);
}

Result<Image> parse_image(const std::string& text, const std::string& path,
                          const std::string& directory) {
  return Parser(path, directory).parse(text);
}

Result<Image> load_image(std::string_view image, std::string_view source_directory) {
  const std::string directory = image_directory(image, source_directory);
  if (!is_directory(directory)) {
    if (looks_like_container_image(image))
      return fail(ErrorCode::kNotFound,
                  "image '{}': there is no directory {}. The process runtime runs directories with "
                  "an agent.yaml, or a "
                  "plain command; container images need --runtime docker",
                  image, directory);
    return fail(ErrorCode::kNotFound, "image '{}': there is no directory {}", image, directory);
  }
  const std::string path = directory + "/agent.yaml";
  const auto text = read_small_file(path, kMaxAgentFileBytes + 1);
  if (!text)
    return fail(
        ErrorCode::kNotFound,
        "image '{}': {} is missing or cannot be read; it says how to start the agent, for instance "
        "'command: [python3, agent.py]'",
        image, path);
  if (text->size() > kMaxAgentFileBytes)
    return fail(ErrorCode::kInvalid, "{}: larger than {} KiB", path, kMaxAgentFileBytes / 1024);
  return parse_image(*text, path, directory);
}

}  // namespace agentainer::runtime

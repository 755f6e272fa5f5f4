#pragma once
// A directory image: a directory with an agent.yaml that says how to start the agent in it.
//
//   command: [python3, agent.py]      # or a string, which /bin/sh runs
//   env: {LANGUAGE: en}               # optional
//   workdir: .                        # optional; relative to the directory
//   mode: exec                        # optional; a fresh process per task

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace agentainer::runtime {

struct Image {
  std::vector<std::string> command;  ///< Empty when agent.yaml has none: the step must give it.
  std::vector<std::pair<std::string, std::string>> environment;
  std::string working_directory;  ///< Absolute.
};

/// The directory that `image`, as written in a workflow file, names; absolute.
std::string image_directory(std::string_view image, std::string_view source_directory);

/// Reads the directory's agent.yaml. kNotFound when the directory or the file is missing, kInvalid
/// with "file:line:column: fault", one per line, when it is wrong. `image` is as written, for
/// messages.
Result<Image> load_image(std::string_view image, std::string_view source_directory);

/// The parser alone. `path` is for messages, `directory` the image's.
Result<Image> parse_image(const std::string& text, const std::string& path,
                          const std::string& directory);

}  // namespace agentainer::runtime

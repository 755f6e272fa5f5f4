#pragma once
// Servers by name, so that commands need no address and token:
//
//   $XDG_CONFIG_HOME/agentainer/contexts.json   0600   (~/.config/agentainer/contexts.json)
//     {"current": "prod", "contexts": {"prod": {"server": …, "token": …, "cacert": …}}}

#include <map>
#include <optional>
#include <string>

#include "base/result.h"

namespace agentainer::cli {

struct ServerContext {
  std::string server;
  std::string token;
  std::string ca_file;
};
struct Contexts {
  std::string current;  ///< Empty: none is in use.
  std::map<std::string, ServerContext> by_name;
};

std::string contexts_path();
/// None when there is no file; kInvalid when it is damaged.
Result<Contexts> read_contexts(const std::string& path);
Status write_contexts(const std::string& path, const Contexts& contexts);

}  // namespace agentainer::cli

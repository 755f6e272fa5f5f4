#pragma once
// How commands on this machine find the server of a data directory, and get in:
//
//   <data>/server.json   0600   {"url": …, "pid": …}, while it runs
//   <data>/token         0600   the text of a token with the scope admin, made at the first start

#include <optional>
#include <string>

#include "base/result.h"

namespace agentainer::cli {

/// Whole or not at all, mode 0600.
Status write_private_file(const std::string& path, const std::string& text);

struct ServerPlace {
  std::string url;  ///< "http://127.0.0.1:8081"
  std::int64_t pid = 0;
};

Status write_server_file(const std::string& data_directory, const ServerPlace& place);
void remove_server_file(const std::string& data_directory);
/// Nothing when no server runs there.
std::optional<ServerPlace> read_server_file(const std::string& data_directory);

std::string token_path(const std::string& data_directory);
Status write_token_file(const std::string& data_directory, const std::string& token);
/// kNotFound; kUnavailable when it may not be read.
Result<std::string> read_token_file(const std::string& data_directory);

}  // namespace agentainer::cli

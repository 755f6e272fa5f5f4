#pragma once
// Settings of `agentainer serve`: a flag wins over the environment, that over the file, that over
// the default.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace agentainer::cli {

struct Setting {
  std::string_view name;  ///< In the file; as a flag with "-" for "_": --max-tasks.
  std::string_view variable;
  std::string_view default_value;
  std::string_view value_name;  ///< "" for a switch: true or false.
  std::string_view description;
};
std::span<const Setting> settings();

struct EffectiveSetting {
  std::string value;
  std::string
      origin;  ///< "default", "file server.yaml:3", "environment AGENTAINER_LISTEN", "flag".
};
using EffectiveSettings = std::map<std::string, EffectiveSetting, std::less<>>;

using GetVariable = std::function<const char*(const char* name)>;

/// `flags`: those that were given. kInvalid names the file's line or the variable at fault.
Result<EffectiveSettings> resolve_settings(const std::map<std::string, std::string>& flags,
                                           const GetVariable& get_variable,
                                           const std::string& file_path);

struct ServeSettings {
  std::string listen;
  std::string data;
  std::string redis;
  std::string runtime;
  std::uint32_t max_tasks = 0;
  std::string tls_cert;
  std::string tls_key;
  std::vector<std::string> allow_hosts;
  bool allow_plain = false;
  bool allow_data_loss = false;
  std::string source_directory;
  std::string log_format;
  std::string log_level;
};

/// kInvalid names the setting at fault and where its value came from.
Result<ServeSettings> interpret(const EffectiveSettings& effective);

/// Whether only this machine can reach the address.
bool is_loopback(std::string_view listen);

}  // namespace agentainer::cli

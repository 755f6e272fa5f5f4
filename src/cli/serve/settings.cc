#include "cli/serve/settings.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <charconv>

namespace agentainer::cli {
namespace {

// clang-format off
constexpr std::array<Setting, 13> kSettings{{
    {"listen", "AGENTAINER_LISTEN", "127.0.0.1:8081", "HOST:PORT", "Where to listen; port 0 takes a free one"},
    {"data", "AGENTAINER_DATA", "", "DIR", "Directory of workflows, logs and the private Redis [~/.local/share/agentainer]"},
    {"redis", "AGENTAINER_REDIS", "", "URL", "redis://, rediss:// or unix:// instead of a private redis-server"},
    {"runtime", "AGENTAINER_RUNTIME", "process", "process|mock", "What runs agents; mock starts nothing, every task succeeds at once"},
    {"max_tasks", "AGENTAINER_MAX_TASKS", "0", "N", "Tasks running at the same time; 0: 4 a core, at least 16"},
    {"tls_cert", "AGENTAINER_TLS_CERT", "", "FILE", "PEM file with the server's certificate: serves https"},
    {"tls_key", "AGENTAINER_TLS_KEY", "", "FILE", "PEM file with its key"},
    {"allow_host", "AGENTAINER_ALLOW_HOST", "", "NAME,…", "Names by which clients may call this server (Host, Origin)"},
    {"allow_plain", "AGENTAINER_ALLOW_PLAIN", "false", "", "Listen beyond this machine without TLS: tokens can be read on the way"},
    {"allow_data_loss", "AGENTAINER_ALLOW_DATA_LOSS", "false", "", "Accept a Redis whose settings can lose acknowledged work"},
    {"source_directory", "AGENTAINER_SOURCE_DIRECTORY", ".", "DIR", "Where relative images and files of submitted workflows start"},
    {"log_format", "AGENTAINER_LOG_FORMAT", "auto", "auto|text|json", "auto: text on a terminal, JSON lines elsewhere"},
    {"log_level", "AGENTAINER_LOG_LEVEL", "info", "debug|info|warning|error", "What is logged"},
}};
// clang-format on

const Setting* find_setting(std::string_view name) {
  for (const Setting& setting : kSettings)
    if (setting.name == name) return &setting;
  return nullptr;
}

std::string known_names() {
  std::string out;
  for (const Setting& setting : kSettings)
    out += fmt::format("{}{}", out.empty() ? "" : ", ", setting.name);
  return out;
}

Status read_file(const std::string& path, EffectiveSettings& out) {
  try {
    const YAML::Node root = YAML::LoadFile(path);
    if (root.IsNull()) return {};
    if (!root.IsMap()) return fail(ErrorCode::kInvalid, "{}: a map of settings is expected", path);
    for (const auto& entry : root) {
      const auto name = entry.first.as<std::string>();
      const std::string place = fmt::format("{}:{}", path, entry.first.Mark().line + 1);
      if (find_setting(name) == nullptr)
        return fail(ErrorCode::kInvalid, "{}: there is no setting '{}'; known are {}", place, name,
                    known_names());
      if (!entry.second.IsScalar())
        return fail(ErrorCode::kInvalid, "{}: {} has to be a text, number, true or false", place,
                    name);
      out[name] = {entry.second.Scalar(), "file " + place};
    }
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kInvalid, "cannot read the settings in {}: {}", path, error.what());
  }
  return {};
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    if (comma != 0) out.emplace_back(text.substr(0, comma));
    text = comma == text.npos ? std::string_view() : text.substr(comma + 1);
  }
  return out;
}

tl::unexpected<Error> wrong(std::string_view name, const EffectiveSetting& setting,
                            std::string_view expected) {
  return fail(ErrorCode::kInvalid, "{} is '{}' ({}); it has to be {}", name, setting.value,
              setting.origin, expected);
}

Result<bool> as_switch(const EffectiveSettings& effective, std::string_view name) {
  const EffectiveSetting& setting = effective.find(name)->second;
  if (setting.value == "true" || setting.value == "1") return true;
  if (setting.value == "false" || setting.value == "0" || setting.value.empty()) return false;
  return wrong(name, setting, "true or false");
}

Status check_choice(const EffectiveSettings& effective, std::string_view name,
                    std::string_view choices) {
  const EffectiveSetting& setting = effective.find(name)->second;
  for (std::string_view left = choices; !left.empty();) {
    const std::size_t bar = left.find('|');
    if (left.substr(0, bar) == setting.value) return {};
    left = bar == left.npos ? std::string_view() : left.substr(bar + 1);
  }
  return wrong(name, setting, fmt::format("one of {}", choices));
}

}  // namespace

std::span<const Setting> settings() { return kSettings; }

Result<EffectiveSettings> resolve_settings(const std::map<std::string, std::string>& flags,
                                           const GetVariable& get_variable,
                                           const std::string& file_path) {
  EffectiveSettings out;
  for (const Setting& setting : kSettings)
    out[std::string(setting.name)] = {std::string(setting.default_value), "default"};
  if (!file_path.empty())
    if (const Status read = read_file(file_path, out); !read)
      return tl::make_unexpected(read.error());
  for (const Setting& setting : kSettings) {
    const char* value = get_variable(std::string(setting.variable).c_str());
    if (value != nullptr && *value != '\0')
      out[std::string(setting.name)] = {value, fmt::format("environment {}", setting.variable)};
  }
  for (const auto& [name, value] : flags) out[name] = {value, "flag"};
  return out;
}

Result<ServeSettings> interpret(const EffectiveSettings& effective) {
  ServeSettings out;
  const auto text = [&](std::string_view name) { return effective.find(name)->second.value; };
  out.listen = text("listen");
  out.data = text("data");
  out.redis = text("redis");
  out.runtime = text("runtime");
  out.tls_cert = text("tls_cert");
  out.tls_key = text("tls_key");
  out.allow_hosts = split(text("allow_host"));
  out.source_directory = text("source_directory");
  out.log_format = text("log_format");
  out.log_level = text("log_level");
  const std::string tasks = text("max_tasks");
  const auto [end, error] =
      std::from_chars(tasks.data(), tasks.data() + tasks.size(), out.max_tasks);
  if (error != std::errc() || end != tasks.data() + tasks.size() || out.max_tasks > 1'000'000)
    return wrong("max_tasks", effective.find("max_tasks")->second,
                 "a whole number up to 1,000,000");
  const Result<bool> plain = as_switch(effective, "allow_plain");
  const Result<bool> loss = as_switch(effective, "allow_data_loss");
  if (!plain) return tl::make_unexpected(plain.error());
  if (!loss) return tl::make_unexpected(loss.error());
  out.allow_plain = *plain;
  out.allow_data_loss = *loss;
  for (const auto& [name, choices] :
       {std::pair("runtime", "process|mock"), std::pair("log_format", "auto|text|json"),
        std::pair("log_level", "debug|info|warning|error")})
    if (const Status fits = check_choice(effective, name, choices); !fits)
      return tl::make_unexpected(fits.error());
  if (out.tls_cert.empty() != out.tls_key.empty())
    return fail(ErrorCode::kInvalid, "tls_cert and tls_key go together: give both");
  const std::size_t colon = out.listen.rfind(':');
  if (colon == 0 || colon == std::string::npos || colon + 1 == out.listen.size())
    return wrong("listen", effective.find("listen")->second,
                 "host:port, like 127.0.0.1:8081; port 0 takes a free one");
  if (!is_loopback(out.listen) && out.tls_cert.empty() && !out.allow_plain)
    return fail(ErrorCode::kInvalid,
                "{} can be reached from elsewhere, and without TLS everybody on the way can read "
                "the tokens: give --tls-cert and --tls-key, or --allow-plain where the network is "
                "safe",
                out.listen);
  return out;
}

bool is_loopback(std::string_view listen) {
  const std::string_view host = listen.substr(0, listen.rfind(':'));
  // A name that only begins like an address, "127.0.0.1.example.org", leads anywhere.
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

}  // namespace agentainer::cli

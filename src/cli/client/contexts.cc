#include "cli/client/contexts.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "cli/serve/server_file.h"

namespace agentainer::cli {
namespace {

std::string text_of(const json::object& object, std::string_view key) {
  const Json* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

}  // namespace

std::string contexts_path() {
  const char* config = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  const std::string base = config != nullptr && *config == '/'
                               ? std::string(config)
                               : std::string(home != nullptr ? home : "") + "/.config";
  return base + "/agentainer/contexts.json";
}

Result<Contexts> read_contexts(const std::string& path) {
  std::ifstream file(path);
  if (!file) return Contexts();
  std::ostringstream text;
  text << file.rdbuf();
  const Result<Json> parsed = parse_json(text.str());
  if (!parsed || !parsed->is_object())
    return fail(ErrorCode::kInvalid, "{} is damaged; repair or remove it", path);
  Contexts out;
  out.current = text_of(parsed->get_object(), "current");
  const Json* contexts = parsed->get_object().if_contains("contexts");
  if (contexts != nullptr && contexts->is_object())
    for (const auto& [name, entry] : contexts->get_object())
      if (entry.is_object())
        out.by_name[std::string(name)] = {text_of(entry.get_object(), "server"),
                                          text_of(entry.get_object(), "token"),
                                          text_of(entry.get_object(), "cacert")};
  return out;
}

Status write_contexts(const std::string& path, const Contexts& contexts) {
  json::object by_name;
  for (const auto& [name, context] : contexts.by_name)
    by_name[name] = json::object{
        {"server", context.server}, {"token", context.token}, {"cacert", context.ca_file}};
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
  if (error)
    return fail(ErrorCode::kUnavailable, "cannot make the directory of {}: {}", path,
                error.message());
  return write_private_file(
      path, to_text(json::object{{"current", contexts.current}, {"contexts", std::move(by_name)}}) +
                '\n');
}

}  // namespace agentainer::cli

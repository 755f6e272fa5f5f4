#include "engine/json_path.h"

#include <charconv>

namespace agentainer::engine {
namespace {

/// `$.a.b[2]` → a, b, 2.
std::vector<std::string> split_path(std::string_view path) {
  if (path.starts_with("$.")) path.remove_prefix(2);
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '.' || c == '[') {
      parts.emplace_back();
    } else if (c != ']') {
      parts.back().push_back(c);
    }
  }
  return parts;
}

const Json* member(const Json& value, const std::string& part) {
  if (value.is_object()) return value.get_object().if_contains(part);
  if (!value.is_array()) return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), index);
  if (error != std::errc() || end != part.data() + part.size()) return nullptr;
  return value.get_array().if_contains(index);
}

std::string known_keys(const WorkflowState& state) {
  std::string keys;
  std::size_t shown = 0;
  for (const auto& [key, entry] : state.data.entries()) {
    if (++shown > 10) return keys + ", …";
    keys += (keys.empty() ? "" : ", ") + key;
  }
  return keys.empty() ? "the state is empty" : "the state has: " + keys;
}

}  // namespace

std::string key_of_list(const WorkflowState& state, std::string_view path) {
  if (state.data.text(path)) return std::string(path);  // a key may itself contain dots
  const std::vector<std::string> parts = split_path(path);
  if (parts.size() == 1) return parts[0];
  if (parts.size() != 3 || parts[0] != "steps" || parts[2] != "output" || state.data.text("steps"))
    return {};
  const auto step = state.definition->find(parts[1]);
  if (!step) return {};
  const workflow::StepType type = state.definition->step(*step).type;
  const bool in_state = type == workflow::StepType::kMap || type == workflow::StepType::kParallel;
  return in_state ? parts[1] + "_results" : std::string();
}

Result<Text> find_list(const WorkflowState& state, std::string_view path) {
  std::vector<std::string> parts{std::string(path)};
  Text root = state.data.text(path);  // a key may itself contain dots
  if (!root) {
    parts = split_path(path);
    root = state.data.text(parts.front());
    if (!root && parts.size() >= 3 && parts[0] == "steps" && parts[2] == "output") {
      if (const auto step = state.definition->find(parts[1])) root = state.step(*step).output;
      parts.erase(parts.begin(), parts.begin() + 2);
    }
  }
  if (!root)
    return fail(ErrorCode::kNotFound, "input_path '{}' finds nothing: {}", path, known_keys(state));
  if (parts.size() == 1) {
    if (const std::size_t begin = root->find_first_not_of(" \t\r\n");
        begin != std::string::npos && (*root)[begin] == '[')
      return root;
    return fail(ErrorCode::kInvalid, "input_path '{}' is not a list but {}", path,
                root->substr(0, 60));
  }
  Result<Json> parsed = parse_json(*root);
  if (!parsed) return tl::make_unexpected(parsed.error());
  const Json* value = &*parsed;
  for (std::size_t i = 1; i < parts.size(); ++i) {
    value = member(*value, parts[i]);
    if (value == nullptr)
      return fail(ErrorCode::kNotFound, "input_path '{}' finds nothing at '{}'", path, parts[i]);
  }
  if (!value->is_array())
    return fail(ErrorCode::kInvalid, "input_path '{}' is not a list but {}", path,
                to_text(*value).substr(0, 60));
  return std::make_shared<const std::string>(to_text(*value));
}

}  // namespace agentainer::engine

#include "engine/state_data.h"

#include "base/check.h"

namespace agentainer::engine {

void StateData::set(std::string_view key, Text text) {
  ++version_;
  const auto found = entries_.find(key);
  if (found == entries_.end()) {
    entries_.emplace(std::string(key), Entry{std::move(text), nullptr});
  } else {
    found->second.text = std::move(text);
    found->second.parsed.reset();
  }
}

void StateData::erase(std::string_view key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  ++version_;
  entries_.erase(found);
}

Text StateData::text(std::string_view key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : found->second.text;
}

const Json* StateData::find(std::string_view key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return nullptr;
  const Entry& entry = found->second;
  if (!entry.parsed) {
    Result<Json> parsed = parse_json(*entry.text);
    AGENTAINER_CHECK(parsed.has_value(), "state holds valid JSON only");
    entry.parsed = std::make_unique<const Json>(std::move(*parsed));
  }
  return entry.parsed.get();
}

std::vector<std::string_view> StateData::keys() const {
  std::vector<std::string_view> keys;
  keys.reserve(entries_.size());
  for (const auto& [key, entry] : entries_) keys.push_back(key);
  return keys;
}

std::string StateData::to_text() const {
  std::string out = "{";
  for (const auto& [key, entry] : entries_) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, key);
    out.push_back(':');
    out.append(*entry.text);
  }
  out.push_back('}');
  return out;
}

}  // namespace agentainer::engine

#include "base/json_scan.h"

#include <limits>

namespace agentainer {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::size_t skip_space(std::string_view text, std::size_t i) {
  while (i < text.size() && is_space(text[i])) ++i;
  return i;
}

std::size_t skip_string(std::string_view text, std::size_t i) {
  for (++i; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '"')
      return i + 1;
  }
  return text.size();
}

}  // namespace

std::size_t skip_json_value(std::string_view text, std::size_t begin) {
  std::size_t depth = 0;
  std::size_t i = begin;
  while (i < text.size()) {
    const char c = text[i];
    if (c == '"') {
      i = skip_string(text, i);
      if (depth == 0) return i;
      continue;
    }
    if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return i;  // the end of what holds this scalar
      if (--depth == 0) return i + 1;
    } else if (depth == 0 && (c == ',' || is_space(c))) {
      return i;
    }
    ++i;
  }
  return i;
}

std::optional<JsonList> JsonList::scan(std::shared_ptr<const std::string> text) {
  const std::string_view view = *text;
  if (view.size() > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  std::size_t i = skip_space(view, 0);
  if (i >= view.size() || view[i] != '[') return std::nullopt;
  JsonList list;
  list.text_ = std::move(text);
  i = skip_space(view, i + 1);
  while (i < view.size() && view[i] != ']') {
    list.starts_.push_back(static_cast<std::uint32_t>(i));
    i = skip_space(view, skip_json_value(view, i));
    if (i < view.size() && view[i] == ',') i = skip_space(view, i + 1);
  }
  list.starts_.shrink_to_fit();
  return list;
}

std::string_view JsonList::operator[](std::size_t index) const {
  const std::string_view view = *text_;
  const std::size_t begin = starts_[index];
  return view.substr(begin, skip_json_value(view, begin) - begin);
}

}  // namespace agentainer

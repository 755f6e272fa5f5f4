#include "workflow/path.h"

#include <algorithm>
#include <charconv>

#include "workflow/words.h"

namespace agentainer::workflow {
namespace {

bool is_index(std::string_view part) {
  return !part.empty() && part.size() <= 18 &&
         std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

Result<std::vector<std::string>> parse_path(std::string_view text) {
  const auto malformed = [&](std::string_view why) {
    return fail(ErrorCode::kInvalid, "{} is not a path like 'a', 'a.b' or '$.a[0].b': {}",
                quote(text), why);
  };
  std::string_view rest = text;
  if (rest.starts_with("$."))
    rest.remove_prefix(2);
  else if (rest.starts_with("$"))
    return malformed("a key must follow '$.'");
  std::vector<std::string> parts;
  for (bool first = true; first || !rest.empty(); first = false) {
    if (!first && rest.starts_with('[')) {
      const std::size_t end = rest.find(']');
      if (end == std::string_view::npos) return malformed("']' is missing");
      const std::string_view index = rest.substr(1, end - 1);
      if (!is_index(index))
        return malformed("between '[' and ']' stands a position, counted from 0");
      parts.emplace_back(index);
      rest.remove_prefix(end + 1);
      continue;
    }
    if (!first) {
      if (!rest.starts_with('.')) return malformed("'.' or '[' must follow ']'");
      rest.remove_prefix(1);
    }
    const std::size_t end = std::min(rest.find_first_of(".["), rest.size());
    if (end == 0) return malformed("a key is missing");
    parts.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end);
  }
  return parts;
}

const Json* follow(const Json& value, std::span<const std::string> path) {
  const Json* at = &value;
  for (const std::string& part : path) {
    if (const json::object* object = at->if_object()) {
      at = object->if_contains(part);
    } else if (const json::array* list = at->if_array(); list != nullptr && is_index(part)) {
      std::size_t index = 0;
      std::from_chars(part.data(), part.data() + part.size(), index);
      at = list->if_contains(index);
    } else {
      return nullptr;
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace agentainer::workflow

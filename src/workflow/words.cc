#include "workflow/words.h"

#include <fmt/format.h>

#include "expr/utf8.h"

namespace agentainer::workflow {

std::string quote(std::string_view text) {
  constexpr std::size_t kMostCharacters = 60;
  const std::size_t cut = expr::utf8::byte_offset(text, kMostCharacters);
  if (cut == std::string_view::npos || cut == text.size()) return fmt::format("'{}'", text);
  return fmt::format("'{}…'", text.substr(0, cut));
}

std::string describe(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return "empty";
    case Kind::kBool:
      return value.is_true() ? "true" : "false";
    case Kind::kInteger:
    case Kind::kFloat:
      return fmt::format("the number {}", value.text().substr(0, 40));
    case Kind::kString:
      return value.text().empty() ? "empty text" : "the text " + quote(value.text());
    case Kind::kList:
      return "a list";
    case Kind::kMap:
      return "a mapping";
  }
  return {};
}

std::string alternatives(const std::vector<std::string_view>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 == names.size() ? " or " : ", ";
    text += quote(names[i]);
  }
  return text;
}

}  // namespace agentainer::workflow

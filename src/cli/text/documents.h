#pragma once
// JSON values as text: compact, indented, or YAML.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace agentainer::cli {

/// Indented by two spaces; what fits into 80 columns is on one line. Lists and objects with more
/// than `max_members` members show the first of them and how many more there are; the text is then
/// no JSON any more, and `*cut` is set.
std::string pretty_json(const Json& value, std::size_t max_members = SIZE_MAX, bool* cut = nullptr);

/// A YAML 1.2 document, with a line end: block style, text with line ends as literal blocks.
/// Reads back as the same value with YAML 1.1 readers too.
std::string to_yaml(const Json& value);

/// What a user names in a state: a key, or a dotted path ("a.b", "a.0.b") into it when no key has
/// that name. Null when there is none.
const Json* find_in_state(const json::object& state, std::string_view name);

/// How values go to standard output.
enum class DocumentFormat { kJson, kYaml };

/// JSON is indented for a terminal, compact otherwise; ended by a line end.
std::string document(const Json& value, DocumentFormat format, bool for_terminal);

}  // namespace agentainer::cli

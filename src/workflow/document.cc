#include "workflow/document.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

#include "base/json.h"

namespace agentainer::workflow {
namespace {

bool is_word(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

void append_key(std::string& path, std::string_view key) {
  if (!is_word(key)) {
    path += '[';
    append_json_string(path, key);
    path += ']';
    return;
  }
  if (!path.empty()) path += '.';
  path += key;
}

/// Of a literal block scalar (`|`), whose every line is a line of the source: the byte that stands
/// for `text[offset]`.
std::optional<std::size_t> offset_in_literal(const Source& source, std::size_t header,
                                             std::string_view text, std::size_t offset) {
  const std::size_t start = text.substr(0, offset).rfind('\n') + 1;
  const auto lines_before = static_cast<std::size_t>(
      std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(start), '\n'));
  const std::string_view content = text.substr(start, text.find('\n', start) - start);
  const std::string_view line = source.line(source.line_at(header) + 1 + lines_before);
  if (content.empty() || !line.ends_with(content)) return std::nullopt;
  const auto line_offset = static_cast<std::size_t>(line.data() - source.text().data());
  return line_offset + (line.size() - content.size()) + (offset - start);
}

}  // namespace

Value::Value(const Document& document, NodeIndex where)
    : document_(&document), where_(where), content_(where) {
  const Document::Node& node = document.node(where);
  if (node.alias) content_ = NodeIndex{node.first_child};
}

Kind Value::kind() const { return document_->node(content_).kind; }
Style Value::style() const { return document_->node(content_).style; }
std::string_view Value::text() const { return document_->text_of(document_->node(content_)); }
Span Value::span() const { return document_->node(where_).span; }

std::size_t Value::line() const { return document_->source_.line_at(span().begin); }

std::optional<std::size_t> Value::source_offset(std::size_t offset) const {
  const Document::Node& node = document_->node(content_);
  const std::string_view source = document_->source_.text();
  const std::string_view text = this->text();
  if (is_alias() || offset > text.size()) return std::nullopt;
  if (node.style == Style::kBlock) {
    if (source[node.span.begin] != '|') return std::nullopt;
    return offset_in_literal(document_->source_, node.span.begin, text, offset);
  }
  const std::size_t begin = node.span.begin + (node.style == Style::kQuoted ? 1u : 0u);
  if (begin > source.size() || source.substr(begin, text.size()) != text) return std::nullopt;
  return begin + offset;
}

Span Value::span_of(std::size_t offset, std::size_t length) const {
  const std::optional<std::size_t> begin = source_offset(offset);
  if (!begin) return span();
  return {static_cast<std::uint32_t>(*begin), static_cast<std::uint32_t>(*begin + length)};
}

std::vector<Value> Value::items() const {
  std::vector<Value> items;
  const Document::Node& list = document_->node(content_);
  items.reserve(list.child_count);
  for (std::uint32_t child = list.first_child; child != Document::kNone;
       child = document_->nodes_[child].next_sibling)
    items.emplace_back(*document_, NodeIndex{child});
  return items;
}

std::vector<Entry> Value::entries() const {
  const Document::Node& map = document_->node(content_);
  std::vector<Entry> entries;
  entries.reserve(map.child_count / 2);
  std::vector<Value> merged;
  for (std::uint32_t key = map.first_child; key != Document::kNone;) {
    const std::uint32_t value = document_->nodes_[key].next_sibling;
    const Entry entry{{*document_, NodeIndex{key}}, {*document_, NodeIndex{value}}};
    if (document_->has_merges_ && entry.key.style() == Style::kPlain && entry.key.text() == "<<") {
      if (entry.value.kind() == Kind::kMap) merged.push_back(entry.value);
      if (entry.value.kind() == Kind::kList)
        for (const Value& item : entry.value.items())
          if (item.kind() == Kind::kMap) merged.push_back(item);
    } else {
      entries.push_back(entry);
    }
    key = document_->nodes_[value].next_sibling;
  }
  if (merged.empty()) return entries;
  std::unordered_set<std::string_view> known;
  for (const Entry& entry : entries) known.insert(entry.key.text());
  for (const Value& source : merged)
    for (const Entry& entry : source.entries())
      if (known.insert(entry.key.text()).second) entries.push_back(entry);
  return entries;
}

std::string Document::path(NodeIndex target) const {
  std::string path;
  if (target == kNoNode || nodes_.empty()) return path;
  const auto wanted = static_cast<std::uint32_t>(target);
  std::uint32_t at = 0;
  while (at != wanted) {
    const Node& container = nodes_[at];
    // The last child at or before the wanted node holds it, since nodes stand in text order.
    std::uint32_t child = container.first_child;
    std::uint32_t before = kNone;
    std::uint32_t position = 0;
    if (container.alias || child == kNone) return path;
    while (nodes_[child].next_sibling <= wanted) {
      before = child;
      child = nodes_[child].next_sibling;
      ++position;
    }
    if (container.kind == Kind::kList) {
      path += fmt::format("[{}]", position);
    } else {
      const std::uint32_t key = position % 2 == 0 ? child : before;
      append_key(path, Value(*this, NodeIndex{key}).text());
      if (key == child) return path;
    }
    at = child;
  }
  return path;
}

}  // namespace agentainer::workflow

#include "workflow/document_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "workflow/words.h"

namespace agentainer::workflow {

bool DocumentBuilder::at_key() const {
  if (open_.empty()) return false;
  const Document::Node& container = document_.nodes_[open_.back().node];
  return container.kind == Kind::kMap && container.child_count % 2 == 0;
}

bool DocumentBuilder::is_in_block_map() const {
  return !open_.empty() && !open_.back().bracket &&
         document_.nodes_[open_.back().node].kind == Kind::kMap;
}

std::optional<DocumentBuilder::Container> DocumentBuilder::innermost(bool bracket) const {
  for (auto open = open_.rbegin(); open != open_.rend(); ++open)
    if (open->bracket == bracket)
      return Container{document_.nodes_[open->node].kind, document_.nodes_[open->node].span};
  return std::nullopt;
}

Span DocumentBuilder::last_span() const {
  return document_.nodes_.empty() ? Span{} : document_.nodes_.back().span;
}

/// Links the node into the open container. Absent: there are too many.
std::optional<std::uint32_t> DocumentBuilder::append(Document::Node node) {
  std::vector<Document::Node>& nodes = document_.nodes_;
  const auto index = static_cast<std::uint32_t>(nodes.size());
  if (index >= kMaxNodes) {
    reporter_.error(node.span, kNoNode,
                    fmt::format("the file has more than {} values; put large lists of work into an "
                                "`input_file`",
                                kMaxNodes));
    return std::nullopt;
  }
  if (!open_.empty()) {
    Open& parent = open_.back();
    (parent.last_child == Document::kNone ? nodes[parent.node].first_child
                                          : nodes[parent.last_child].next_sibling) = index;
    parent.last_child = index;
    Document::Node& container = nodes[parent.node];
    // A mapping is underlined by its first key.
    if (container.child_count++ == 0 && container.kind == Kind::kMap && !parent.bracket)
      container.span = node.span;
  }
  nodes.push_back(node);
  return index;
}

/// Counts a complete value as part of the open container.
void DocumentBuilder::contain(const Extent& extent) {
  if (open_.empty()) return;
  Extent& parent = open_.back().extent;
  parent.values += extent.values;
  parent.height = std::max(parent.height, extent.height + 1);
}

bool DocumentBuilder::add_scalar(Kind kind, Style style, Span span, std::string_view text,
                                 Anchor anchor) {
  Document::Node node;
  node.kind = kind;
  node.style = style;
  node.span = span;
  node.text_begin = static_cast<std::uint32_t>(document_.text_.size());
  node.text_bytes = static_cast<std::uint32_t>(text.size());
  document_.text_ += text;
  const auto index = append(node);
  if (!index) return false;
  const Extent extent{1 + text.size() / 32, 0};
  if (anchor != 0) anchors_[anchor] = {*index, extent};
  contain(extent);
  return true;
}

bool DocumentBuilder::add_alias(Span span, Anchor anchor) {
  const auto found = anchors_.find(anchor);
  AGENTAINER_CHECK(found != anchors_.end(), "an alias names an anchor that came before it");
  const Anchored& target = found->second;
  if (!target.extent) {
    reporter_.error(span, kNoNode, "this alias stands inside the value that it names");
    return false;
  }
  aliased_values_ += target.extent->values;
  if (aliased_values_ > kMaxAliasedValues) {
    reporter_.error(
        span, kNoNode,
        fmt::format("the aliases up to here repeat more than {} values", kMaxAliasedValues));
    return false;
  }
  if (open_.size() + target.extent->height > kMaxDepth) {
    reporter_.error(span, kNoNode,
                    fmt::format("nested more than {} levels deep through aliases", kMaxDepth));
    return false;
  }
  Document::Node node;
  node.alias = true;
  node.span = span;
  node.first_child = target.node;
  if (!append(node)) return false;
  contain(*target.extent);
  return true;
}

bool DocumentBuilder::open(Kind kind, bool bracket, Span span, Anchor anchor) {
  if (open_.size() >= kMaxDepth) {
    reporter_.error(span, kNoNode, fmt::format("nested more than {} levels deep", kMaxDepth));
    return false;
  }
  Document::Node node;
  node.kind = kind;
  node.span = span;
  const auto index = append(node);
  if (!index) return false;
  if (anchor != 0) anchors_[anchor] = {*index, std::nullopt};
  open_.push_back({*index, Document::kNone, anchor, {}, bracket});
  return true;
}

void DocumentBuilder::close() {
  const Open closed = open_.back();
  open_.pop_back();
  if (closed.anchor != 0) anchors_[closed.anchor].extent = closed.extent;
  contain(closed.extent);
  if (document_.nodes_[closed.node].kind == Kind::kMap) check_keys(closed.node);
}

void DocumentBuilder::check_keys(std::uint32_t map) {
  const std::vector<Document::Node>& nodes = document_.nodes_;
  // Few keys are compared pairwise, which needs no memory.
  constexpr std::uint32_t kFewKeys = 12;
  const bool few = nodes[map].child_count / 2 <= kFewKeys;
  std::unordered_map<std::string_view, std::uint32_t> first_of;
  const auto earlier = [&](std::uint32_t key, std::string_view text) {
    if (!few) {
      const auto [found, added] = first_of.try_emplace(text, key);
      return added ? key : found->second;
    }
    std::uint32_t other = nodes[map].first_child;
    while (other != key && Value(document_, NodeIndex{other}).text() != text)
      other = nodes[nodes[other].next_sibling].next_sibling;
    return other;
  };
  for (std::uint32_t key = nodes[map].first_child; key != Document::kNone;) {
    const Value name(document_, NodeIndex{key});
    const std::uint32_t value = nodes[key].next_sibling;
    if (name.kind() == Kind::kNull && name.text().empty()) {
      reporter_.error(name, "a key is missing here");
    } else if (!name.is_scalar()) {
      reporter_.error(name, "a key must be plain text");
    } else if (const std::uint32_t first = earlier(key, name.text()); first != key) {
      reporter_.error(name,
                      fmt::format("{} is given twice; the first is on line {}", quote(name.text()),
                                  document_.source_.line_at(nodes[first].span.begin)));
    } else if (name.text() == "<<" && name.style() == Style::kPlain) {
      check_merge({document_, NodeIndex{value}});
    }
    key = nodes[value].next_sibling;
  }
}

void DocumentBuilder::check_merge(const Value& value) {
  document_.has_merges_ = true;
  bool good = value.kind() == Kind::kMap || value.kind() == Kind::kList;
  if (value.kind() == Kind::kList)
    for (const Value& item : value.items()) good = good && item.kind() == Kind::kMap;
  if (!good) reporter_.error(value, "'<<' takes a mapping, or a list of mappings, to merge");
}

}  // namespace agentainer::workflow

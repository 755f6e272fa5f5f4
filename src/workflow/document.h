#pragma once
// A file's content as a compact tree in which every value knows where it is written. YAML and JSON
// give the same tree.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workflow/scalar.h"
#include "workflow/source.h"

namespace agentainer::workflow {

/// How a scalar is written. Block is `|` or `>`.
enum class Style : std::uint8_t { kPlain, kQuoted, kBlock };

/// Place of a value, a key or an alias in the document, in the order of the text.
enum class NodeIndex : std::uint32_t {};
inline constexpr NodeIndex kNoNode{UINT32_MAX};

class Document;
struct Entry;

/// One value of a Document, which it borrows. Aliases are followed; where() still tells the alias.
class Value {
 public:
  Value(const Document& document, NodeIndex where);

  Kind kind() const;
  Style style() const;
  bool is_scalar() const { return kind() != Kind::kList && kind() != Kind::kMap; }
  /// Of a scalar: its text, free of quotes and escapes, a number's digits as they are written.
  std::string_view text() const;
  bool is_true() const { return kind() == Kind::kBool && (text()[0] | 0x20) == 't'; }

  std::vector<Value> items() const;
  /// A mapping's keys and values, YAML's merge keys (`<<`) applied: a key of its own wins over a
  /// merged one, an earlier merge over a later one. Keys are unique.
  std::vector<Entry> entries() const;

  NodeIndex where() const { return where_; }
  Span span() const;
  std::size_t line() const;  ///< From 1.
  bool is_alias() const { return where_ != content_; }
  /// Where `text().substr(offset, length)` stands in the source: exactly in text without escapes
  /// and folding, else the whole scalar.
  Span span_of(std::size_t offset, std::size_t length) const;

 private:
  std::optional<std::size_t> source_offset(std::size_t offset) const;

  const Document* document_;
  NodeIndex where_;    // as written: a value or an alias
  NodeIndex content_;  // the value meant
};

struct Entry {
  Value key;
  Value value;
};

class Document {
 public:
  explicit Document(std::string_view text) : source_(text) {}

  const Source& source() const { return source_; }
  bool empty() const { return nodes_.empty(); }
  Value root() const { return {*this, NodeIndex{0}}; }
  /// `steps[2].config.timeout`; of a key, the path of its value.
  std::string path(NodeIndex node) const;

 private:
  friend class DocumentBuilder;
  friend class Value;

  static constexpr std::uint32_t kNone = UINT32_MAX;

  /// Nodes stand in the order of the text: a container, then what is in it. The children of a
  /// mapping are key, value, key, value…
  struct Node {
    Kind kind = Kind::kNull;
    Style style = Style::kPlain;
    bool alias = false;
    Span span;
    std::uint32_t text_begin = 0;  // in text_
    std::uint32_t text_bytes = 0;
    std::uint32_t first_child = kNone;  // of an alias: the node it stands for
    std::uint32_t next_sibling = kNone;
    std::uint32_t child_count = 0;
  };

  const Node& node(NodeIndex index) const { return nodes_[static_cast<std::uint32_t>(index)]; }
  std::string_view text_of(const Node& node) const {
    return std::string_view(text_).substr(node.text_begin, node.text_bytes);
  }

  Source source_;
  std::vector<Node> nodes_;
  std::string text_;  // the scalars' texts, end to end
  bool has_merges_ = false;
};

}  // namespace agentainer::workflow

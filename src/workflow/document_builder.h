#pragma once
// Makes a Document from a reader's events, in the order of the text, and holds it to its bounds.

#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "workflow/document.h"
#include "workflow/reporter.h"

namespace agentainer::workflow {

/// Deepest nesting of lists and mappings, through aliases too.
inline constexpr std::size_t kMaxDepth = 64;
inline constexpr std::size_t kMaxNodes = 4'000'000;
/// What all aliases of a file may add to it, in values; 32 bytes of text count as one more value.
inline constexpr std::size_t kMaxAliasedValues = 1'000'000;

class DocumentBuilder {
 public:
  /// Both must outlive it.
  DocumentBuilder(Document& document, Reporter& reporter)
      : document_(document), reporter_(reporter) {}

  /// 0: no anchor.
  using Anchor = std::size_t;

  // Where the result is [[nodiscard]] bool, false means that a bound is passed and reported;
  // nothing may be added after that.
  [[nodiscard]] bool add_scalar(Kind kind, Style style, Span span, std::string_view text,
                                Anchor anchor = 0);
  [[nodiscard]] bool add_alias(Span span, Anchor anchor);
  /// `bracket`: written with brackets or braces.
  [[nodiscard]] bool open(Kind kind, bool bracket, Span span, Anchor anchor = 0);
  void close();

  /// Whether the next value is a mapping's key.
  bool at_key() const;

  bool is_in_block_map() const;

  struct Container {
    Kind kind = Kind::kMap;
    Span span;
  };
  /// The innermost open container (with brackets, or without), if there is one.
  std::optional<Container> innermost(bool bracket) const;
  /// Of the value or key added last.
  Span last_span() const;
  std::size_t depth() const { return open_.size(); }

 private:
  /// A value's size and height with its aliases followed.
  struct Extent {
    std::uint64_t values = 1;
    std::size_t height = 1;
  };
  struct Open {
    std::uint32_t node = 0;
    std::uint32_t last_child = UINT32_MAX;
    Anchor anchor = 0;
    Extent extent;
    bool bracket = false;
  };
  struct Anchored {
    std::uint32_t node = 0;
    std::optional<Extent> extent;  // absent: the value is not complete
  };

  std::optional<std::uint32_t> append(Document::Node node);
  void contain(const Extent& extent);
  void check_keys(std::uint32_t map);
  void check_merge(const Value& value);

  Document& document_;
  Reporter& reporter_;
  std::vector<Open> open_;
  std::unordered_map<Anchor, Anchored> anchors_;
  std::uint64_t aliased_values_ = 0;
};

}  // namespace agentainer::workflow

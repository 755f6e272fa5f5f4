#pragma once
// The tree of a compiled expression.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "expr/functions.h"
#include "expr/regex.h"
#include "expr/value.h"

namespace agentainer::expr {

enum class Op : std::uint8_t {
  kLiteral,  ///< `literal`
  kName,  ///< `name`, before the check; afterwards only a name that the parse-only mode left open
  kVariable,  ///< `name`, of the scope
  kLocal,     ///< variable number `slot` of the macros around this node
  kSelect,    ///< child 0 `.name`
  kHas,       ///< has(child 0 `.name`)
  kIndex,     ///< child 0 [child 1]
  kNot,
  kNegate,
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kIn,
  kAnd,          ///< two or more children
  kOr,           ///< two or more children
  kConditional,  ///< child 0 ? child 1 : child 2
  kList,
  kMap,   ///< keys and values in turn
  kCall,  ///< `name`, `style`, `signature` after the check; a receiver is child 0
  // The macros: child 0 is what they walk, variable number `slot` the current item, child 1 the
  // condition or result. kMapItems may have a condition as child 1 before its result.
  kAll,
  kExists,
  kExistsOne,
  kMapItems,
  kFilter,
};

using NodeId = std::uint32_t;
inline constexpr NodeId kNoNode = ~NodeId{0};

struct Node {
  Op op = Op::kLiteral;
  CallStyle style = CallStyle::kGlobal;
  bool absolute = false;  ///< A name written `.x`: of the scope, never of a macro.
  std::uint16_t slot = 0;
  std::uint32_t begin = 0;  ///< Span in the source, in bytes.
  std::uint32_t end = 0;
  std::uint32_t at = 0;  ///< Where a name, member, operator or index stands, for errors.
  std::uint32_t first_child = 0;
  std::uint32_t child_count = 0;
  Value literal;
  std::string_view name;  ///< Variable, member, function, or the variable of a macro.
  const Signature* signature = nullptr;
  const Regex* regex = nullptr;  ///< Of matches() with a constant pattern.
};

/// Most nodes of a tree, and most nested levels of it: chains as a.b.c or a + b + c nest to the
/// left without brackets, so they may be longer than kMaxSourceDepth. Evaluation recurses once a
/// level.
inline constexpr std::size_t kMaxNodes = 16 * 1024;
inline constexpr std::size_t kMaxTreeDepth = 256;

struct Ast {
  std::vector<Node> nodes;
  std::vector<NodeId> children;
  std::deque<std::string> strings;  ///< What literals point to.
  std::deque<Regex> regexes;
  NodeId root = kNoNode;
  std::uint16_t slots = 0;  ///< Most macro variables alive at once.

  const Node& operator[](NodeId id) const { return nodes[id]; }
  Node& operator[](NodeId id) { return nodes[id]; }
  NodeId child(const Node& node, std::size_t i) const { return children[node.first_child + i]; }
};

}  // namespace agentainer::expr

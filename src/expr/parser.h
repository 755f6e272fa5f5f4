#pragma once
// CEL source text into a tree, macros included. Names are not looked at yet; see check.h.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "expr/ast.h"
#include "expr/lexer.h"

namespace agentainer::expr {

class Parser {
 public:
  /// `source` must outlive the tree, whose names point into it.
  Parser(std::string_view source, Ast& ast) : source_(source), ast_(ast), lexer_(source) {}

  /// Fills the tree, or says why not.
  [[nodiscard]] std::optional<SourceError> parse();

 private:
  // Each of these gives the node it made, or kNoNode with error_ set.
  NodeId expression();
  NodeId conditional();
  NodeId binary(int lowest_level);
  NodeId unary();
  NodeId negative_number(std::size_t begin);
  NodeId postfix();
  NodeId member(NodeId receiver);
  NodeId index(NodeId receiver);
  NodeId method(NodeId receiver, const Token& name);
  NodeId macro(NodeId range, const Token& name, const std::vector<NodeId>& arguments);
  NodeId primary();
  NodeId name();
  NodeId global_call(const Token& name);
  NodeId number();
  NodeId string();
  NodeId list();
  NodeId map();

  /// Arguments up to and with the closing bracket; false with error_ set.
  bool arguments(std::string_view close, std::vector<NodeId>& to);

  NodeId add(Op op, std::size_t begin, std::size_t at, const std::vector<NodeId>& children);
  NodeId add_literal(const Value& value, std::size_t begin);
  NodeId fail(std::size_t offset, std::string message);
  NodeId fail_expected(std::string_view what);

  bool advance();
  bool at(std::string_view symbol) const;
  bool at_word(std::string_view word) const;
  bool take(std::string_view symbol);
  bool expect(std::string_view symbol, std::string_view why);

  std::string_view source_;
  Ast& ast_;
  Lexer lexer_;
  Token token_;
  std::size_t last_end_ = 0;  ///< End of the token before token_.
  std::size_t nesting_ = 0;
  std::vector<std::uint16_t> depths_;  ///< Of each node: levels below it, with itself.
  std::optional<SourceError> error_;
};

}  // namespace agentainer::expr

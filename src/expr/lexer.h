#pragma once
// CEL source text into tokens (cel-spec, doc/langdef.md, "Syntax").

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "expr/expr.h"

namespace agentainer::expr {

enum class TokenKind {
  kEnd,
  kName,        ///< An identifier or a keyword.
  kQuotedName,  ///< `content-type`, a member that is no identifier; `body` is without the quotes.
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kSymbol,  ///< An operator or a bracket.
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::size_t offset = 0;
  std::string_view text;  ///< As in the source.
  std::string_view body;  ///< Of a string, bytes or quoted name: what is between the quotes.
  bool raw = false;       ///< A string without escapes (r'…').

  std::size_t end() const { return offset + text.size(); }
};

class Lexer {
 public:
  /// `source` must outlive the tokens.
  explicit Lexer(std::string_view source, std::size_t offset = 0) : source_(source), at_(offset) {}

  [[nodiscard]] tl::expected<Token, SourceError> next();
  std::size_t offset() const { return at_; }

 private:
  void skip_space_and_comments();
  char peek(std::size_t ahead) const;
  Token take(TokenKind kind, std::size_t bytes);
  tl::expected<Token, SourceError> number();
  tl::expected<Token, SourceError> string(std::size_t prefix_bytes);
  tl::expected<Token, SourceError> quoted_name();
  tl::expected<Token, SourceError> symbol();

  std::string_view source_;
  std::size_t at_ = 0;
};

/// The text or bytes that a kString or kBytes token stands for.
[[nodiscard]] tl::expected<std::string, SourceError> decode_string(const Token& token);

bool is_name_start(char c);
bool is_name_part(char c);

}  // namespace agentainer::expr

#include "expr/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "expr/utf8.h"

namespace agentainer::expr {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

tl::unexpected<SourceError> fault(std::size_t offset, std::string message) {
  return tl::make_unexpected(SourceError{offset, std::move(message)});
}

struct StringPrefix {
  std::size_t bytes = 0;
  bool raw = false;
  bool is_bytes = false;
};

/// The letters before a string's opening quote: any of r, b, rb, br, in either case.
StringPrefix string_prefix(std::string_view text) {
  StringPrefix prefix;
  for (; prefix.bytes < text.size(); ++prefix.bytes) {
    const char c = text[prefix.bytes];
    if ((c == 'r' || c == 'R') && !prefix.raw) {
      prefix.raw = true;
    } else if ((c == 'b' || c == 'B') && !prefix.is_bytes) {
      prefix.is_bytes = true;
    } else {
      break;
    }
  }
  return prefix;
}

}  // namespace

bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

char Lexer::peek(std::size_t ahead) const {
  return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0';
}

Token Lexer::take(TokenKind kind, std::size_t bytes) {
  Token token{kind, at_, source_.substr(at_, bytes)};
  at_ += bytes;
  return token;
}

void Lexer::skip_space_and_comments() {
  while (at_ < source_.size()) {
    const char c = source_[at_];
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      ++at_;
    } else if (c == '/' && peek(1) == '/') {
      at_ = std::min(source_.find('\n', at_), source_.size());
    } else {
      return;
    }
  }
}

tl::expected<Token, SourceError> Lexer::next() {
  skip_space_and_comments();
  if (at_ == source_.size()) return take(TokenKind::kEnd, 0);
  const char c = peek(0);
  const StringPrefix prefix = string_prefix(source_.substr(at_));
  const char quote = peek(prefix.bytes);
  if (quote == '"' || quote == '\'') return string(prefix.bytes);
  if (is_name_start(c)) {
    std::size_t bytes = 1;
    while (is_name_part(peek(bytes))) ++bytes;
    return take(TokenKind::kName, bytes);
  }
  if (is_digit(c) || (c == '.' && is_digit(peek(1)))) return number();
  if (c == '`') return quoted_name();
  return symbol();
}

tl::expected<Token, SourceError> Lexer::number() {
  std::size_t bytes = 0;
  TokenKind kind = TokenKind::kInt;
  if (peek(0) == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
    bytes = 2;
    while (is_hex(peek(bytes))) ++bytes;
    if (bytes == 2) return fault(at_, "expected hexadecimal digits after '0x'");
  } else {
    while (is_digit(peek(bytes))) ++bytes;
    // `1.size()` is a method of the int 1: a point belongs to the number only before a digit.
    if (peek(bytes) == '.' && is_digit(peek(bytes + 1))) {
      kind = TokenKind::kDouble;
      for (++bytes; is_digit(peek(bytes));) ++bytes;
    }
    const char e = peek(bytes);
    const char sign = peek(bytes + 1);
    const std::size_t exponent = bytes + (sign == '+' || sign == '-' ? 2 : 1);
    if ((e == 'e' || e == 'E') && is_digit(peek(exponent))) {
      kind = TokenKind::kDouble;
      for (bytes = exponent; is_digit(peek(bytes));) ++bytes;
    }
  }
  if (kind == TokenKind::kInt && (peek(bytes) == 'u' || peek(bytes) == 'U')) {
    kind = TokenKind::kUint;
    ++bytes;
  }
  if (is_name_part(peek(bytes)))
    return fault(at_ + bytes,
                 fmt::format("unexpected '{}' after the number {}; expected an operator",
                             peek(bytes), source_.substr(at_, bytes)));
  return take(kind, bytes);
}

tl::expected<Token, SourceError> Lexer::string(std::size_t prefix_bytes) {
  const StringPrefix prefix = string_prefix(source_.substr(at_));
  const char quote = peek(prefix_bytes);
  const bool triple = peek(prefix_bytes + 1) == quote && peek(prefix_bytes + 2) == quote;
  const std::string_view close = source_.substr(at_ + prefix_bytes, triple ? 3 : 1);
  std::size_t bytes = prefix_bytes + close.size();
  while (at_ + bytes < source_.size()) {
    const char c = peek(bytes);
    if (source_.substr(at_ + bytes, close.size()) == close) {
      const std::size_t body = at_ + prefix_bytes + close.size();
      const std::size_t body_end = at_ + bytes;
      Token token =
          take(prefix.is_bytes ? TokenKind::kBytes : TokenKind::kString, bytes + close.size());
      token.body = source_.substr(body, body_end - body);
      token.raw = prefix.raw;
      return token;
    }
    if (!triple && (c == '\n' || c == '\r')) break;
    bytes += c == '\\' && !prefix.raw ? 2 : 1;
  }
  return fault(at_, fmt::format("this string is never closed; expected {} {}", close,
                                triple ? "before the end" : "before the end of the line"));
}

tl::expected<Token, SourceError> Lexer::quoted_name() {
  const std::size_t end = source_.find_first_of("`\n", at_ + 1);
  if (end == std::string_view::npos || source_[end] == '\n' || end == at_ + 1)
    return fault(at_, "expected a member's name and a closing '`'");
  const std::size_t body = at_ + 1;
  Token token = take(TokenKind::kQuotedName, end + 1 - at_);
  token.body = source_.substr(body, end - body);
  return token;
}

tl::expected<Token, SourceError> Lexer::symbol() {
  static constexpr std::array<std::string_view, 6> kPairs = {"&&", "||", "==", "!=", "<=", ">="};
  for (const std::string_view pair : kPairs)
    if (source_.substr(at_, 2) == pair) return take(TokenKind::kSymbol, 2);
  const char c = peek(0);
  if (std::string_view("+-*/%<>!?:.,()[]{}").find(c) != std::string_view::npos)
    return take(TokenKind::kSymbol, 1);
  if (c == '=') return fault(at_, "'=' is no operator; to compare write '=='");
  if (c == '&') return fault(at_, "'&' is no operator; for 'and' write '&&'");
  if (c == '|') return fault(at_, "'|' is no operator; for 'or' write '||'");
  if (c == '$') return fault(at_, "unexpected '$'; an expression names its variables without it");
  const utf8::CodePoint point = utf8::decode(source_, at_);
  if (!point.valid) return fault(at_, "this byte is not valid UTF-8");
  if (c >= 0 && c < 0x20)
    return fault(at_,
                 fmt::format("unexpected control character 0x{:02x}", static_cast<unsigned>(c)));
  return fault(at_, fmt::format("unexpected '{}'{}", source_.substr(at_, point.bytes),
                                point.value < 0x80 ? ""
                                                   : "; a member with such a name is written "
                                                     "map[\"…\"]"));
}

namespace {

/// Decodes the escapes of one string token.
class EscapeDecoder {
 public:
  explicit EscapeDecoder(const Token& token)
      : token_(token), body_(token.body), is_bytes_(token.kind == TokenKind::kBytes) {}

  tl::expected<std::string, SourceError> decode() {
    std::string out;
    out.reserve(body_.size());
    while (at_ < body_.size()) {
      if (body_[at_] != '\\' || token_.raw) {
        out.push_back(body_[at_++]);
        continue;
      }
      begin_ = at_++;
      if (auto error = escape(out)) return tl::make_unexpected(std::move(*error));
    }
    return out;
  }

 private:
  SourceError error(std::string message) const {
    const auto body_offset = static_cast<std::size_t>(body_.data() - token_.text.data());
    return {token_.offset + body_offset + begin_, std::move(message)};
  }

  std::optional<SourceError> escape(std::string& out) {
    static constexpr std::string_view kNames = "abfnrtv\\?\"'`";
    static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\?\"'`";
    const char c = body_[at_++];
    if (const std::size_t i = kNames.find(c); i != std::string_view::npos) {
      out.push_back(kValues[i]);
      return std::nullopt;
    }
    if (c == 'x' || c == 'X') return number(out, 16, 2);
    if (c >= '0' && c <= '3') {
      --at_;
      return number(out, 8, 3);
    }
    if ((c == 'u' || c == 'U') && is_bytes_)
      return error("bytes have no code points; write the octets, as \\x41");
    if (c == 'u') return number(out, 16, 4);
    if (c == 'U') return number(out, 16, 8);
    return error(
        fmt::format("unknown escape '\\{}'; for a backslash write '\\\\' or a raw string "
                    "r'…'",
                    is_printable(c) ? std::string_view(&body_[at_ - 1], 1) : "?"));
  }

  static bool is_printable(char c) { return c > 0x20 && c < 0x7F; }

  std::optional<SourceError> number(std::string& out, std::uint32_t base, std::size_t digits) {
    std::uint32_t value = 0;
    for (std::size_t k = 0; k < digits; ++k, ++at_) {
      const char c = at_ < body_.size() ? body_[at_] : '\0';
      const bool good = base == 16 ? is_hex(c) : c >= '0' && c <= '7';
      if (!good)
        return error(fmt::format("this escape takes {} {} digits", digits,
                                 base == 16 ? "hexadecimal" : "octal"));
      const auto digit = static_cast<std::uint32_t>(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
      value = value * base + digit;
    }
    if (is_bytes_) {
      out.push_back(static_cast<char>(value));
      return std::nullopt;
    }
    if (!utf8::is_scalar(value))
      return error(fmt::format("U+{:04X} is no Unicode character", value));
    utf8::append(out, value);
    return std::nullopt;
  }

  const Token& token_;
  std::string_view body_;
  bool is_bytes_ = false;
  std::size_t at_ = 0;
  std::size_t begin_ = 0;  ///< Of the escape being read.
};

}  // namespace

tl::expected<std::string, SourceError> decode_string(const Token& token) {
  return EscapeDecoder(token).decode();
}

}  // namespace agentainer::expr

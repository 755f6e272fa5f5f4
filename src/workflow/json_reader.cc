#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "expr/utf8.h"
#include "workflow/document_builder.h"
#include "workflow/readers.h"
#include "workflow/words.h"

namespace agentainer::workflow {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/// Each member that returns bool: false means that a fault is reported and reading ends.
class JsonReader {
 public:
  JsonReader(Document& document, Reporter& reporter)
      : text_(document.source().text()), reporter_(reporter), builder_(document, reporter) {}

  bool read() {
    if (!value()) return false;
    skip_blank();
    return at_ == text_.size() || fault("expected nothing after the end of the workflow's '}'");
  }

 private:
  static std::uint32_t narrow(std::size_t offset) { return static_cast<std::uint32_t>(offset); }
  Span span_from(std::size_t begin) const { return {narrow(begin), narrow(at_)}; }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_blank() { at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size()); }

  bool fault_at(std::size_t at, std::string message) {
    reporter_.error({narrow(at), narrow(at + 1)}, kNoNode, std::move(message));
    return false;
  }
  bool fault(std::string_view expected) {
    if (at_ == text_.size())
      return fault_at(at_, fmt::format("{}, but the file ends here", expected));
    if (text_.substr(at_).starts_with("//") || text_.substr(at_).starts_with("/*") || peek() == '#')
      return fault_at(at_, "JSON has no comments; write the file as YAML to have them");
    if (peek() == '\'') return fault_at(at_, "JSON text stands in double quotes");
    return fault_at(at_, std::string(expected));
  }

  bool value() {
    skip_blank();
    const char first = peek();
    if (first == '{') return object();
    if (first == '[') return array();
    if (first == '"') return text();
    if (first == '-' || is_digit(first)) return number();
    return word();
  }

  bool word() {
    const std::size_t begin = at_;
    while (is_word(peek())) ++at_;
    const std::string_view found = text_.substr(begin, at_ - begin);
    if (found == "true" || found == "false")
      return builder_.add_scalar(Kind::kBool, Style::kPlain, span_from(begin), found);
    if (found == "null")
      return builder_.add_scalar(Kind::kNull, Style::kPlain, span_from(begin), found);
    at_ = begin;
    return fault("expected a value: text in double quotes, a number, true, false, null, [ or {");
  }

  bool number() {
    const std::size_t begin = at_;
    Kind kind = Kind::kInteger;
    const auto digits = [&] {
      const std::size_t first = at_;
      while (is_digit(peek())) ++at_;
      return at_ > first;
    };
    if (peek() == '-') ++at_;
    const std::size_t whole = at_;
    bool good = digits();
    if (good && text_[whole] == '0' && at_ - whole > 1)
      return fault_at(begin, "a number cannot start with 0");
    if (good && peek() == '.') {
      kind = Kind::kFloat;
      ++at_;
      good = digits();
    }
    if (good && (peek() == 'e' || peek() == 'E')) {
      kind = Kind::kFloat;
      ++at_;
      if (peek() == '+' || peek() == '-') ++at_;
      good = digits();
    }
    if (!good) return fault("expected a digit");
    return builder_.add_scalar(kind, Style::kPlain, span_from(begin),
                               text_.substr(begin, at_ - begin));
  }

  bool text() {
    const std::size_t begin = at_;
    const std::optional<std::string> content = quoted();
    return content &&
           builder_.add_scalar(Kind::kString, Style::kQuoted, span_from(begin), *content);
  }

  std::optional<std::string> quoted() {
    const std::size_t begin = at_++;
    std::string content;
    for (;;) {
      const std::size_t end = text_.find_first_of("\"\\\n", at_);
      if (end == std::string_view::npos || text_[end] == '\n') {
        fault_at(begin, "the text that starts with this \" has no closing one on its line");
        return std::nullopt;
      }
      const std::string_view plain = text_.substr(at_, end - at_);
      if (const std::size_t tab = plain.find('\t'); tab != std::string_view::npos) {
        fault_at(at_ + tab, "a tab inside text is written \\t");
        return std::nullopt;
      }
      content += plain;
      at_ = end + 1;
      if (text_[end] == '"') return content;
      if (!escape(content)) return std::nullopt;
    }
  }

  /// After the backslash.
  bool escape(std::string& content) {
    static constexpr std::string_view kNames = "\"\\/bfnrt";
    static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
    const std::size_t begin = at_ - 1;
    const std::size_t known = at_ < text_.size() ? kNames.find(text_[at_]) : std::string_view::npos;
    if (known != std::string_view::npos) {
      content += kMeanings[known];
      ++at_;
      return true;
    }
    if (peek() != 'u')
      return fault_at(begin,
                      "unknown escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX");
    ++at_;
    const auto first = hex_unit();
    if (!first) return fault_at(begin, "\\u takes four hexadecimal digits");
    std::uint32_t code_point = *first;
    if (code_point >= 0xD800 && code_point < 0xDC00 && text_.substr(at_).starts_with("\\u")) {
      at_ += 2;
      const auto second = hex_unit();
      if (second && *second >= 0xDC00 && *second < 0xE000)
        code_point = 0x10000 + ((code_point - 0xD800) << 10) + (*second - 0xDC00);
    }
    if (!expr::utf8::is_scalar(code_point))
      return fault_at(
          begin, "half of a surrogate pair; \\uD800-\\uDBFF and \\uDC00-\\uDFFF come in pairs");
    expr::utf8::append(content, code_point);
    return true;
  }

  std::optional<std::uint32_t> hex_unit() {
    std::uint32_t unit = 0;
    for (int i = 0; i < 4; ++i, ++at_) {
      const char c = static_cast<char>(peek() | 0x20);
      if (is_digit(peek()))
        unit = unit * 16 + static_cast<std::uint32_t>(peek() - '0');
      else if (c >= 'a' && c <= 'f')
        unit = unit * 16 + static_cast<std::uint32_t>(c - 'a' + 10);
      else
        return std::nullopt;
    }
    return unit;
  }

  bool array() {
    if (!builder_.open(Kind::kList, true, {narrow(at_), narrow(at_ + 1)})) return false;
    ++at_;
    skip_blank();
    while (peek() != ']') {
      if (!value() || !separator(']')) return false;
    }
    ++at_;
    builder_.close();
    return true;
  }

  bool object() {
    if (!builder_.open(Kind::kMap, true, {narrow(at_), narrow(at_ + 1)})) return false;
    ++at_;
    skip_blank();
    while (peek() != '}') {
      if (peek() != '"') return fault("expected a key in double quotes");
      if (!text()) return false;
      skip_blank();
      if (peek() != ':') return fault("expected ':' after the key");
      ++at_;
      if (!value() || !separator('}')) return false;
    }
    ++at_;
    builder_.close();
    return true;
  }

  /// After an element: its comma, or stays at `end`.
  bool separator(char end) {
    skip_blank();
    if (peek() == end) return true;
    if (peek() != ',') return fault(fmt::format("expected ',' or '{}'", end));
    const std::size_t comma = at_++;
    skip_blank();
    if (peek() == end)
      return fault_at(comma, fmt::format("a ',' cannot stand before the closing '{}'", end));
    return true;
  }

  std::string_view text_;
  Reporter& reporter_;
  DocumentBuilder builder_;
  std::size_t at_ = 0;
};

}  // namespace

bool read_json(Document& document, Reporter& reporter) {
  return JsonReader(document, reporter).read();
}

}  // namespace agentainer::workflow

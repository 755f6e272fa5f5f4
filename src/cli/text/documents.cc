#include "cli/text/documents.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "expr/utf8.h"

namespace agentainer::cli {
namespace {

class PrettyJson {
 public:
  PrettyJson(std::size_t max_members, bool* cut) : max_members_(max_members), cut_(cut) {}

  void write(const Json& value, std::size_t depth) {
    if (std::optional<std::string> line = on_one_line(value, room())) {
      out_ += *line;
    } else if (value.is_array()) {
      write_members(value.get_array(), '[', ']', depth,
                    [&](const Json& element) { write(element, depth + 1); });
    } else if (value.is_object()) {
      write_members(value.get_object(), '{', '}', depth, [&](const auto& member) {
        append_json_string(out_, member.key());
        out_ += ": ";
        write(member.value(), depth + 1);
      });
    } else {
      out_ += to_text(value);
    }
  }
  std::string take() { return std::move(out_); }

 private:
  static constexpr std::size_t kColumns = 80;

  /// Bytes left on the line, with one for a comma.
  std::size_t room() const {
    const std::size_t used = out_.size() - (out_.rfind('\n') + 1);
    return kColumns - std::min(kColumns, used + 1);
  }

  /// `["a", 1]`, if that takes at most `bytes`; looks at no more of a large value than that.
  std::optional<std::string> on_one_line(const Json& value, std::size_t bytes) const {
    if (!value.is_structured()) return to_text(value);
    const bool is_array = value.is_array();
    const std::size_t size = is_array ? value.get_array().size() : value.get_object().size();
    if (size * 3 > bytes + 3 || size > max_members_) return std::nullopt;
    std::string line(1, is_array ? '[' : '{');
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) line += ", ";
      if (!is_array) {
        append_json_string(line,
                           (value.get_object().begin() + static_cast<std::ptrdiff_t>(i))->key());
        line += ": ";
      }
      const Json& member =
          is_array ? value.get_array()[i]
                   : (value.get_object().begin() + static_cast<std::ptrdiff_t>(i))->value();
      const auto text = on_one_line(member, bytes - std::min(bytes, line.size()));
      if (!text) return std::nullopt;
      line += *text;
      if (line.size() + 1 > bytes) return std::nullopt;
    }
    line += is_array ? ']' : '}';
    return line.size() <= bytes || size == 0 ? std::optional(std::move(line)) : std::nullopt;
  }

  template <typename Members, typename F>
  void write_members(const Members& members, char open, char close, std::size_t depth,
                     F&& write_member) {
    out_ += open;
    const std::size_t shown = std::min(members.size(), max_members_);
    for (std::size_t i = 0; i < shown; ++i) {
      indent(depth + 1);
      write_member(*(members.begin() + static_cast<std::ptrdiff_t>(i)));
      if (i + 1 < members.size()) out_ += ',';
    }
    if (shown < members.size()) {
      indent(depth + 1);
      out_ += fmt::format("... {} more", members.size() - shown);
      if (cut_ != nullptr) *cut_ = true;
    }
    indent(depth);
    out_ += close;
  }
  void indent(std::size_t depth) {
    out_ += '\n';
    out_.append(depth * 2, ' ');
  }

  std::size_t max_members_;
  bool* cut_;
  std::string out_;
};

/// Words that some YAML version reads as something else than text.
bool is_yaml_word(std::string_view text) {
  static constexpr std::array<std::string_view, 11> kWords = {
      "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

/// Plain style, kept to what no YAML reader can take for anything but this text.
bool may_be_plain(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '/';
  };
  if (text.empty() || !is_letter(text.front()) || text.back() == ' ' || is_yaml_word(text))
    return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') ||
           std::string_view(" .-+()").find(c) != std::string_view::npos;
  });
}

/// Whether a YAML reader keeps this character as it is: the printable ones (YAML 1.2, 5.1) without
/// the line separators of YAML 1.1 and the byte order mark.
bool is_yaml_safe(std::uint32_t point) {
  if (point < 0x20 || (point >= 0x7F && point < 0xA0)) return false;
  return point != 0x2028 && point != 0x2029 && point != 0xFEFF && point != 0xFFFE &&
         point != 0xFFFF;
}

/// Whether text can be a literal block (YAML 1.2, 8.1.2) with nothing to escape in it.
bool may_be_literal(std::string_view text) {
  if (text.find('\n') == std::string_view::npos || text.front() == ' ' || text.front() == '\n' ||
      text.front() == '\t')
    return false;
  for (std::size_t i = 0; i < text.size();) {
    const expr::utf8::CodePoint point = expr::utf8::decode(text, i);
    if (!is_yaml_safe(point.value) && point.value != '\n' && point.value != '\t') return false;
    i += point.bytes;
  }
  return true;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const expr::utf8::CodePoint point = expr::utf8::decode(text, i);
    if (point.value == '"' || point.value == '\\') out += '\\';
    if (point.value == '\n') {
      out += "\\n";
    } else if (is_yaml_safe(point.value)) {
      expr::utf8::append(out, point.value);
    } else {
      out += fmt::format("\\u{:04X}", point.value);
    }
    i += point.bytes;
  }
  out += '"';
}

/// Longer keys need a question mark before them (YAML 1.2, 7.4.2).
constexpr std::size_t kMaxImplicitKeyBytes = 1000;

class Yaml {
 public:
  /// After a key or a dash; `depth` is the indentation of the value's own lines.
  void write(const Json& value, std::size_t depth, bool after_dash) {
    if (value.is_object() && !value.get_object().empty()) {
      bool first = true;
      for (const auto& [key, member] : value.get_object()) {
        begin_line(depth, first && after_dash);
        first = false;
        if (key.size() > kMaxImplicitKeyBytes) out_ += "? ";
        write_text(key, depth, true);
        if (key.size() > kMaxImplicitKeyBytes) begin_line(depth, false);
        out_ += ':';
        write(member, depth + 1, false);
      }
    } else if (value.is_array() && !value.get_array().empty()) {
      bool first = true;
      for (const Json& element : value.get_array()) {
        begin_line(depth, first && after_dash);
        first = false;
        out_ += '-';
        write(element, depth + 1, true);
      }
    } else {
      if (!out_.empty()) out_ += ' ';
      write_scalar(value, depth);
    }
  }
  std::string take() {
    if (!out_.ends_with('\n')) out_ += '\n';
    return std::move(out_);
  }

 private:
  /// Two spaces a level; right after a dash a nested block goes on on the same line.
  void begin_line(std::size_t depth, bool on_dash_line) {
    if (on_dash_line) {
      out_ += ' ';
      return;
    }
    if (!out_.empty() && !out_.ends_with('\n')) out_ += '\n';
    out_.append(depth * 2, ' ');
  }

  void write_scalar(const Json& value, std::size_t depth) {
    if (value.is_string()) {
      write_text(value.get_string(), depth, false);
      return;
    }
    std::string text = to_text(value);
    // A YAML 1.1 reader takes 1E5 for text: its numbers need a point and a signed exponent.
    if (const std::size_t e = text.find('E'); value.is_double() && e != std::string::npos) {
      if (text[e + 1] != '-' && text[e + 1] != '+') text.insert(e + 1, "+");
      if (text.find('.') == std::string::npos) text.insert(e, ".0");
    }
    out_ += text;
  }

  void write_text(std::string_view text, std::size_t depth, bool is_key) {
    if (may_be_plain(text)) {
      out_ += text;
    } else if (!is_key && may_be_literal(text)) {
      write_literal(text, std::max<std::size_t>(depth, 1));
    } else {
      append_quoted(out_, text);
    }
  }

  void write_literal(std::string_view text, std::size_t depth) {
    const bool ends_line = text.ends_with('\n');
    out_ += !ends_line ? "|-" : text.ends_with("\n\n") ? "|+" : "|";
    if (ends_line) text.remove_suffix(1);
    while (true) {
      const std::size_t end = text.find('\n');
      const std::string_view line = text.substr(0, end);
      out_ += '\n';
      if (!line.empty()) out_.append(depth * 2, ' ').append(line);
      if (end == std::string_view::npos) break;
      text.remove_prefix(end + 1);
    }
    out_ += '\n';
  }

  std::string out_;
};

const Json* member(const Json& value, std::string_view name) {
  if (value.is_object()) return value.get_object().if_contains(name);
  if (!value.is_array()) return nullptr;
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end != name.data() + name.size()) return nullptr;
  return value.get_array().if_contains(index);
}

}  // namespace

std::string pretty_json(const Json& value, std::size_t max_members, bool* cut) {
  PrettyJson writer(max_members, cut);
  writer.write(value, 0);
  return writer.take();
}

std::string to_yaml(const Json& value) {
  Yaml writer;
  writer.write(value, 0, false);
  return writer.take();
}

const Json* find_in_state(const json::object& state, std::string_view name) {
  if (const Json* found = state.if_contains(name)) return found;
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return nullptr;
  const Json* value = state.if_contains(name.substr(0, dot));
  std::string_view rest = name.substr(dot + 1);
  while (value != nullptr) {
    const std::size_t next = rest.find('.');
    value = member(*value, rest.substr(0, next));
    if (next == std::string_view::npos) return value;
    rest.remove_prefix(next + 1);
  }
  return nullptr;
}

std::string document(const Json& value, DocumentFormat format, bool for_terminal) {
  switch (format) {
    case DocumentFormat::kJson:
      return (for_terminal ? pretty_json(value) : to_text(value)) + '\n';
    case DocumentFormat::kYaml:
      return to_yaml(value);
  }
  return {};
}

}  // namespace agentainer::cli

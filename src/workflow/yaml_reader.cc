#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <istream>
#include <streambuf>

#include "workflow/document_builder.h"
#include "workflow/readers.h"
#include "workflow/words.h"

namespace agentainer::workflow {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

/// Thrown through yaml-cpp to end it early; the reason is reported before.
struct Stop {};

/// Gives yaml-cpp the text piece by piece, and of it no more than this without an event in return:
/// yaml-cpp holds all tokens of a bracketed value that might be a key, at some 100 bytes each,
/// before the first event.
class Feed : public std::streambuf {
 public:
  explicit Feed(std::string_view text) : text_(text) {}

  static constexpr std::size_t kMaxSilentBytes = 1024 * 1024;
  static constexpr std::size_t kMaxSilentBrackets = 50'000;

  void note_event() {
    given_at_event_ = given_;
    brackets_ = 0;
  }
  /// Whether it has given up for want of events.
  bool is_cut_off() const { return cut_off_; }

 protected:
  int_type underflow() override {
    constexpr std::size_t kPieceBytes = 8 * 1024;
    if (given_ == text_.size()) return traits_type::eof();
    cut_off_ = given_ - given_at_event_ > kMaxSilentBytes || brackets_ > kMaxSilentBrackets;
    if (cut_off_) throw Stop{};
    const std::string_view piece = text_.substr(given_, kPieceBytes);
    brackets_ += static_cast<std::size_t>(
        std::count_if(piece.begin(), piece.end(), [](char c) { return c == '[' || c == '{'; }));
    // A streambuf's get area is never written to.
    char* begin = const_cast<char*>(piece.data());
    setg(begin, begin, begin + piece.size());
    given_ += piece.size();
    return traits_type::to_int_type(*begin);
  }

 private:
  std::string_view text_;
  std::size_t given_ = 0;
  std::size_t given_at_event_ = 0;
  std::size_t brackets_ = 0;  // given since the last event, to within a piece
  bool cut_off_ = false;
};

/// The kind that a tag asks for, the plain one where there is none. Absent: the tag is unknown or
/// does not fit the text. yaml-cpp gives `?` for plain scalars and `!` for quoted ones.
std::optional<Kind> tagged_kind(std::string_view tag, std::string_view text) {
  if (tag == "?") return classify_plain(text);
  if (tag == "!" || tag == "tag:yaml.org,2002:str") return Kind::kString;
  const Kind kind = classify_plain(text);
  if (tag == "tag:yaml.org,2002:null" && kind == Kind::kNull) return kind;
  if (tag == "tag:yaml.org,2002:bool" && kind == Kind::kBool) return kind;
  if (tag == "tag:yaml.org,2002:int" && kind == Kind::kInteger) return kind;
  if (tag == "tag:yaml.org,2002:float" && (kind == Kind::kFloat || kind == Kind::kInteger))
    return Kind::kFloat;
  return std::nullopt;
}

bool is_document_marker(std::string_view text) {
  return text.starts_with("---") || text.starts_with("...");
}

class Handler : public YAML::EventHandler {
 public:
  Handler(Document& document, Reporter& reporter, Feed& feed)
      : source_(document.source()),
        reporter_(reporter),
        feed_(feed),
        builder_(document, reporter) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    feed_.note_event();
    if (started_) {
      end_of_document(offset(mark));
      throw Stop{};
    }
    started_ = true;
    check_directives(offset(mark));
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    feed_.note_event();
    const std::size_t begin = skip_properties(offset(mark));
    const std::string_view word = null_word(begin);
    if (word.empty()) check_colon();
    const Span span =
        word.empty() ? place_of_nothing(begin) : Span{narrow(begin), narrow(begin + word.size())};
    go_on(builder_.add_scalar(Kind::kNull, Style::kPlain, span, word, anchor));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    feed_.note_event();
    const std::size_t begin = offset(mark);
    const std::size_t end = std::min(text().find_first_of(" \t\r\n,]}", begin), text().size());
    go_on(builder_.add_alias({narrow(begin), narrow(end)}, anchor));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    feed_.note_event();
    const std::size_t begin = skip_properties(offset(mark));
    const char first = begin < text().size() ? text()[begin] : '\0';
    Style style = Style::kPlain;
    Span span{narrow(begin), narrow(begin + value.size())};
    if (first == '"' || first == '\'') {
      style = Style::kQuoted;
      span.end = narrow(end_of_quoted(begin));
    } else if (first == '|' || first == '>') {
      style = Style::kBlock;
      span.end = narrow(end_of_line(begin, text().size()));
    } else if (text().substr(begin, value.size()) != value) {
      // Folded lines; the first of them is no longer than all of them.
      span.end = narrow(end_of_line(begin, begin + value.size()));
    }
    std::optional<Kind> kind = tagged_kind(tag, value);
    if (!kind) {
      reporter_.error({narrow(offset(mark)), narrow(begin)}, kNoNode,
                      fmt::format("the tag {} does not suit this value", quote(tag)));
      kind = Kind::kString;
    }
    go_on(builder_.add_scalar(*kind, style, span, value, anchor));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(Kind::kList, "tag:yaml.org,2002:seq", mark, tag, anchor, style);
  }
  void OnSequenceEnd() override { builder_.close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(Kind::kMap, "tag:yaml.org,2002:map", mark, tag, anchor, style);
  }
  void OnMapEnd() override { builder_.close(); }

  /// Whether the document had ended, and nothing but comments followed, when Stop was thrown.
  bool is_complete() const { return complete_; }

  void report(const YAML::ParserException& fault) {
    const std::size_t begin = std::min(offset(fault.mark), text().size());
    reporter_.error({narrow(begin), narrow(begin + 1)}, kNoNode, explain(fault.msg, begin));
  }

  void report_silence() {
    const std::size_t begin =
        std::min(text().find_first_not_of(" \t\r\n:", builder_.last_span().end), text().size());
    const std::string_view rest = text().substr(begin);
    const std::size_t brackets = std::min(rest.find_first_not_of("[{ "), rest.size());
    reporter_.error(
        {narrow(begin), narrow(begin + 1)}, kNoNode,
        brackets > kMaxDepth
            ? fmt::format("nested more than {} levels deep", kMaxDepth)
            : fmt::format("the text from here on is one value of more than {} KiB, or of "
                          "more than {} brackets; put large values into files of their own",
                          Feed::kMaxSilentBytes / 1024, Feed::kMaxSilentBrackets));
  }

 private:
  static std::uint32_t narrow(std::size_t offset) { return static_cast<std::uint32_t>(offset); }
  static std::size_t offset(const YAML::Mark& mark) {
    return static_cast<std::size_t>(std::max(mark.pos, 0));
  }
  std::string_view text() const { return source_.text(); }
  static void go_on(bool good) {
    if (!good) throw Stop{};
  }

  void open(Kind kind, std::string_view own_tag, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    feed_.note_event();
    const std::size_t begin = skip_properties(offset(mark));
    if (tag != "?" && tag != "!" && tag != own_tag)
      reporter_.error({narrow(offset(mark)), narrow(begin)}, kNoNode,
                      fmt::format("the tag {} does not suit this value", quote(tag)));
    go_on(builder_.open(kind, style == YAML::EmitterStyle::Flow, {narrow(begin), narrow(begin + 1)},
                        anchor));
  }

  std::size_t end_of_line(std::size_t begin, std::size_t at_most) const {
    const std::size_t length = at_most - begin;
    return begin + std::min(text().substr(begin, length).find_first_of("\r\n"), length);
  }

  /// From a value's mark past its anchor and tag.
  std::size_t skip_properties(std::size_t begin) const {
    while (begin < text().size() && (text()[begin] == '&' || text()[begin] == '!')) {
      begin = std::min(text().find_first_of(kBlank, begin), text().size());
      begin = std::min(text().find_first_not_of(kBlank, begin), text().size());
    }
    return begin;
  }

  /// Past the closing quote. yaml-cpp takes the end of the file for one.
  std::size_t end_of_quoted(std::size_t begin) const {
    const char quote = text()[begin];
    for (std::size_t i = begin + 1; i < text().size(); ++i) {
      if (quote == '"' && text()[i] == '\\') {
        ++i;
      } else if (text()[i] == quote) {
        if (quote == '"' || i + 1 >= text().size() || text()[i + 1] != '\'') return i + 1;
        ++i;
      }
    }
    reporter_.error({narrow(begin), narrow(begin + 1)}, kNoNode,
                    fmt::format("the text that starts with this {} has no closing one", quote));
    throw Stop{};
  }

  /// The null that is written at `begin`; empty where yaml-cpp's mark shows what follows an empty
  /// value.
  std::string_view null_word(std::size_t begin) const {
    const std::string_view rest = text().substr(begin);
    for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
      if (!rest.starts_with(word)) continue;
      const std::size_t next = rest.find_first_not_of(" \t", word.size());
      const bool ends = word.size() == rest.size() || next != word.size() ||
                        std::string_view("\r\n,]}:").find(rest[next]) != std::string_view::npos;
      const bool is_next_key = !builder_.at_key() && next < rest.size() && rest[next] == ':';
      if (ends && !is_next_key) return rest.substr(0, word.size());
    }
    return {};
  }

  /// Before an empty value: yaml-cpp takes a line without a colon for a key without a value.
  void check_colon() const {
    if (builder_.at_key() || !builder_.is_in_block_map()) return;
    const Span key = builder_.last_span();
    const std::size_t next = text().find_first_not_of(kBlank, key.end);
    const std::size_t before =
        key.begin == 0 ? std::string_view::npos : text().find_last_not_of(kBlank, key.begin - 1);
    const bool colon = next != std::string_view::npos && text()[next] == ':';
    const bool question = before != std::string_view::npos && text()[before] == '?';
    if (!colon && !question) reporter_.error(key, kNoNode, "expected ':' after this");
  }

  /// Lines before the document that begin with %: yaml-cpp skips those it does not know.
  void check_directives(std::size_t end) const {
    for (std::size_t line = 0; line < end; line = std::min(text().find('\n', line), end - 1) + 1) {
      const std::string_view rest = text().substr(line);
      if (rest.starts_with('%') && !rest.starts_with("%YAML ") && !rest.starts_with("%TAG "))
        reporter_.error({narrow(line), narrow(line + 1)}, kNoNode,
                        "a line cannot start with '%'; quote the text");
    }
  }

  /// Where an empty value is: yaml-cpp gives the place of whatever follows it. That of a key is
  /// shown at the key, that of a list item at its dash.
  Span place_of_nothing(std::size_t next) const {
    if (!builder_.at_key() && builder_.depth() > 0) {
      const std::size_t before =
          next == 0 ? std::string_view::npos : text().find_last_not_of(kBlank, next - 1);
      const bool dash = before != std::string_view::npos && text()[before] == '-';
      if (dash) return {narrow(before), narrow(before + 1)};
      return builder_.last_span();
    }
    return {narrow(next), narrow(next + 1)};
  }

  /// At what yaml-cpp takes for a second document: another one, or what it could not make sense of.
  void end_of_document(std::size_t begin) {
    const std::size_t before =
        begin == 0 ? std::string_view::npos : text().find_last_not_of(kBlank, begin - 1);
    bool marked = before != std::string_view::npos && before >= 2 &&
                  is_document_marker(text().substr(before - 2));
    std::size_t rest = begin;
    while (rest < text().size()) {
      rest = std::min(text().find_first_not_of(kBlank, rest), text().size());
      const std::string_view line = text().substr(rest);
      if (is_document_marker(line)) {
        marked = true;
        rest += 3;
      } else if (line.starts_with('#')) {
        rest += std::min(line.find('\n'), line.size());
      } else {
        break;
      }
    }
    complete_ = rest == text().size();
    if (complete_) return;
    reporter_.error({narrow(rest), narrow(rest + 1)}, kNoNode,
                    marked
                        ? "a second document starts here; a file holds one workflow"
                        : "this does not belong to the value before it; check the indentation of "
                          "this line");
  }

  /// yaml-cpp's message in words for people who do not know its grammar.
  std::string explain(std::string_view message, std::size_t at) const {
    const auto starts = [&](bool bracket) {
      const auto container = builder_.innermost(bracket);
      return container ? source_.line_at(container->span.begin) : 1;
    };
    if (message == YAML::ErrorMsg::END_OF_MAP || message == YAML::ErrorMsg::END_OF_SEQ)
      return fmt::format("this does not fit the {} that starts on line {}; check the indentation",
                         message == YAML::ErrorMsg::END_OF_MAP ? "mapping" : "list", starts(false));
    if (message == YAML::ErrorMsg::END_OF_MAP_FLOW)
      return fmt::format("expected ',' or '}}' of the '{{' on line {}", starts(true));
    if (message == YAML::ErrorMsg::END_OF_SEQ_FLOW)
      return fmt::format("expected ',' or ']' of the '[' on line {}", starts(true));
    if (message == YAML::ErrorMsg::TAB_IN_INDENTATION ||
        source_.line(source_.line_at(at)).starts_with('\t'))
      return "a tab cannot indent; use spaces";
    if (message == YAML::ErrorMsg::MAP_VALUE)
      return "':' cannot stand here; check the indentation, or quote a text that contains ': '";
    if (message == YAML::ErrorMsg::UNKNOWN_TOKEN)
      return fmt::format("a text cannot start with {}; put it in quotes",
                         quote(text().substr(at, 1)));
    if (message == YAML::ErrorMsg::EOF_IN_SCALAR) return "the file ends inside a quoted text";
    if (message == YAML::ErrorMsg::UNKNOWN_ANCHOR) return "no anchor of this name comes before";
    return fmt::format("not valid YAML: {}", message);
  }

  const Source& source_;
  Reporter& reporter_;
  Feed& feed_;
  DocumentBuilder builder_;
  bool started_ = false;
  bool complete_ = false;
};

}  // namespace

bool read_yaml(Document& document, Reporter& reporter) {
  Feed feed(document.source().text());
  Handler handler(document, reporter, feed);
  try {
    std::istream stream(&feed);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler)) {
    }
    return true;
  } catch (const Stop&) {
    if (feed.is_cut_off()) handler.report_silence();
    return handler.is_complete();
  } catch (const YAML::ParserException& fault) {
    handler.report(fault);
    return false;
  }
}

}  // namespace agentainer::workflow

// Text to located tree: both readers, their bounds, and what is wrong with text itself.

#include "workflow/document.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "workflow/object_reader.h"
#include "workflow/readers.h"
#include "workflow/reporter.h"
#include "workflow/test_support.h"

namespace agentainer::workflow {
namespace {

struct Read {
  explicit Read(std::string_view text, bool json = false) : document(text) {
    whole = json ? read_json(document, reporter) : read_yaml(document, reporter);
  }
  std::string json() {
    return whole && !document.empty() ? to_text(to_json(document.root(), reporter))
                                      : "(incomplete)";
  }
  Json value() {
    return whole && !document.empty() ? to_json(document.root(), reporter) : Json("(incomplete)");
  }
  std::string faults() { return summary({nullptr, reporter.finish(document)}); }

  Document document;
  Reporter reporter;
  bool whole = false;
};

TEST(YamlReader, TypesAreTheCoreSchemas) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"null", "null"},
      {"~", "null"},
      {"", "null"},
      {"true", "true"},
      {"False", "false"},
      {"yes", R"("yes")"},
      {"on", R"("on")"},
      {"12", "12"},
      {"-7", "-7"},
      {"+7", "7"},
      {"0x1F", "31"},
      {"0o17", "15"},
      {"017", "17"},
      {"1e3", "1000.0"},
      {".5", "0.5"},
      {"1:30", R"("1:30")"},
      {"1_000", R"("1_000")"},
      {"9223372036854775807", "9223372036854775807"},
      {"18446744073709551615", "18446744073709551615"},
      {"2001-01-01", R"("2001-01-01")"},
      {"'12'", R"("12")"},
      {R"("a\tb\u00e9")", "\"a\\tb\xC3\xA9\""},
      {"!!str 12", R"("12")"},
      {"!!float 12", "12"},
      {"! 12", R"("12")"},
      {"- b\n  - [1, {a: }]", R"(["b",[1,{"a":null}]])"},
  };
  for (const auto& [text, expected] : table) {
    Read read(std::string("k:\n  ") + std::string(text));
    EXPECT_EQ(read.value(), json::parse("{\"k\":" + std::string(expected) + "}"))
        << text << read.faults();
  }
}

TEST(YamlReader, FoldsAndKeepsLinesAsYamlSays) {
  Read read("a: |\n  x\n   y\n\n  z\nb: >-\n  x\n  y\nc: plain\n  goes on\nd: 'it''s'\n");
  EXPECT_EQ(read.json(), R"({"a":"x\n y\n\nz\n","b":"x y","c":"plain goes on","d":"it's"})");
}

TEST(YamlReader, AnchorsAliasesAndMergeKeys) {
  Read read(
      "base: &b {x: 1, y: 2}\n"
      "other: &o {y: 3, z: 4}\n"
      "one: {<<: *b, y: 9}\n"
      "two: {w: 0, <<: [*b, *o]}\n"
      "three: *b\n"
      "quoted: {'<<': 1}\n");
  EXPECT_EQ(read.json(),
            R"({"base":{"x":1,"y":2},"other":{"y":3,"z":4},"one":{"y":9,"x":1},)"
            R"("two":{"w":0,"x":1,"y":2,"z":4},"three":{"x":1,"y":2},"quoted":{"<<":1}})");
}

TEST(YamlReader, FaultsAreTold) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {"a: 1\na: 2\n", "2:1: 'a' is given twice; the first is on line 1\n"},
      {"a: {b: 1, b: 2}\n", "1:11: 'b' is given twice; the first is on line 1\n"},
      {"? [a]\n: 1\n", "1:3: a key must be plain text\n"},
      {"a: {<<: 1}\n", "1:9: '<<' takes a mapping, or a list of mappings, to merge\n"},
      {"a: !foo 1\n", "1:4: the tag '!foo' does not suit this value\n"},
      {"a: !!int x\n", "1:4: the tag 'tag:yaml.org,2002:int' does not suit this value\n"},
      {"a: &x [*x]\n", "1:8: this alias stands inside the value that it names\n"},
      {"a: *x\n", "1:4: no anchor of this name comes before\n"},
      {"a: 1\n---\nb: 2\n", "3:1: a second document starts here; a file holds one workflow\n"},
      {"a: 1\n...\nb: 2\n", "3:1: a second document starts here; a file holds one workflow\n"},
      {"- a\nb: 2\n",
       "2:1: this does not belong to the value before it; check the indentation of this line\n"},
      {"a: 1\n\tb: 2\n", "2:1: a tab cannot indent; use spaces\n"},
      {"a:\n\t- 2\n", "2:2: a tab cannot indent; use spaces\n"},
      {"a: b: c\n",
       "1:5: ':' cannot stand here; check the indentation, or quote a text that contains ': '\n"},
      {"a:\n  b: 2\n c: 1\n",
       "3:2: this does not fit the mapping that starts on line 1; check the indentation\n"},
      {"a: 1\n- b\n",
       "2:1: this does not fit the mapping that starts on line 1; check the indentation\n"},
      {"a:\n - 1\n b\n",
       "3:2: this does not fit the mapping that starts on line 1; check the indentation\n"},
      {"a: [1, 2\nb: 3\n", "2:2: expected ',' or ']' of the '[' on line 1\n"},
      {"a: {b: 2\n", "2:1: expected ',' or '}' of the '{' on line 1\n"},
      {"a: 1\nb\n", "2:1: expected ':' after this\n"},
      {"a:\n  b: 1\n  c\nd: 2\n",
       "4:2: ':' cannot stand here; check the indentation, or quote a text that contains ': '\n"},
      {"a: {, b: 1}\n", "1:5: a key is missing here\n"},
      {"a: 1\n: 2\n", "2:1: a key is missing here\n"},
      {"%name: x\na: 1\n", "1:1: a line cannot start with '%'; quote the text\n"},
      {"a: @x\n", "1:4: a text cannot start with '@'; put it in quotes\n"},
      {"a: \"x\nb: 2\n", "1:4: the text that starts with this \" has no closing one\n"},
      {"a: 'x\nb: 2\n", "1:4: the text that starts with this ' has no closing one\n"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(Read(text).faults(), expected) << text;
}

TEST(YamlReader, EndsOfDocumentsAreNoSecondDocument) {
  for (const std::string_view text : {"a: 1\n...\n", "---\na: 1\n...\n# end\n", "a: 1\n---\n"})
    EXPECT_EQ(Read(text).json(), R"({"a":1})") << text;
}

TEST(YamlReader, ValuesKnowTheirPlaces) {
  const std::string text =
      "\xC3\xA9: x\r\nempty:\r\nlist:\r\n  - &a !!str 'quoted'\r\n  -\r\n  - *a\r\nlast: {k: "
      "v}\r\n";
  Read read(text);
  ASSERT_TRUE(read.whole);
  std::string places;
  const auto note = [&](const Value& value) {
    const Source::Position position = read.document.source().position(value.span().begin);
    places += fmt::format("{} {}:{}+{}\n", read.document.path(value.where()), position.line,
                          position.column, value.span().end - value.span().begin);
  };
  for (const Entry& entry : read.document.root().entries()) {
    note(entry.value);
    if (entry.value.kind() == Kind::kList)
      for (const Value& item : entry.value.items()) note(item);
    if (entry.value.kind() == Kind::kMap)
      for (const Entry& inner : entry.value.entries()) note(inner.value);
  }
  EXPECT_EQ(places,
            "[\"\xC3\xA9\"] 1:4+1\n"
            "empty 2:1+5\n"  // nothing is written, so its key is shown
            "list 4:3+1\n"
            "list[0] 4:14+8\n"
            "list[1] 5:3+1\n"  // its dash
            "list[2] 6:5+2\n"
            "last 7:7+1\n"
            "last.k 7:11+1\n");
}

TEST(YamlReader, NothingIsNotTheKeyThatFollows) {
  Read read(
      "empty:\nnull: 1\nnone:\nnullable: 2\nwritten: null\nset: {a, b: ~}\n? alone\nlast: NULL # "
      "c\n");
  ASSERT_TRUE(read.whole) << read.faults();
  std::string texts;
  for (const Entry& entry : read.document.root().entries())
    texts +=
        fmt::format("{}={} ", entry.key.text(), entry.value.is_scalar() ? entry.value.text() : "…");
  EXPECT_EQ(texts, "empty= null=1 none= nullable=2 written=null set=… alone= last=NULL ");
}

TEST(YamlReader, PlacesInsideScalars) {
  Read read(
      "a: plain text\nb: \"quoted\"\nc: |\n    one\n    two words\n\n    three\nd: \"a\\tb\"\n");
  ASSERT_TRUE(read.whole);
  const auto place = [&](std::string_view key, std::string_view word) {
    for (const Entry& entry : read.document.root().entries())
      if (entry.key.text() == key) {
        const Span span = entry.value.span_of(entry.value.text().find(word), word.size());
        const Source::Position at = read.document.source().position(span.begin);
        return fmt::format("{}:{}", at.line, at.column);
      }
    return std::string();
  };
  EXPECT_EQ(place("a", "text"), "1:10");
  EXPECT_EQ(place("b", "ted"), "2:8");
  EXPECT_EQ(place("c", "one"), "4:5");
  EXPECT_EQ(place("c", "words"), "5:9");
  EXPECT_EQ(place("c", "three"), "7:5");
  EXPECT_EQ(place("d", "b"), "8:4");  // with an escape: the whole text
}

TEST(YamlReader, BombsAreErrors) {
  std::string laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'z'; ++c)
    laughs += fmt::format("{0}: &{0} [{1}]\n", c,
                          repeat(fmt::format("*{},", static_cast<char>(c - 1)), 9));
  EXPECT_EQ(Read(laughs).faults(), "7:8: the aliases up to here repeat more than 1000000 values\n");

  std::string chain = "m0: &m0 {a: 1}\n";
  for (int i = 1; i < 1000; ++i) chain += fmt::format("m{0}: &m{0} {{<<: *m{1}}}\n", i, i - 1);
  EXPECT_EQ(Read(chain).faults(), "64:16: nested more than 64 levels deep through aliases\n");

  const std::string text =
      "a: &a " + std::string(1'000'000, 'x') + "\nb: [" + repeat("*a, ", 100) + "]\n";
  EXPECT_EQ(Read(text).faults(), "2:129: the aliases up to here repeat more than 1000000 values\n");
}

TEST(YamlReader, DepthAndSizeAreBounded) {
  const std::string deep = "nested more than 64 levels deep\n";
  EXPECT_TRUE(Read("a: " + repeat("[", 1'000'000)).faults().ends_with(deep));
  EXPECT_TRUE(Read("a: " + repeat("{a: ", 1'000'000)).faults().ends_with(deep));
  EXPECT_TRUE(Read("a:\n  " + repeat("- ", 1'000'000)).faults().ends_with(deep));
  EXPECT_TRUE(Read(repeat("? ", 1'000'000)).faults().ends_with(deep));
  EXPECT_TRUE(Read(repeat("[", 1'000'000)).faults().ends_with(deep));
  EXPECT_TRUE(Read(repeat("[],", 300'000)).faults().starts_with("1:1: the text from here on is"));
  EXPECT_TRUE(
      Read("a:\n - [" + repeat("[],", 1'000'000)).faults().starts_with("2:4: the text from"));
  EXPECT_TRUE(
      Read("a: |\n" + repeat("  text\n", 200'000)).faults().starts_with("1:4: the text from"));
}

TEST(JsonReader, ReadsWhatRfc8259Says) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {R"({"a": [1, -2.5e3, true, false, null, "x"], "b": {}})",
       R"({"a":[1,-2500.0,true,false,null,"x"],"b":{}})"},
      {R"( {"a": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"} )",
       "{\"a\":\"\\\"\\\\/\\b\\f\\n\\r\\t\xC3\xA9\xF0\x9F\x98\x80\"}"},
      {R"({"a": 18446744073709551615, "b": -9223372036854775808})",
       R"({"a":18446744073709551615,"b":-9223372036854775808})"},
      {R"({"yes": "on", "<<": {"a": 1}, "": []})", R"({"yes":"on","<<":{"a":1},"":[]})"},
  };
  for (const auto& [text, expected] : table) {
    Read read(text, true);
    EXPECT_EQ(read.value(), json::parse(expected)) << text << read.faults();
  }
}

TEST(JsonReader, FaultsAreTold) {
  const std::pair<std::string_view, std::string_view> table[] = {
      {R"({"a": 1,})", "1:8: a ',' cannot stand before the closing '}'\n"},
      {R"({"a": [1,]})", "1:9: a ',' cannot stand before the closing ']'\n"},
      {R"({"a" 1})", "1:6: expected ':' after the key\n"},
      {R"({a: 1})", "1:2: expected a key in double quotes\n"},
      {R"({'a': 1})", "1:2: JSON text stands in double quotes\n"},
      {"{\"a\": 1 // one\n}", "1:9: JSON has no comments; write the file as YAML to have them\n"},
      {R"({"a": 1)", "1:8: expected ',' or '}', but the file ends here\n"},
      {R"({"a": 01})", "1:7: a number cannot start with 0\n"},
      {R"({"a": 1.})", "1:9: expected a digit\n"},
      {R"({"a": -})", "1:8: expected a digit\n"},
      {R"({"a": +1})",
       "1:7: expected a value: text in double quotes, a number, true, false, null, [ or {\n"},
      {R"({"a": nul})",
       "1:7: expected a value: text in double quotes, a number, true, false, null, [ or {\n"},
      {"{\"a\": \"x\n\"}",
       "1:7: the text that starts with this \" has no closing one on its line\n"},
      {R"({"a": "\x"})",
       "1:8: unknown escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX\n"},
      {R"({"a": "\u12g4"})", "1:8: \\u takes four hexadecimal digits\n"},
      {R"({"a": "\ud83d x"})",
       "1:8: half of a surrogate pair; \\uD800-\\uDBFF and \\uDC00-\\uDFFF come in pairs\n"},
      {R"({"a": "\ude00"})",
       "1:8: half of a surrogate pair; \\uD800-\\uDBFF and \\uDC00-\\uDFFF come in pairs\n"},
      {"{\"a\": \"\t\"}", "1:8: a tab inside text is written \\t\n"},
      {R"({} {})", "1:4: expected nothing after the end of the workflow's '}'\n"},
      {R"({"a": 1, "a": 2})", "1:10: 'a' is given twice; the first is on line 1\n"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(Read(text, true).faults(), expected) << text;
  EXPECT_EQ(Read("{\"a\": " + repeat("[", 1'000'000), true).faults(),
            "1:70: nested more than 64 levels deep\n");
  EXPECT_EQ(Read("{\"a\": [\n" + repeat("1,\n", 4'000'000), true).faults(),
            "3999999:1: the file has more than 4000000 values; put large lists of work into an "
            "`input_file`\n");
}

TEST(JsonReader, AgreesWithTheParserOfJsonOnWhatIsJson) {
  const std::string seed =
      R"({"a": [1, -0, 2.5e-3, 1E+2, true, false, null], "b": {"c": "x\n\u00e9\ud83d\ude00\/"}, "": {}})";
  rc::check([&] {
    for (int i = 0; i < 50; ++i) {
      std::string text = seed;
      const auto changes = *rc::gen::inRange(1, 4);
      for (int change = 0; change < changes; ++change) {
        const auto at = *rc::gen::inRange<std::size_t>(1, text.size());
        const char c = *rc::gen::elementOf(std::string("{}[]:,\"\\u0189deE+-. \ntrfalsn/d"));
        *rc::gen::arbitrary<bool>() ? text.insert(at, 1, c) : text.replace(at, 1, 1, c);
      }
      Read read(text, true);
      const std::string faults = read.faults();
      if (faults.find("given twice") != std::string::npos) continue;  // good JSON, but no good file
      if (faults.find("number is too large") != std::string::npos) continue;
      const Result<Json> expected = parse_json(text);
      RC_ASSERT(read.whole == expected.has_value());
      if (expected) RC_ASSERT(read.value() == *expected);
    }
  });
}

TEST(Text, MustBeUtf8WithoutControlCharacters) {
  const std::pair<std::string, std::string_view> table[] = {
      {"name: \xff\n", "1:7: byte 0xFF is not valid UTF-8\n"},
      {"name: \xED\xA0\x80\n", "1:7: byte 0xED is not valid UTF-8\n"},
      {std::string("a: b\nc: \0d\n", 11),
       "2:4: the control character U+0000 is not allowed here; write it as an escape in double "
       "quotes\n"},
      {"a: \x04\n",
       "1:4: the control character U+0004 is not allowed here; write it as an escape in double "
       "quotes\n"},
      {"a: b\rc: d\n", "1:5: a carriage return without a line feed; use LF or CRLF line ends\n"},
      {"\xFF\xFEn\x00", "1:1: the file is UTF-16; save it as UTF-8\n"},
      {"", "1:1: the file is empty\n"},
      {"# nothing\n", "1:1: the file is empty\n"},
      {std::string(17 * 1024 * 1024, ' '),
       "1:1: the file has 17825792 bytes; at most 16 MiB are accepted\n"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(problems(text), expected);
  EXPECT_EQ(problems("\xEF\xBB\xBFnane: x\nname: y\nsteps: [{id: a, image: b}]\n"),
            "1:1: unknown field 'nane' of a workflow; did you mean 'name'?\n");
}

}  // namespace
}  // namespace agentainer::workflow

#include "cli/text/documents.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

namespace agentainer::cli {
namespace {

Json parsed(std::string_view text) { return parse_json(text).value(); }

TEST(PrettyJson, WhatFitsIsOnOneLine) {
  EXPECT_EQ(pretty_json(parsed(R"({"a":[1,2],"b":{},"c":"x"})")),
            R"({"a": [1, 2], "b": {}, "c": "x"})");
  EXPECT_EQ(pretty_json(parsed("[]")), "[]");
  EXPECT_EQ(pretty_json(parsed("3")), "3");
}

TEST(PrettyJson, IndentsWhatDoesNot) {
  const std::string words(66, 'w');
  const Json value = json::object{{"first", words}, {"second", json::array{words, 1}}, {"c", 2}};
  const std::string text = pretty_json(value);
  EXPECT_EQ(text, "{\n  \"first\": \"" + words + "\",\n  \"second\": [\n    \"" + words +
                      "\",\n    1\n  ],\n  \"c\": 2\n}");
  EXPECT_EQ(parsed(text), value);
}

TEST(PrettyJson, LinesStayShortAndTheValueTheSame) {
  json::array list;
  for (int i = 0; i < 300; ++i)
    list.push_back(json::object{{"number", i}, {"list", json::array(i % 20, i)}});
  const std::string text = pretty_json(list);
  EXPECT_EQ(parsed(text), Json(list));
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    EXPECT_LE(end - begin, 80u);
    begin = end + 1;
  }
}

TEST(PrettyJson, SaysWhatItLeavesOut) {
  bool cut = false;
  EXPECT_EQ(pretty_json(parsed("[1,2,3]"), 3, &cut), "[1, 2, 3]");
  EXPECT_FALSE(cut);
  EXPECT_EQ(pretty_json(parsed("[1,2,3]"), 2, &cut), "[\n  1,\n  2,\n  ... 1 more\n]");
  EXPECT_TRUE(cut);
}

TEST(Yaml, IsWhatAPersonWouldWrite) {
  EXPECT_EQ(to_yaml(parsed(R"({"name":"word count","tags":["a","b"],"empty":{},"none":null,
                              "list":[{"x":1,"z":[2,3]},[4]],"text":"one\ntwo\n"})")),
            "name: word count\n"
            "tags:\n"
            "  - a\n"
            "  - b\n"
            "empty: {}\n"
            "none: null\n"
            "list:\n"
            "  - x: 1\n"
            "    z:\n"
            "      - 2\n"
            "      - 3\n"
            "  - - 4\n"
            "text: |\n"
            "  one\n"
            "  two\n");
  EXPECT_EQ(to_yaml(parsed("3")), "3\n");
  EXPECT_EQ(to_yaml(parsed(R"("a b")")), "a b\n");
  EXPECT_EQ(to_yaml(parsed("[]")), "[]\n");
}

/// Text back from YAML, as an independent reader sees it.
std::string text_through_yaml(const std::string& text) {
  const json::object wrapped{{"outer", json::array{json::object{{"key", text}}}}};
  return YAML::Load(to_yaml(wrapped))["outer"][0]["key"].as<std::string>();
}

TEST(Yaml, TextReadsBackAsItWas) {
  const char* cases[] = {
      "",          " ",          "plain",      "true",       "Yes",
      "null",      "~",          "123",        "1e5",        "0x10",
      "12:30",     "- dash",     "a: b",       "a #b",       "'single'",
      "\"two\"",   "back\\",     "trailing ",  " lead",      "a\nb",
      "a\nb\n",    "a\nb\n\n",   "\nfirst",    "  in\nout",  "a\n  in\nout",
      "tab\there", "\ttab\nx",   "a\n\n\nb",   "\x01",       "\x7f",
      "é漢🚀",      "nel\u0085x", "sep\u2028y", "bom\uFEFFz", "{a}",
      "[b]",       "%x",         "@at",        "`tick",      "!tag",
      "&anchor",   "*alias",     "key:",       "---",        "...",
      "=",         "<<",         "a\n---\nb",  "line\r\nx",
  };
  for (const char* text : cases) EXPECT_EQ(text_through_yaml(text), text) << to_text(Json(text));
}

TEST(Yaml, LongKeysReadBack) {
  const std::string key(2000, 'k');
  const json::object value{{key, json::array{1, 2}}, {"b", 3}};
  const YAML::Node node = YAML::Load(to_yaml(value));
  EXPECT_EQ(node[key][1].as<int>(), 2);
  EXPECT_EQ(node["b"].as<int>(), 3);
}

TEST(FindInState, KeysBeforePaths) {
  const json::object state =
      parsed(R"({"a":{"b":[10,{"c":1}]},"a.b":"literal","list":[1]})").get_object();
  EXPECT_EQ(*find_in_state(state, "a.b"), "literal");
  EXPECT_EQ(*find_in_state(state, "a.b.1.c"), 1);
  EXPECT_EQ(*find_in_state(state, "list.0"), 1);
  EXPECT_EQ(find_in_state(state, "list.1"), nullptr);
  EXPECT_EQ(find_in_state(state, "list.x"), nullptr);
  EXPECT_EQ(find_in_state(state, "nothing"), nullptr);
  EXPECT_EQ(find_in_state(state, "a."), nullptr);
}

}  // namespace
}  // namespace agentainer::cli

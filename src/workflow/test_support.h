#pragma once
// Short ways to write what the tests of this folder expect.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "workflow/parse.h"

namespace agentainer::workflow {

/// `line:column: message` of each diagnostic, one a line; warnings begin with `warning: `.
inline std::string summary(const ParseResult& result) {
  std::string text;
  for (const Diagnostic& diagnostic : result.diagnostics)
    text += fmt::format("{}:{}: {}{}\n", diagnostic.line, diagnostic.column,
                        diagnostic.severity == Diagnostic::Severity::kWarning ? "warning: " : "",
                        diagnostic.message);
  return text;
}

inline std::string problems(std::string_view text) { return summary(parse(text)); }

/// The definition of a file that must be good.
inline Definition good(std::string_view text) {
  const ParseResult result = parse(text);
  EXPECT_NE(result.definition, nullptr) << text << "\n" << summary(result);
  return result.definition ? *result.definition : Definition{};
}

/// `a <- b c` for each step with its dependencies, one a line.
inline std::string order_of(const Definition& definition) {
  std::string text;
  for (const Step& step : definition.steps) {
    text += step.id + " <-";
    for (const StepIndex dependency : step.depends_on) text += " " + definition.step(dependency).id;
    text += "\n";
  }
  return text;
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::string repeat(std::string_view text, std::size_t times) {
  std::string result;
  result.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) result += text;
  return result;
}

}  // namespace agentainer::workflow

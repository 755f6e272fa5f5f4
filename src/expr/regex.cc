#include "expr/regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <utility>

namespace agentainer::expr {
namespace {

/// Of a pattern's program and of the automaton built while matching; RE2 refuses a pattern that
/// needs more, and falls back to a slower search when the automaton does.
constexpr std::int64_t kMaxMemoryBytes = 1 << 20;

}  // namespace

Regex::Regex(std::unique_ptr<re2::RE2> program) : program_(std::move(program)) {}
Regex::Regex(Regex&&) noexcept = default;
Regex& Regex::operator=(Regex&&) noexcept = default;
Regex::~Regex() = default;

tl::expected<Regex, std::string> Regex::compile(std::string_view pattern) {
  if (pattern.size() > kMaxPatternBytes)
    return tl::make_unexpected(fmt::format("a pattern has at most {} bytes", kMaxPatternBytes));
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemoryBytes);
  auto program =
      std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (!program->ok()) return tl::make_unexpected(program->error());
  return Regex(std::move(program));
}

bool Regex::matches(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *program_);
}

std::string_view Regex::pattern() const { return program_->pattern(); }

std::uint64_t Regex::program_size() const {
  return static_cast<std::uint64_t>(program_->ProgramSize());
}

}  // namespace agentainer::expr

#pragma once
// Regular expressions for matches(): RE2 syntax, time linear in the text, memory bounded.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace re2 {
class RE2;
}

namespace agentainer::expr {

inline constexpr std::size_t kMaxPatternBytes = 4096;

/// One compiled pattern. Immutable, and safe to match from several threads.
class Regex {
 public:
  /// Or what is wrong with the pattern.
  [[nodiscard]] static tl::expected<Regex, std::string> compile(std::string_view pattern);

  Regex(Regex&&) noexcept;
  Regex& operator=(Regex&&) noexcept;
  ~Regex();

  /// Whether the pattern occurs anywhere in `text`.
  bool matches(std::string_view text) const;
  std::string_view pattern() const;
  /// Size of the compiled pattern; matching costs at most about this times the text.
  std::uint64_t program_size() const;

 private:
  explicit Regex(std::unique_ptr<re2::RE2> program);

  std::unique_ptr<re2::RE2> program_;
};

}  // namespace agentainer::expr

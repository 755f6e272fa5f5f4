#pragma once
// Expressions: CEL (the Common Expression Language, github.com/google/cel-spec) over JSON values,
// and `${{ }}` templates. Pure, always terminates, bounded in depth, size and cost.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace agentainer::expr {

/// A fault in an expression's text.
struct SourceError {
  std::size_t offset = 0;  ///< Bytes from the start of the source text given to compile().
  std::string message;  ///< What is wrong, what was expected, and a near miss where there is one.
};

/// The names an expression may use. An unknown one is a SourceError.
struct Scope {
  struct Variable {
    std::string name;
    /// When `members_known`, the only members that `name.x` and `name["x"]` may name (the ids in
    /// `steps`, for instance); a member outside is a SourceError with a "did you mean".
    bool members_known = false;
    std::vector<std::string> members;
  };
  std::vector<Variable> variables;
};

/// An object whose members are found on demand, so that a large one need not be parsed whole.
class Members {
 public:
  virtual ~Members() = default;
  /// The member, or nullptr. It stays valid until the evaluation ends.
  virtual const Json* find(std::string_view key) const = 0;
  /// All keys, in order.
  virtual std::vector<std::string_view> keys() const = 0;
};

/// The values of the names for one evaluation. What is bound must outlive the evaluation.
class Bindings {
 public:
  void set(std::string_view name, const Json* value);
  void set(std::string_view name, const Members* members);

  struct Slot {
    std::string_view name;
    const Json* value = nullptr;
    const Members* members = nullptr;
  };
  const Slot* find(std::string_view name) const;

 private:
  std::vector<Slot> slots_;
};

/// What an expression reads: a variable, and its first member when that is a constant
/// (`state.score` gives {"state", "score"}, `state[x]` or plain `state` gives {"state", ""}).
struct Reference {
  std::string variable;
  std::string member;
};

struct Limits {
  /// Steps of evaluation: a node, an item compared, 128 bytes of text. A million take about 0.05 s.
  std::uint64_t max_cost = 1'000'000;
  /// Of any string, list or map made on the way, and of all results of one call together; a bound
  /// value that is the whole result does not count. All that is made may be four times this.
  std::size_t max_result_bytes = 16 * 1024 * 1024;
};

inline constexpr std::size_t kMaxSourceBytes = 64 * 1024;  ///< Of one expression.
inline constexpr std::size_t kMaxSourceDepth = 64;  ///< Brackets and conditionals in one another.

struct CompiledProgram;
class Context;

/// One compiled expression. Immutable; copies share.
class Program {
 public:
  [[nodiscard]] static tl::expected<Program, SourceError> compile(std::string_view source,
                                                                  const Scope& scope);

  /// kInvalid with CEL's error (no such key, no such overload, overflow, division by zero…),
  /// kResource when a limit is passed, kUnsupported when the value has no JSON form (bytes become
  /// base64 text, unsigned integers numbers; NaN and infinities are errors).
  [[nodiscard]] Result<Json> evaluate(const Bindings& bindings, const Limits& limits = {}) const;
  /// As above; a value that is not a bool is kInvalid.
  [[nodiscard]] Result<bool> evaluate_bool(const Bindings& bindings,
                                           const Limits& limits = {}) const;

  const std::string& source() const;
  const std::vector<Reference>& references() const;

 private:
  std::shared_ptr<const CompiledProgram> compiled_;
};

/// Text with `${{ expression }}` parts. `$${{` stands for a literal `${{`.
class Template {
 public:
  [[nodiscard]] static tl::expected<Template, SourceError> compile(std::string_view text,
                                                                   const Scope& scope);

  /// Without an expression in it, evaluate() gives the text itself.
  bool is_constant() const;
  /// When the text is one expression and nothing else (spaces around it aside), its value with
  /// its JSON type; else a string in which a string value stands as it is and any other as compact
  /// JSON. All expressions of the text share the limits.
  [[nodiscard]] Result<Json> evaluate(const Bindings& bindings, const Limits& limits = {}) const;
  /// Always text, as for an environment variable: null is the empty string.
  [[nodiscard]] Result<std::string> evaluate_text(const Bindings& bindings,
                                                  const Limits& limits = {}) const;
  std::vector<Reference> references() const;

 private:
  friend class JsonTemplate;
  struct Compiled;

  Result<Json> evaluate_in(Context& context, std::size_t depth) const;

  std::shared_ptr<const Compiled> compiled_;
};

/// A JSON value in which every string (not the keys) is a Template. All of them share the limits.
class JsonTemplate {
 public:
  struct Fault {
    std::string pointer;  ///< RFC 6901 pointer to the string at fault.
    SourceError error;
  };
  [[nodiscard]] static tl::expected<JsonTemplate, Fault> compile(const Json& value,
                                                                 const Scope& scope);
  bool is_constant() const;
  [[nodiscard]] Result<Json> evaluate(const Bindings& bindings, const Limits& limits = {}) const;
  std::vector<Reference> references() const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace agentainer::expr

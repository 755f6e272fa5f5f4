#pragma once
// The tables of a workflow file's fields. The reader, the "did you mean", the JSON Schema and the
// reference manual all follow them, so that a field is described once.

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace agentainer::workflow {

/// What a field's value looks like.
enum class Shape {
  kBool,
  kInteger,     ///< minimum to maximum
  kNumber,      ///< minimum to maximum, fractions too
  kText,        ///< any text
  kScalar,      ///< text, a number or a bool; taken as the text it is written with
  kEnum,        ///< one of `choices`
  kEnumList,    ///< one or a list of `choices`
  kDuration,    ///< "90s", "1h30m", or seconds
  kBytes,       ///< "256MiB", or bytes
  kCores,       ///< 0.5, "500m"
  kPath,        ///< a key or dotted path into the state
  kStepNames,   ///< the id of a step, or a list of ids
  kCommand,     ///< a list of arguments, or a line for /bin/sh
  kTextList,    ///< a list of text
  kTextMap,     ///< names to text
  kCondition,   ///< CEL text, true or false, or a structured condition
  kConditions,  ///< a list of conditions
  kAnything,    ///< any value
  kAnyMap,      ///< any mapping
  kObject,      ///< the fields of `table`
  kObjectList,  ///< a list of those
  kSteps,       ///< a list of steps, or a mapping of ids to steps
};

/// What this version does with a field.
enum class Use {
  kNow,
  kLater,  ///< Accepted and checked, with a warning that it has no effect yet.
  kNever,  ///< An error that says what to do instead.
};

struct Table;

struct Field {
  std::string_view name;
  /// Other spellings of the same field.
  std::array<std::string_view, 2> aliases{};
  Shape shape = Shape::kText;
  /// The default as the manual shows it; empty where there is none.
  std::string_view fallback;
  /// What the field does, in one line; for those not in use, what to do instead.
  std::string_view doc;
  double minimum = 0;
  double maximum = 0;
  std::span<const std::string_view> choices{};
  const Table* table = nullptr;
  bool required = false;
  Use use = Use::kNow;

  bool is_named(std::string_view key) const {
    return key == name || (!key.empty() && (key == aliases[0] || key == aliases[1]));
  }
};

/// The fields of one kind of mapping.
struct Table {
  std::string_view name;  ///< For messages and for the schema: "retry policy".
  std::span<const Field> fields;

  const Field* find(std::string_view key) const;
};

/// A workflow file: kWorkflowTable's fields and, beside them or under `config`, kConfigTable's. A
/// step likewise: kStepTable and kStepConfigTable.
extern const Table kWorkflowTable;
extern const Table kConfigTable;
extern const Table kStepTable;
extern const Table kStepConfigTable;
extern const Table kRetryTable;
extern const Table kLimitsTable;
extern const Table kPoolTable;
extern const Table kMapTable;
extern const Table kBranchTable;
extern const Table kDecisionTable;
extern const Table kDecisionBranchTable;
extern const Table kDecisionChoiceTable;
extern const Table kConditionTable;

/// All of them, in the order of the manual.
std::span<const Table* const> all_tables();

// The names of enums, in the order of the enum in definition.h or condition.h.
inline constexpr std::array<std::string_view, 9> kStepTypeNames{
    "sequential", "parallel", "map",       "reduce",     "branch",
    "decision",   "wait",     "mapreduce", "subworkflow"};  // the last two have no StepType
inline constexpr std::array<std::string_view, 3> kFailureStrategyNames{"fail_fast", "continue",
                                                                       "continue_on_partial"};
inline constexpr std::array<std::string_view, 3> kCleanupPolicyNames{"always", "on_success",
                                                                     "never"};
inline constexpr std::array<std::string_view, 3> kBackoffNames{"constant", "linear", "exponential"};
inline constexpr std::array<std::string_view, 5> kOutputModeNames{"auto", "json", "text", "lines",
                                                                  "none"};
inline constexpr std::array<std::string_view, 2> kExecutionModeNames{"standard", "pooled"};
inline constexpr std::array<std::string_view, 2> kErrorHandlingNames{"fail_fast",
                                                                     "continue_on_error"};
inline constexpr std::array<std::string_view, 2> kOnTimeoutNames{"fail", "continue"};
inline constexpr std::array<std::string_view, 7> kRetryOnNames{
    "exit_code", "signal", "timeout", "memory", "lost", "start", "invalid_result"};
inline constexpr std::array<std::string_view, 17> kOperatorNames{
    "==",      "!=", ">",  ">=", "<",  "<=", "contains", "not_contains", "in", "not_in",
    "matches", "eq", "ne", "gt", "ge", "lt", "le"};  // after the eleventh: other spellings

/// Keys that are the user's own: `x-…`.
inline bool is_extension(std::string_view key) { return key.starts_with("x-"); }

}  // namespace agentainer::workflow

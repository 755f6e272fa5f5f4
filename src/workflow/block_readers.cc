#include "workflow/block_readers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "workflow/path.h"
#include "workflow/words.h"

namespace agentainer::workflow {
namespace {

bool is_identifier(std::string_view text) {
  const auto letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  return !text.empty() && (letter(text[0]) || text[0] == '_') &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || c == '_' || (c >= '0' && c <= '9'); });
}

/// Names that an alias would hide, and CEL's reserved words (its grammar's RESERVED and literals).
bool is_taken(std::string_view name) {
  static constexpr std::array<std::string_view, 26> kTaken{
      "state", "steps", "workflow", "index",     "attempt", "true", "false",    "null", "in",
      "as",    "break", "const",    "continue",  "else",    "for",  "function", "if",   "import",
      "let",   "loop",  "package",  "namespace", "return",  "var",  "void",     "while"};
  return std::find(kTaken.begin(), kTaken.end(), name) != kTaken.end();
}

void read_retry(const ObjectReader& fields, RetryPolicy& out) {
  const auto block = read_block(fields, "retry_policy", kRetryTable);
  if (!block) return;
  block->read("max_attempts", out.max_attempts);
  block->read("backoff", out.backoff);
  block->read("jitter", out.jitter);
  const bool delay = block->read("delay", out.delay);
  if (block->read("max_delay", out.max_delay)) {
    if (out.max_delay < out.delay)
      block->reporter().error(*block->value("max_delay"), "'max_delay' is shorter than 'delay'");
  } else if (delay) {
    out.max_delay = std::max(out.max_delay, out.delay);
  }
  std::vector<std::size_t> causes;
  if (!block->read_choices("retry_on", causes)) return;
  out.retry_on = 0;
  for (const std::size_t cause : causes) out.retry_on |= 1u << cause;
}

void read_limits(const ObjectReader& fields, ResourceLimits& out) {
  const auto block = read_block(fields, "resource_limits", kLimitsTable);
  if (!block) return;
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kSame{
      {{"cpu", "cpu_limit"}, {"memory", "memory_limit"}, {"gpu", "gpu_limit"}}};
  for (const auto& [name, original] : kSame)
    if (block->has(name) && block->has(original))
      block->reporter().error(
          block->key(original),
          fmt::format("'{}' and '{}' are the same limit; give one of them", original, name));
  block->read("cpu_limit", out.cpu_nano);
  block->read("cpu", out.cpu_nano);
  block->read("memory_limit", out.memory_bytes);
  block->read("memory", out.memory_bytes);
  block->read("pids", out.pids);
  block->read("gpu_limit", out.gpus);
  block->read("gpu", out.gpus);
}

void check_path(const ObjectReader& fields, std::string_view field) {
  std::string text;
  if (!fields.read(field, text)) return;
  if (const auto path = parse_path(text); !path)
    fields.reporter().error(*fields.value(field), path.error().message);
}

/// A decision's `choices` or `branches` before they are sorted.
struct Way {
  ChoiceDraft choice;
  std::int64_t priority = 0;
};

Way read_decision_branch(const Value& item, std::size_t position, Reporter& reporter) {
  ObjectReader fields(reporter);
  fields.add(item, {&kDecisionBranchTable});
  Way way;
  way.choice.name = std::to_string(position);
  fields.read("name", way.choice.name);
  fields.read("id", way.choice.name);
  fields.read("priority", way.priority);
  fields.read("next_steps", way.choice.next);
  if (fields.require("condition", kDecisionBranchTable, item))
    way.choice.condition = fields.value("condition");
  if (!fields.has("next_steps") && !fields.has("workflow"))
    fields.require("next_steps", kDecisionBranchTable, item);
  return way;
}

Way read_decision_choice(const Value& item, std::size_t position, const std::optional<Value>& field,
                         Reporter& reporter) {
  ObjectReader fields(reporter);
  fields.add(item, {&kDecisionChoiceTable});
  Way way;
  way.choice.name = std::to_string(position);
  way.choice.field = field;
  if (fields.require("condition", kDecisionChoiceTable, item))
    way.choice.condition = fields.value("condition");
  if (fields.require("next", kDecisionChoiceTable, item)) fields.read("next", way.choice.next);
  return way;
}

}  // namespace

std::optional<ObjectReader> read_block(const ObjectReader& fields, std::string_view field,
                                       const Table& table) {
  const auto value = fields.value(field);
  if (!value) return std::nullopt;
  if (value->kind() != Kind::kMap) {
    fields.reporter().error(*value, fmt::format("{} takes a mapping, not {}",
                                                quote(fields.key(field).text()), describe(*value)));
    return std::nullopt;
  }
  ObjectReader block(fields.reporter());
  block.add(*value, {&table});
  return block;
}

void read_defaults(const ObjectReader& fields, StepDefaults& out) {
  read_retry(fields, out.retry);
  read_limits(fields, out.limits);
  fields.read("cleanup_policy", out.cleanup);
}

void read_pool(const ObjectReader& fields, PoolConfig& out) {
  const auto block = read_block(fields, "pool_config", kPoolTable);
  if (!block) return;
  block->read("min_size", out.min_size);
  block->read("max_size", out.max_size);
  block->read("idle_timeout", out.idle_timeout);
  block->read("max_agent_uses", out.max_agent_uses);
  block->read("max_age", out.max_age);
  block->read("warm_up", out.warm_up);
  if (out.min_size > out.max_size)
    block->reporter().error(
        block->key(block->has("min_size") ? "min_size" : "max_size"),
        fmt::format("'min_size' ({}) is above 'max_size' ({})", out.min_size, out.max_size));
}

void read_map(const ObjectReader& step_fields, StepDraft& draft) {
  MapConfig& out = draft.step.map;
  Reporter& reporter = step_fields.reporter();
  if (!step_fields.has("map_config")) {
    if (step_fields.misses("map_config"))
      reporter.error(draft.at, "a map step needs 'map' with an 'input_path' or an 'input_file'");
    return;
  }
  const auto block = read_block(step_fields, "map_config", kMapTable);
  if (!block) return;
  const bool path = block->has("input_path");
  const bool file = block->has("input_file");
  if (path && file)
    reporter.error(block->key("input_file"), "a map takes 'input_path' or 'input_file', not both");
  if (block->misses("input_path") && block->misses("input_file"))
    reporter.error(step_fields.key("map_config"), "a map needs an 'input_path' or an 'input_file'");
  block->read("input_path", out.input_path);
  check_path(*block, "input_path");
  draft.input_path = block->value("input_path");
  if (block->read("input_file", out.input_file) && out.input_file.empty())
    reporter.error(*block->value("input_file"), "'input_file' is empty text");
  if (block->read("item_alias", out.item_alias) &&
      (!is_identifier(out.item_alias) || is_taken(out.item_alias))) {
    reporter.error(
        *block->value("item_alias"),
        fmt::format("{} cannot be an item's name: it must be letters, digits and '_', and "
                    "no name that expressions have already",
                    quote(out.item_alias)));
    out.item_alias = "item";
  }
  if (!block->has("max_concurrency")) step_fields.read("max_workers", out.max_concurrency);
  block->read("max_concurrency", out.max_concurrency);
  block->read("batch_size", out.batch_size);

  std::uint64_t most = 0;
  double percent = 0;
  if (block->read("max_failures", most)) out.max_failures = most;
  if (block->read("max_failure_percent", percent)) out.max_failure_percent = percent;
  const bool bounded = out.max_failures.has_value() || out.max_failure_percent.has_value();
  // A bound on failures says that some are acceptable.
  if (bounded) out.error_handling = ErrorHandling::kContinueOnError;
  if (block->read("error_handling", out.error_handling) && bounded &&
      out.error_handling == ErrorHandling::kFailFast)
    reporter.error(*block->value("error_handling"),
                   "with 'fail_fast' the first failure ends the map, so 'max_failures' and "
                   "'max_failure_percent' cannot be given; use 'continue_on_error'");
}

void read_wait(const ObjectReader& step_fields, StepDraft& draft) {
  static constexpr std::array<std::string_view, 3> kWays{"signal", "duration", "until"};
  WaitConfig& out = draft.step.wait;
  Reporter& reporter = step_fields.reporter();
  std::vector<std::string_view> given;
  std::copy_if(kWays.begin(), kWays.end(), std::back_inserter(given),
               [&](std::string_view way) { return step_fields.has(way); });
  for (std::size_t i = 1; i < given.size(); ++i)
    reporter.error(
        step_fields.key(given[i]),
        fmt::format("a wait ends by '{}' or by '{}'; give one of them", given[0], given[i]));
  if (given.empty()) {
    if (std::all_of(kWays.begin(), kWays.end(),
                    [&](std::string_view way) { return step_fields.misses(way); }))
      reporter.error(draft.at, "a wait step needs a 'signal', a 'duration' or 'until'");
    return;
  }
  if (step_fields.read("signal", out.signal) && !is_signal_name(out.signal))
    reporter.error(*step_fields.value("signal"),
                   fmt::format("{} cannot be the name of a signal: use letters, digits, '_', '-' "
                               "and '.', at most 64",
                               quote(out.signal)));
  step_fields.read("duration", out.duration);
  std::string until;
  if (step_fields.read("until", until)) draft.until = step_fields.value("until");
  step_fields.read("on_timeout", out.on_timeout);
  if (!step_fields.has("signal")) {
    for (const std::string_view field : {"timeout", "on_timeout"})
      if (step_fields.has(field))
        reporter.error(step_fields.key(field), fmt::format("'{}' goes with 'signal'", field));
  } else if (step_fields.has("on_timeout") && step_fields.misses("timeout")) {
    reporter.error(step_fields.key("on_timeout"), "'on_timeout' goes with 'timeout'");
  }
}

std::vector<ChoiceDraft> read_branch(const ObjectReader& step_fields, const Value& owner) {
  Reporter& reporter = step_fields.reporter();
  if (!step_fields.has("branch_config")) {
    if (step_fields.misses("branch_config"))
      reporter.error(owner, "a branch step needs 'branch' with a 'condition' and 'true_steps'");
    return {};
  }
  const auto block = read_block(step_fields, "branch_config", kBranchTable);
  if (!block) return {};
  const Value key = step_fields.key("branch_config");
  std::vector<ChoiceDraft> choices(2);
  choices[0].name = "true";
  choices[1].name = "false";
  if (block->require("condition", kBranchTable, key))
    choices[0].condition = block->value("condition");
  const bool none = block->misses("true_steps") && block->misses("false_steps") &&
                    block->misses("true_workflow") && block->misses("false_workflow");
  if (none) reporter.error(key, "a branch needs 'true_steps', 'false_steps' or both");
  block->read("true_steps", choices[0].next);
  block->read("false_steps", choices[1].next);
  return choices;
}

std::vector<ChoiceDraft> read_decision(const ObjectReader& step_fields, const Value& owner) {
  Reporter& reporter = step_fields.reporter();
  if (!step_fields.has("decision_node")) {
    if (step_fields.misses("decision_node"))
      reporter.error(owner, "a decision step needs 'decision' with 'branches' or 'choices'");
    return {};
  }
  const auto block = read_block(step_fields, "decision_node", kDecisionTable);
  if (!block) return {};
  if (block->has("branches") && block->has("choices"))
    reporter.error(block->key("choices"), "a decision takes 'branches' or 'choices', not both");
  if (block->misses("branches") && block->misses("choices"))
    reporter.error(step_fields.key("decision_node"), "a decision needs 'branches' or 'choices'");
  if (block->has("input_path") && !block->has("choices"))
    reporter.error(block->key("input_path"), "'input_path' goes with 'choices'");
  check_path(*block, "input_path");

  std::vector<Way> ways;
  std::vector<Value> items;
  if (block->read("branches", items))
    for (const Value& item : items)
      ways.push_back(read_decision_branch(item, ways.size() + 1, reporter));
  if (block->read("choices", items))
    for (const Value& item : items)
      ways.push_back(
          read_decision_choice(item, ways.size() + 1, block->value("input_path"), reporter));
  std::stable_sort(ways.begin(), ways.end(),
                   [](const Way& a, const Way& b) { return a.priority > b.priority; });

  std::vector<ChoiceDraft> choices;
  for (Way& way : ways) choices.push_back(std::move(way.choice));
  ChoiceDraft otherwise;
  otherwise.name = "default";
  if (block->read("default", otherwise.next)) choices.push_back(std::move(otherwise));
  return choices;
}

}  // namespace agentainer::workflow

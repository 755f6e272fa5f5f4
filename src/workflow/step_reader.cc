#include "workflow/step_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "workflow/object_reader.h"
#include "workflow/words.h"

namespace agentainer::workflow {
namespace {

constexpr std::size_t kMaxIdBytes = 64;
constexpr std::string_view kMapSuffix = "_map";

// Places in kStepTypeNames of what is no StepType.
constexpr std::size_t kMapReduce = 7;
constexpr std::size_t kSubworkflow = 8;

bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdBytes && (is_letter(text[0]) || text[0] == '_') &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; });
}

/// An id for a step that only has a name: "Fetch the pages" gives fetch_the_pages.
std::string slug(std::string_view name) {
  std::string id;
  for (const char c : name) {
    if (is_letter(c) || is_digit(c)) {
      if (id.empty() && is_digit(c)) id = "_";
      id += is_letter(c) ? static_cast<char>(c | 0x20) : c;
    } else if (!id.empty() && id.back() != '_') {
      id += '_';
    }
  }
  if (id.size() > kMaxIdBytes) id.resize(kMaxIdBytes);
  while (id.ends_with('_')) id.pop_back();
  return id;
}

class StepReader {
 public:
  StepReader(const StepDefaults& defaults, Reporter& reporter, std::vector<StepDraft>& drafts)
      : defaults_(defaults), reporter_(reporter), drafts_(drafts) {}

  /// `key` is the step's id where `steps` is a mapping.
  void read(const Value& value, const std::optional<Value>& key);

 private:
  struct Identity {
    std::string id;
    std::string name;
    Value at;
  };

  Identity read_identity(const ObjectReader& fields, const Value& step,
                         const std::optional<Value>& key);
  void read_map_reduce(const ObjectReader& fields, const Identity& identity);
  StepDraft read_common(const ObjectReader& fields, StepType type, const Value& at);
  void read_type(const ObjectReader& fields, StepDraft& draft);
  void check_unused(const ObjectReader& fields);
  void check_fit(const ObjectReader& fields, StepType type, bool map_reduce);

  const StepDefaults& defaults_;
  Reporter& reporter_;
  std::vector<StepDraft>& drafts_;
};

StepReader::Identity StepReader::read_identity(const ObjectReader& fields, const Value& step,
                                               const std::optional<Value>& key) {
  Identity identity{{}, {}, key ? *key : step};
  if (fields.read("id", identity.id)) identity.at = *fields.value("id");
  const bool named = fields.read("name", identity.name);
  if (named && !fields.has("id") && !key) {
    identity.at = *fields.value("name");
    identity.id = slug(identity.name);
    if (identity.id.empty()) {
      reporter_.error(identity.at,
                      fmt::format("no id can be made from the name {}; give the step an "
                                  "'id'",
                                  quote(identity.name)));
      return identity;
    }
  }
  if (key) {
    if (fields.has("id") && identity.id != key->text())
      reporter_.error(fields.key("id"),
                      fmt::format("the step's key {} is its id; remove 'id'", quote(key->text())));
    identity.id = key->text();
  }
  if (identity.id.empty() && !fields.has("id")) {
    if (fields.misses("id") && fields.misses("name"))
      reporter_.error(step, "a step needs an 'id' (or a 'name' to make one from)");
  } else if (!is_id(identity.id)) {
    reporter_.error(identity.at,
                    fmt::format("{} cannot be an id: use letters, digits, '_' and '-', at "
                                "most 64, with a letter or '_' first",
                                quote(identity.id)));
  }
  if (identity.name.empty()) identity.name = identity.id;
  return identity;
}

void StepReader::read(const Value& value, const std::optional<Value>& key) {
  if (value.kind() != Kind::kMap)
    return reporter_.error(
        value, fmt::format("a step is a mapping of its fields, not {}", describe(value)));
  ObjectReader fields(reporter_);
  fields.add(value, {&kStepTable, &kStepConfigTable});
  if (const auto config = fields.value("config")) {
    if (config->kind() == Kind::kMap)
      fields.add(*config, {&kStepConfigTable});
    else
      reporter_.error(*config, fmt::format("'config' takes a mapping, not {}", describe(*config)));
  }
  const Identity identity = read_identity(fields, value, key);

  std::size_t type = 0;
  bool type_is_known = fields.read_choice("type", type) || !fields.value("type");
  if (type == kMapReduce) return read_map_reduce(fields, identity);
  if (type == kSubworkflow) {
    reporter_.error(*fields.value("type"),
                    "sub-workflows do not run in this version; put their steps "
                    "into this file");
    type_is_known = false;
    type = 0;
  }

  StepDraft draft = read_common(fields, static_cast<StepType>(type), identity.at);
  draft.type_is_known = type_is_known;
  draft.step.id = identity.id;
  draft.step.name = identity.name;
  std::vector<Value> names;
  if (fields.read("depends_on", names)) draft.depends_on = std::move(names);
  draft.condition = fields.value("condition");
  if (draft.type_is_known) {
    check_fit(fields, draft.step.type, false);
    read_type(fields, draft);
  }
  drafts_.push_back(std::move(draft));
}

StepDraft StepReader::read_common(const ObjectReader& fields, StepType type, const Value& at) {
  StepDraft draft(at);
  Step& step = draft.step;
  step.type = type;
  fields.read("image", step.image);
  fields.read("output", step.output);
  fields.read("timeout", step.timeout);
  fields.read("step_timeout", step.step_timeout);
  fields.read("execution_mode", step.execution_mode);
  StepDefaults own = defaults_;
  read_defaults(fields, own);
  step.retry = own.retry;
  step.limits = own.limits;
  step.cleanup = own.cleanup;
  read_pool(fields, step.pool);
  check_unused(fields);
  draft.command = fields.value("command");
  draft.env_vars = fields.value("env_vars");
  if (const auto input = fields.value("input")) draft.input = input;
  return draft;
}

/// Fields that have no effect yet must still be well-formed.
void StepReader::check_unused(const ObjectReader& fields) {
  bool flag = false;
  std::size_t choice = 0;
  std::string text;
  std::vector<Value> list;
  fields.read("dynamic", flag);
  fields.read_choice("redis_access", choice);
  for (const std::string_view field : {"network", "user"}) fields.read(field, text);
  for (const std::string_view field : {"volumes", "secrets"}) fields.read(field, list);
  const auto labels = fields.value("labels");
  if (labels && labels->kind() != Kind::kMap)
    reporter_.error(*labels, fmt::format("'labels' takes a mapping, not {}", describe(*labels)));
}

/// What only steps of this type have.
void StepReader::read_type(const ObjectReader& fields, StepDraft& draft) {
  Step& step = draft.step;
  switch (step.type) {
    case StepType::kSequential:
    case StepType::kReduce:
      break;
    case StepType::kParallel:
      fields.read("max_workers", step.max_workers);
      break;
    case StepType::kMap:
      read_map(fields, draft);
      break;
    case StepType::kBranch:
      draft.choices = read_branch(fields, draft.at);
      break;
    case StepType::kDecision:
      draft.choices = read_decision(fields, draft.at);
      break;
    case StepType::kWait:
      read_wait(fields, draft);
      break;
  }
  if (step.runs_agents() && fields.misses("image") && fields.misses("command"))
    reporter_.error(draft.at,
                    fmt::format("step {} needs an 'image' or a 'command' to run", quote(step.id)));
}

/// Fields that steps of this type do not have: an error where another type must be meant, else a
/// warning.
void StepReader::check_fit(const ObjectReader& fields, StepType type, bool map_reduce) {
  struct Belongs {
    std::string_view field;
    std::string_view to;
    bool fits;
  };
  const bool map = type == StepType::kMap || map_reduce;
  const bool wait = type == StepType::kWait;
  const std::array<Belongs, 9> blocks{{{"map_config", "map", map},
                                       {"branch_config", "branch", type == StepType::kBranch},
                                       {"decision_node", "decision", type == StepType::kDecision},
                                       {"mapper", "mapreduce", map_reduce},
                                       {"reducer", "mapreduce", map_reduce},
                                       {"signal", "wait", wait},
                                       {"duration", "wait", wait},
                                       {"until", "wait", wait},
                                       {"on_timeout", "wait", wait}}};
  for (const Belongs& block : blocks)
    if (!block.fits && fields.value(block.field))
      reporter_.error(fields.key(block.field),
                      fmt::format("{} belongs to a step of type {}",
                                  quote(fields.key(block.field).text()), quote(block.to)));
  const auto no_effect = [&](std::string_view field, std::string_view why) {
    if (fields.value(field))
      reporter_.warning(fields.key(field),
                        fmt::format("{} has no effect: {}", quote(fields.key(field).text()), why));
  };
  if (wait) {
    for (const std::string_view field :
         {"image", "command", "env_vars", "input", "output", "max_workers", "step_timeout",
          "retry_policy", "resource_limits", "execution_mode", "pool_config", "cleanup_policy",
          "dynamic", "volumes", "network", "user", "labels", "secrets", "redis_access"})
      if (fields.value(field))
        reporter_.error(fields.key(field),
                        fmt::format("{} belongs to steps that run agents; a wait "
                                    "runs none",
                                    quote(fields.key(field).text())));
    return;
  }
  const bool agents = type != StepType::kBranch && type != StepType::kDecision;
  if (!agents)
    for (const std::string_view field : {"image", "command", "env_vars", "input", "output",
                                         "timeout", "step_timeout", "retry_policy"})
      no_effect(field, "this step runs no agents");
  if (agents && type != StepType::kParallel && !map)
    no_effect("max_workers", "only steps of type 'parallel' and 'map' have workers");
}

void StepReader::read_map_reduce(const ObjectReader& fields, const Identity& identity) {
  check_fit(fields, StepType::kMap, true);
  if (identity.id.size() + kMapSuffix.size() > kMaxIdBytes)
    reporter_.error(identity.at,
                    fmt::format("the id of a mapreduce step has at most {} characters: its "
                                "map is called by it with '{}' added",
                                kMaxIdBytes - kMapSuffix.size(), kMapSuffix));
  const ObjectReader shared = fields.without({"mapper", "reducer"});
  const auto block_of = [&](std::string_view name,
                            std::initializer_list<std::string_view> forbidden) {
    const auto block = read_block(fields, name, kStepConfigTable);
    for (const std::string_view field : forbidden)
      if (block && block->has(field))
        reporter_.error(
            block->key(field),
            fmt::format("{} cannot stand inside {}", quote(block->key(field).text()), quote(name)));
    return block.value_or(ObjectReader(reporter_));
  };
  const ObjectReader mapper =
      shared.overlaid(block_of("mapper", {"mapper", "reducer", "branch_config", "decision_node",
                                          "signal", "duration", "until", "on_timeout"}));
  const ObjectReader own_reducer =
      block_of("reducer", {"mapper", "reducer", "branch_config", "decision_node", "map_config",
                           "signal", "duration", "until", "on_timeout"});
  const ObjectReader reducer = shared.overlaid(own_reducer);

  StepDraft map = read_common(mapper, StepType::kMap, identity.at);
  map.step.id = identity.id + std::string(kMapSuffix);
  map.step.name = identity.name + " (map)";
  std::vector<Value> names;
  if (fields.read("depends_on", names)) map.depends_on = std::move(names);
  map.condition = mapper.value("condition");
  read_map(mapper, map);

  StepDraft reduce = read_common(reducer, StepType::kReduce, identity.at);
  reduce.step.id = identity.id;
  reduce.step.name = identity.name;
  reduce.condition = own_reducer.value("condition");
  reduce.depends_on.emplace();
  reduce.also_depends_on = StepIndex{static_cast<std::uint32_t>(drafts_.size())};

  for (const auto& [part, block] : {std::pair{&mapper, "mapper"}, std::pair{&reducer, "reducer"}})
    if (part->misses("image") && part->misses("command"))
      reporter_.error(identity.at,
                      fmt::format("the {} of step {} needs an 'image' or a 'command' to run", block,
                                  quote(identity.id)));
  drafts_.push_back(std::move(map));
  drafts_.push_back(std::move(reduce));
}

}  // namespace

std::vector<StepDraft> read_steps(const Value& steps, const StepDefaults& defaults,
                                  Reporter& reporter) {
  std::vector<StepDraft> drafts;
  StepReader reader(defaults, reporter, drafts);
  bool any = false;
  const auto read = [&](const Value& step, const std::optional<Value>& key) {
    any = true;
    reader.read(step, key);
  };
  if (steps.kind() == Kind::kMap) {
    for (const Entry& entry : steps.entries())
      if (!is_extension(entry.key.text())) read(entry.value, entry.key);
  } else if (steps.kind() == Kind::kList) {
    for (const Value& item : steps.items()) read(item, std::nullopt);
  } else {
    reporter.error(steps, fmt::format("'steps' takes a list of steps, not {}", describe(steps)));
    return drafts;
  }
  if (!any) reporter.error(steps, "a workflow needs at least one step");
  if (drafts.size() > kMaxSteps)
    reporter.error(steps, fmt::format("the workflow has {} steps; at most {} are accepted",
                                      drafts.size(), kMaxSteps));
  return drafts;
}

}  // namespace agentainer::workflow

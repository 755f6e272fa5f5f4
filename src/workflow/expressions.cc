#include "workflow/expressions.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "workflow/condition_reader.h"
#include "workflow/object_reader.h"
#include "workflow/path.h"
#include "workflow/units.h"
#include "workflow/words.h"

namespace agentainer::workflow {
namespace {

constexpr std::string_view kOpening = "${{";
constexpr std::string_view kClosing = "}}";

bool is_word(char c) {
  return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

void skip_spaces(std::string_view text, std::size_t& at) {
  at = std::min(text.find_first_not_of(" \t\n", at), text.size());
}

/// Calls `visit(name, offset)` for each `steps.name` and `steps["name"]` in the text.
template <typename Visit>
void for_each_mention(std::string_view text, const Visit& visit) {
  constexpr std::string_view kSteps = "steps";
  for (std::size_t at = text.find(kSteps); at != std::string_view::npos;
       at = text.find(kSteps, at + kSteps.size())) {
    if (at > 0 && (is_word(text[at - 1]) || text[at - 1] == '.')) continue;
    std::size_t i = at + kSteps.size();
    skip_spaces(text, i);
    if (i == text.size() || (text[i] != '.' && text[i] != '[')) continue;
    const bool index = text[i++] == '[';
    skip_spaces(text, i);
    const char quote =
        index && i < text.size() && (text[i] == '"' || text[i] == '\'') ? text[i++] : 0;
    std::size_t end = i;
    while (end < text.size() && (quote != 0 ? text[end] != quote : is_word(text[end]))) ++end;
    visit(text.substr(i, end - i), i);
  }
}

template <typename Visit>
void for_each_scalar(const Value& value, const Visit& visit) {
  if (value.is_scalar()) return visit(value);
  if (value.kind() == Kind::kList)
    for (const Value& item : value.items()) for_each_scalar(item, visit);
  else
    for (const Entry& entry : value.entries()) for_each_scalar(entry.value, visit);
}

/// The value at an RFC 6901 pointer; the last one found where the pointer leads nowhere.
Value at_pointer(Value value, std::string_view pointer) {
  while (pointer.starts_with('/')) {
    pointer.remove_prefix(1);
    const std::size_t end = std::min(pointer.find('/'), pointer.size());
    std::string key;
    for (std::size_t i = 0; i < end; ++i) {
      const bool escaped = pointer[i] == '~' && i + 1 < end;
      if (escaped) ++i;
      key += escaped ? (pointer[i] == '1' ? '/' : '~') : pointer[i];
    }
    pointer.remove_prefix(end);
    std::optional<Value> next;
    if (value.kind() == Kind::kMap) {
      for (const Entry& entry : value.entries())
        if (entry.key.text() == key) next = entry.value;
    } else if (value.kind() == Kind::kList) {
      std::size_t position = 0;
      for (const Value& item : value.items())
        if (std::to_string(position++) == key) next = item;
    }
    if (!next) return value;
    value = *next;
  }
  return value;
}

expr::Scope names_of_step() {
  expr::Scope scope;
  scope.variables.push_back({"state"});
  // Which steps there are, and which of them have run, is checked here: see find_reference().
  scope.variables.push_back({"steps"});
  scope.variables.push_back({"workflow", true, {"id", "name"}});
  return scope;
}

expr::Scope names_of_task(const Step& step) {
  expr::Scope scope = names_of_step();
  scope.variables.push_back({"attempt"});
  if (step.type == StepType::kParallel || step.type == StepType::kMap)
    scope.variables.push_back({"index"});
  if (step.type == StepType::kMap) scope.variables.push_back({step.map.item_alias});
  return scope;
}

void compile_command(const Value& value, ExpressionReader& reader, Step& step) {
  const auto constant = [](std::string_view text) { return *expr::Template::compile(text, {}); };
  const auto add = [&](const Value& argument) {
    if (auto compiled = reader.read_template(argument))
      step.command.push_back(*std::move(compiled));
  };
  if (value.kind() == Kind::kString && !value.text().empty()) {
    step.command = {constant("/bin/sh"), constant("-c")};
    return add(value);
  }
  if (value.kind() != Kind::kList || value.items().empty())
    return reader.reporter().error(
        value, fmt::format("'command' takes a list of arguments or a line for the shell, not {}",
                           value.kind() == Kind::kList ? "an empty list" : describe(value)));
  for (const Value& item : value.items()) {
    if (item.is_scalar() && item.kind() != Kind::kNull)
      add(item);
    else
      reader.reporter().error(item, fmt::format("an argument is text, not {}", describe(item)));
  }
}

void compile_environment(const Value& value, ExpressionReader& reader, Step& step) {
  Reporter& reporter = reader.reporter();
  if (value.kind() != Kind::kMap)
    return reporter.error(
        value, fmt::format("'env_vars' takes a mapping of names to text, not {}", describe(value)));
  for (const Entry& entry : value.entries()) {
    const std::string_view name = entry.key.text();
    const bool good = !name.empty() && !(name[0] >= '0' && name[0] <= '9') &&
                      std::all_of(name.begin(), name.end(), is_word);
    if (!good) {
      reporter.error(entry.key, fmt::format("{} cannot be the name of an environment variable: use "
                                            "letters, digits and '_', with no digit first",
                                            quote(name)));
    } else if (!entry.value.is_scalar() || entry.value.kind() == Kind::kNull) {
      reporter.error(entry.value,
                     fmt::format("an environment variable is text, not {} (write \"\" for "
                                 "empty text)",
                                 describe(entry.value)));
    } else if (auto compiled = reader.read_template(entry.value)) {
      step.env_vars.push_back({std::string(name), *std::move(compiled)});
    }
  }
}

/// A time, checked here unless it is only known when the step starts.
std::optional<expr::Template> read_time(const Value& value, ExpressionReader& reader) {
  auto compiled = reader.read_template(value);
  if (!compiled || !compiled->is_constant()) return compiled;
  if (const Result<TimePoint> time = parse_time(value.text()); !time)
    reader.reporter().error(value, time.error().message);
  return compiled;
}

}  // namespace

void ExpressionReader::report(const Value& value, const expr::SourceError& error,
                              std::size_t start) {
  const std::string_view text = value.text();
  const std::size_t offset = std::min(start + error.offset, text.size());
  std::size_t length = 0;
  while (offset + length < text.size() && is_word(text[offset + length])) ++length;
  reporter_.error(value.span_of(offset, std::max<std::size_t>(length, 1)), value.where(),
                  error.message);
}

void ExpressionReader::note(const Value& value, const std::vector<expr::Reference>& references) {
  // Until its mention is found, a reference stands for the whole value.
  std::map<std::string_view, StepReference> unplaced;
  for (const expr::Reference& reference : references)
    if (reference.variable == "steps" && !reference.member.empty())
      unplaced.try_emplace(reference.member,
                           StepReference{step_, reference.member, value, std::nullopt});
  if (unplaced.empty()) return;
  for_each_scalar(value, [&](const Value& scalar) {
    for_each_mention(scalar.text(), [&](std::string_view name, std::size_t offset) {
      const auto found = unplaced.find(name);
      if (found == unplaced.end()) return;
      found->second.in = scalar;
      found->second.offset = offset;
      references_.push_back(std::move(found->second));
      unplaced.erase(found);
    });
  });
  for (auto& [name, reference] : unplaced) references_.push_back(std::move(reference));
}

std::optional<expr::Template> ExpressionReader::read_template(const Value& value) {
  auto compiled = expr::Template::compile(value.text(), scope_);
  if (!compiled) {
    report(value, compiled.error(), 0);
    return std::nullopt;
  }
  if (!compiled->is_constant()) note(value, compiled->references());
  return *std::move(compiled);
}

std::optional<expr::JsonTemplate> ExpressionReader::read_json_template(const Value& value) {
  auto compiled = expr::JsonTemplate::compile(to_json(value, reporter_), scope_);
  if (!compiled) {
    report(at_pointer(value, compiled.error().pointer), compiled.error().error, 0);
    return std::nullopt;
  }
  if (!compiled->is_constant()) note(value, compiled->references());
  return *std::move(compiled);
}

std::optional<expr::Program> ExpressionReader::read_program(const Value& value) {
  std::string_view source = value.text();
  if (value.kind() == Kind::kBool) source = value.is_true() ? "true" : "false";
  std::size_t start = 0;
  const std::size_t first = std::min(source.find_first_not_of(" \t\n"), source.size());
  const std::size_t last = source.find_last_not_of(" \t\n");
  if (source.substr(first).starts_with(kOpening) &&
      source.substr(0, last + 1).ends_with(kClosing)) {
    start = first + kOpening.size();
    source = source.substr(start, last + 1 - kClosing.size() - start);
  }
  auto compiled = expr::Program::compile(source, scope_);
  if (!compiled) {
    report(value, compiled.error(), start);
    return std::nullopt;
  }
  note(value, compiled->references());
  return *std::move(compiled);
}

void ExpressionReader::note_path(const Value& value) {
  const auto path = parse_path(value.text());
  if (!path || path->size() < 3 || (*path)[0] != "steps" || (*path)[2] != "output") return;
  const std::size_t offset = value.text().find('.', value.text().find("steps")) + 1;
  references_.push_back({step_, (*path)[1], value, offset});
}

void compile_expressions(StepIndex index, StepDraft& draft, Reporter& reporter,
                         std::vector<StepReference>& references) {
  Step& step = draft.step;
  const expr::Scope step_scope = names_of_step();
  ExpressionReader of_step(index, step_scope, reporter, references);
  if (draft.condition) step.condition = read_condition(*draft.condition, std::nullopt, of_step);
  step.choices.resize(draft.choices.size());
  for (std::size_t i = 0; i < draft.choices.size(); ++i) {
    const ChoiceDraft& choice = draft.choices[i];
    step.choices[i].name = choice.name;
    if (choice.condition)
      step.choices[i].when = read_condition(*choice.condition, choice.field, of_step);
  }
  if (draft.input_path) of_step.note_path(*draft.input_path);
  if (draft.until) step.wait.until = read_time(*draft.until, of_step);
  const expr::Scope task_scope = names_of_task(step);
  ExpressionReader of_task(index, task_scope, reporter, references);
  if (draft.command) compile_command(*draft.command, of_task, step);
  if (draft.env_vars) compile_environment(*draft.env_vars, of_task, step);
  if (draft.input) step.input = of_task.read_json_template(*draft.input);
}

}  // namespace agentainer::workflow

#include "workflow/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "expr/utf8.h"
#include "workflow/block_readers.h"
#include "workflow/document.h"
#include "workflow/expressions.h"
#include "workflow/object_reader.h"
#include "workflow/order.h"
#include "workflow/readers.h"
#include "workflow/reporter.h"
#include "workflow/source.h"
#include "workflow/step_reader.h"
#include "workflow/words.h"

namespace agentainer::workflow {
namespace {

constexpr std::size_t kMaxNameCharacters = 200;

bool is_json(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

/// No control characters (C0, DEL, C1) and no other line ends.
bool is_printable(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const expr::utf8::CodePoint point = expr::utf8::decode(text, i);
    if (point.value < 0x20 || (point.value >= 0x7F && point.value < 0xA0)) return false;
    if (point.value == 0x2028 || point.value == 0x2029) return false;
    i += point.bytes;
  }
  return true;
}

void read_name(const ObjectReader& fields, const Value& root, std::string& name) {
  if (!fields.require("name", kWorkflowTable, root) || !fields.read("name", name)) return;
  const auto complain = [&](std::string_view what) {
    fields.reporter().error(*fields.value("name"), fmt::format("a workflow's name {}", what));
  };
  const bool blank = std::all_of(name.begin(), name.end(), [](char c) { return c == ' '; });
  if (blank)
    complain("cannot be empty");
  else if (!is_printable(name))
    complain("cannot have control characters or line ends");
  else if (expr::utf8::count(name) > kMaxNameCharacters)
    complain(fmt::format("has at most {} characters", kMaxNameCharacters));
}

/// Not whether the times exist: that is the scheduler's to say.
void check_schedule(const ObjectReader& fields, std::string_view schedule) {
  std::size_t words = 0;
  for (std::size_t i = 0; i < schedule.size(); ++i)
    if (schedule[i] != ' ' && (i == 0 || schedule[i - 1] == ' ')) ++words;
  if ((schedule.starts_with('@') && words == 1) || words == 5 || words == 6) return;
  fields.reporter().error(*fields.value("schedule"),
                          fmt::format("{} is not a cron expression of five or six fields, like "
                                      "'0 7 * * *'",
                                      quote(schedule)));
}

json::object read_object(const ObjectReader& fields, std::string_view field) {
  const auto value = fields.value(field);
  if (!value) return {};
  if (value->kind() != Kind::kMap) {
    fields.reporter().error(*value,
                            fmt::format("'{}' takes a mapping, not {}", field, describe(*value)));
    return {};
  }
  return to_json(*value, fields.reporter()).as_object();
}

StepDefaults read_config(const ObjectReader& fields, Definition& definition) {
  fields.read("max_parallel", definition.max_parallel);
  fields.read("timeout", definition.timeout);
  fields.read("failure_strategy", definition.failure_strategy);
  fields.read("enable_profiling", definition.enable_profiling);
  if (fields.read("schedule", definition.schedule)) check_schedule(fields, definition.schedule);
  StepDefaults defaults;
  read_defaults(fields, defaults);
  return defaults;
}

void read_workflow(const Value& root, Definition& definition, Reporter& reporter) {
  if (root.kind() != Kind::kMap)
    return reporter.error(
        root, fmt::format("a workflow file is a mapping with 'name' and 'steps', not {}",
                          describe(root)));
  ObjectReader fields(reporter);
  fields.add(root, {&kWorkflowTable, &kConfigTable});
  if (const auto config = fields.value("config")) {
    if (config->kind() == Kind::kMap)
      fields.add(*config, {&kConfigTable});
    else
      reporter.error(*config, fmt::format("'config' takes a mapping, not {}", describe(*config)));
  }
  read_name(fields, root, definition.name);
  fields.read("description", definition.description);
  const StepDefaults defaults = read_config(fields, definition);
  definition.state = read_object(fields, "state");
  definition.metadata = read_object(fields, "metadata");
  if (!fields.require("steps", kWorkflowTable, root)) return;
  const auto steps = fields.value("steps");
  if (!steps) return;

  std::vector<StepDraft> drafts = read_steps(*steps, defaults, reporter);
  if (drafts.size() > kMaxSteps) return;
  Order order(drafts, reporter);
  order.resolve();
  std::vector<StepReference> references;
  for (std::size_t i = 0; i < drafts.size(); ++i)
    compile_expressions(StepIndex{static_cast<std::uint32_t>(i)}, drafts[i], reporter, references);
  order.check_references(references);
  definition.steps.reserve(drafts.size());
  for (StepDraft& draft : drafts) definition.steps.push_back(std::move(draft.step));
  definition.index_ids();
}

}  // namespace

ParseResult parse(std::string_view text) {
  Reporter reporter;
  const std::optional<TextFault> fault = check_text(text);
  // What is too large is not even looked at for its lines.
  Document document(text.size() > kMaxSourceBytes ? std::string_view() : text);
  auto definition = std::make_shared<Definition>();
  if (fault) {
    reporter.error(fault->at, kNoNode, fault->message);
  } else {
    const bool json = is_json(document.source().text());
    const bool whole = json ? read_json(document, reporter) : read_yaml(document, reporter);
    if (whole && document.empty())
      reporter.error(Span{}, kNoNode, "the file is empty");
    else if (whole)
      read_workflow(document.root(), *definition, reporter);
  }
  ParseResult result;
  result.diagnostics = reporter.finish(document);
  if (!reporter.failed()) result.definition = std::move(definition);
  return result;
}

}  // namespace agentainer::workflow

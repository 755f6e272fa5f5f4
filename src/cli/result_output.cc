#include "cli/result_output.h"

#include <unistd.h>

#include <algorithm>

#include "cli/command.h"
#include "cli/text/documents.h"
#include "cli/text/format.h"
#include "expr/suggest.h"

namespace agentainer::cli {
namespace {

constexpr std::size_t kMaxShownFailures = 10;
/// Of each list and object of a state that fills more than the terminal.
constexpr std::size_t kMaxShownMembers = 5;

/// What nobody asked for by name shall not push everything else off the screen.
std::optional<ExitCode> show_state(const Json& state, const WorkflowReport& report,
                                   const std::string& arguments) {
  std::string text = pretty_json(state);
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  bool cut = false;
  if (lines + 5 > terminal_size(STDOUT_FILENO).rows)
    text = pretty_json(state, kMaxShownMembers, &cut);
  const std::optional<ExitCode> ended = print_document(text + '\n');
  if (cut)
    remark(fmt::format("shortened; agentainer state{} {} prints all of it", arguments,
                       report.id.text()));
  return ended;
}

ExitCode print_state(const Ending& ending, const RunOptions& options, ExitCode code) {
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  const Result<Json> parsed = parse_json(ending.state);
  if (!parsed) {
    complain("the final state is no JSON: " + parsed.error().message);
    return ExitCode::kTrouble;
  }
  std::optional<ExitCode> ended;
  if (options.output == "yaml") {
    ended = print_document(document(*parsed, DocumentFormat::kYaml, terminal));
  } else if (options.output.empty() && terminal) {
    ended = show_state(*parsed, ending.report, repeated_arguments(options.choice.store));
  } else if (options.output.empty() || options.output == "json") {
    ended = print_document(document(*parsed, DocumentFormat::kJson, terminal));
  } else {
    const Result<std::string> text = key_text(parsed->get_object(), options.output, terminal);
    if (!text) {
      complain(text.error().message);
      return code == ExitCode::kOk ? ExitCode::kUsage : code;
    }
    ended = print_document(*text);
  }
  return ended && *ended != ExitCode::kOk ? *ended : code;
}

/// Of several workflows: a line of JSON or a YAML document each.
ExitCode print_states(const std::map<WorkflowId, Ending>& endings, const RunOptions& options,
                      ExitCode code) {
  for (const auto& [id, ending] : endings) {
    Result<Json> state = parse_json(ending.state);
    json::object out{{"id", id.text()},
                     {"name", ending.report.definition->name},
                     {"status", to_string(ending.report.status)}};
    out["state"] = state ? std::move(*state) : Json(nullptr);
    const std::optional<ExitCode> ended =
        print_document(options.output == "yaml" ? "---\n" + to_yaml(out) : to_text(out) + '\n');
    if (ended) return *ended != ExitCode::kOk ? *ended : code;
  }
  return code;
}

}  // namespace

Result<std::string> key_text(const json::object& state, const std::string& key, bool for_terminal) {
  if (const Json* value = find_in_state(state, key)) {
    if (value->is_string()) return std::string(value->get_string()) + '\n';
    return document(*value, DocumentFormat::kJson, for_terminal);
  }
  std::vector<std::string_view> keys;
  std::string listed;
  constexpr std::size_t kMaxListed = 20;
  for (const auto& member : state) {
    if (keys.size() < kMaxListed)
      listed += fmt::format("{}{}", keys.empty() ? "" : ", ", std::string_view(member.key()));
    keys.push_back(member.key());
  }
  if (keys.size() > kMaxListed) listed += fmt::format(" and {} more", keys.size() - kMaxListed);
  return fail(ErrorCode::kNotFound, "the state has no key '{}'{}; {}", key,
              expr::did_you_mean(key, keys), keys.empty() ? "it is empty" : "there are: " + listed);
}

ExitCode print_results(const std::map<WorkflowId, Ending>& endings, const RunOptions& options,
                       ExitCode code) {
  if (endings.size() > 1) {
    code = print_states(endings, options, code);
  } else if (!endings.empty() &&
             endings.begin()->second.report.status != engine::WorkflowStatus::kCancelled) {
    code = print_state(endings.begin()->second, options, code);
  }
  const Terminal terminal = detect_terminal(STDERR_FILENO);
  ReportOptions report_options;
  report_options.style = terminal.style;
  if (terminal.can_redraw) report_options.columns = terminal_size(STDERR_FILENO).columns;
  report_options.arguments = repeated_arguments(options.choice.store);
  for (const auto& [id, ending] : endings) {
    const WorkflowReport& report = ending.report;
    print_error(failures_text(report, report_options, kMaxShownFailures));
    // Progress has said so already, unless there was none.
    if (options.quiet && report.status != engine::WorkflowStatus::kCompleted)
      remark(fmt::format("workflow {} {} {}{}{}", report.definition->name, id.text(),
                         to_string(report.status), report.reason.empty() ? "" : ": ",
                         report.reason.substr(0, report.reason.find('\n'))));
  }
  return code;
}

}  // namespace agentainer::cli

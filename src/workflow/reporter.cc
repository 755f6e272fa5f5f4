#include "workflow/reporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "expr/suggest.h"
#include "expr/utf8.h"
#include "workflow/parse.h"

namespace agentainer::workflow {

bool Reporter::InTextOrder::operator()(const Finding& a, const Finding& b) const {
  return std::tie(a.at.begin, a.at.end, a.message) < std::tie(b.at.begin, b.at.end, b.message);
}

void Reporter::error(const Value& at, std::string message) {
  add(0, {at.span(), at.where(), std::move(message)});
}

void Reporter::error(Span at, NodeIndex node, std::string message) {
  add(0, {at, node, std::move(message)});
}

void Reporter::warning(const Value& at, std::string message) {
  add(1, {at.span(), at.where(), std::move(message)});
}

void Reporter::add(std::size_t severity, Finding finding) {
  auto& findings = found_[severity];
  findings.insert(std::move(finding));
  if (findings.size() > kMaxDiagnostics) findings.erase(std::prev(findings.end()));
}

std::vector<Diagnostic> Reporter::finish(const Document& document) const {
  std::vector<std::pair<const Finding*, Diagnostic::Severity>> kept;
  for (const Finding& finding : found_[0])
    kept.emplace_back(&finding, Diagnostic::Severity::kError);
  for (const Finding& finding : found_[1])
    if (kept.size() < kMaxDiagnostics) kept.emplace_back(&finding, Diagnostic::Severity::kWarning);
  std::stable_sort(kept.begin(), kept.end(), [](const auto& a, const auto& b) {
    return a.first->at.begin < b.first->at.begin;
  });

  std::vector<Diagnostic> diagnostics;
  for (const auto& [finding, severity] : kept) {
    const Source& source = document.source();
    const std::string_view text = source.text();
    const Source::Position position = source.position(finding->at.begin);
    // What goes on over several lines is underlined on its first.
    const std::size_t begin = std::min<std::size_t>(finding->at.begin, text.size());
    const std::size_t end =
        std::min<std::size_t>({finding->at.end, text.size(), text.find_first_of("\r\n", begin)});
    const std::size_t length = end > begin ? expr::utf8::count(text.substr(begin, end - begin)) : 1;
    diagnostics.push_back({severity, position.line, position.column, length, finding->message,
                           document.path(finding->node)});
  }
  return diagnostics;
}

std::string_view Reporter::nearest(std::string_view name,
                                   const std::vector<std::string_view>& known) {
  // Names of too different a length are no near miss; sorting them out first keeps the costly
  // comparisons few where there are many names.
  const std::size_t slack = std::max<std::size_t>(1, name.size() / 3);
  std::vector<std::string_view> near;
  for (const std::string_view candidate : known) {
    if (comparisons_left_ == 0 || names_left_ == 0) break;
    --names_left_;
    if (candidate.size() > name.size() + slack || candidate.size() + slack < name.size()) continue;
    --comparisons_left_;
    near.push_back(candidate);
  }
  return expr::nearest(name, near);
}

std::string Reporter::did_you_mean(std::string_view name,
                                   const std::vector<std::string_view>& known) {
  const std::string_view found = nearest(name, known);
  return found.empty() ? std::string() : fmt::format("; did you mean '{}'?", found);
}

}  // namespace agentainer::workflow

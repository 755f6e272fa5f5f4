#pragma once
// Collects what is wrong while a file is read, in any order, and gives it in the order of the text.

#include <array>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "workflow/diagnostic.h"
#include "workflow/document.h"

namespace agentainer::workflow {

class Reporter {
 public:
  void error(const Value& at, std::string message);
  void error(Span at, NodeIndex node, std::string message);
  void warning(const Value& at, std::string message);

  /// Whether there was any error.
  bool failed() const { return !found_[0].empty(); }

  /// The first kMaxDiagnostics of the text, errors before warnings where there are more.
  std::vector<Diagnostic> finish(const Document& document) const;

  /// The known name that may be meant, or an empty one. The work spent on suggestions is bounded
  /// for the whole file.
  std::string_view nearest(std::string_view name, const std::vector<std::string_view>& known);
  /// `; did you mean 'x'?`, or nothing.
  std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known);

 private:
  struct Finding {
    Span at;
    NodeIndex node = kNoNode;
    std::string message;
  };
  struct InTextOrder {
    bool operator()(const Finding& a, const Finding& b) const;
  };

  void add(std::size_t severity, Finding finding);

  // Errors, warnings. A set, so that what is read twice (the shared fields of a mapreduce step) is
  // reported once.
  std::array<std::set<Finding, InTextOrder>, 2> found_;
  std::size_t names_left_ = 20'000'000;
  std::size_t comparisons_left_ = 200'000;
};

}  // namespace agentainer::workflow

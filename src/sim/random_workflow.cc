#include "sim/random_workflow.h"

#include <fmt/format.h>

#include <vector>

namespace agentainer::sim {
namespace {

/// Writes the steps one after another; what it needs to know of earlier ones is their names and
/// kinds.
class Writer {
 public:
  explicit Writer(Random& random) : random_(random) {}

  std::string write() {
    head();
    const std::uint32_t count = random_.between(1, 9);
    for (std::uint32_t i = 0; i < count; ++i) step();
    return std::move(out_);
  }

 private:
  void line(std::string_view text) {
    out_ += text;
    out_ += '\n';
  }

  void head() {
    line("name: simulated");
    static constexpr const char* kStrategies[] = {"fail_fast", "continue", "continue_on_partial"};
    line("config:");
    line(fmt::format("  failure_strategy: {}", kStrategies[random_.below(3)]));
    if (random_.chance(0.4)) line(fmt::format("  max_parallel: {}", random_.between(1, 6)));
    if (random_.chance(0.1)) line(fmt::format("  timeout: {}s", random_.between(1, 60)));
    std::string items;
    const std::uint32_t count = random_.chance(0.1) ? 0 : random_.between(1, 40);
    for (std::uint32_t i = 0; i < count; ++i)
      items += fmt::format("{}{}", i == 0 ? "" : ", ", i * 7);
    line("state:");
    line(fmt::format("  items: [{}]", items));
    line(fmt::format("  score: {}", random_.below(10)));
    line("steps:");
  }

  void step() {
    const std::string id = fmt::format("s{}", ids_.size());
    line(fmt::format("  - id: {}", id));
    if (random_.chance(0.12)) return wait(id);
    const std::uint32_t kind = random_.below(10);
    if (kind < 4 || ids_.empty()) {
      line("    type: sequential");
      agent();
    } else if (kind < 6) {
      map();
    } else if (kind < 7) {
      line("    type: parallel");
      line(fmt::format("    max_workers: {}", random_.between(1, 5)));
      agent();
    } else if (kind < 9 && !gatherable_.empty()) {
      line("    type: reduce");
      line(fmt::format("    depends_on: [{}]",
                       gatherable_[random_.below(static_cast<std::uint32_t>(gatherable_.size()))]));
      agent();
      gatherable_.push_back(id);
      ids_.push_back(id);
      return;
    } else {
      branch(id);
      return;
    }
    dependencies();
    gatherable_.push_back(id);
    ids_.push_back(id);
  }

  void agent() {
    line("    command: [work]");
    if (random_.chance(0.6)) {
      static constexpr const char* kBackoff[] = {"constant", "linear", "exponential"};
      line(fmt::format(
          "    retry: {{max_attempts: {}, backoff: {}, delay: {}ms, max_delay: 20s, jitter: {}}}",
          random_.between(1, 5), kBackoff[random_.below(3)], random_.between(0, 3000),
          random_.chance(0.5) ? "0.5" : "0"));
    }
    if (random_.chance(0.1)) line(fmt::format("    step_timeout: {}s", random_.between(1, 40)));
    if (random_.chance(0.15))
      line(fmt::format("    condition: \"state.score >= {}\"", random_.below(10)));
  }

  void map() {
    line("    type: map");
    agent();
    line("    map:");
    line("      input_path: items");
    if (random_.chance(0.5)) line(fmt::format("      max_concurrency: {}", random_.between(1, 8)));
    if (random_.chance(0.3)) line(fmt::format("      batch_size: {}", random_.between(1, 7)));
    if (random_.chance(0.6)) {
      line("      error_handling: continue_on_error");
      if (random_.chance(0.3)) line(fmt::format("      max_failures: {}", random_.below(6)));
      if (random_.chance(0.3))
        line(fmt::format("      max_failure_percent: {}", random_.below(60)));
    }
  }

  /// A wait ends without an outcome that a reduce could gather.
  void wait(const std::string& id) {
    line("    type: wait");
    const std::uint32_t kind = random_.below(6);
    if (kind == 0) {
      line(fmt::format("    duration: {}ms", random_.below(20'000)));
    } else if (kind == 1) {
      line(fmt::format("    until: 2027-01-15T08:00:{:02}Z", random_.below(60)));
    } else {
      line(fmt::format("    signal: {}", random_.chance(0.5) ? "go" : "more"));
      if (random_.chance(0.5)) {
        line(fmt::format("    timeout: {}s", random_.between(1, 30)));
        line(fmt::format("    on_timeout: {}", random_.chance(0.7) ? "continue" : "fail"));
      }
    }
    dependencies();
    ids_.push_back(id);
  }

  /// A branch or a decision with its targets, which follow it at once.
  void branch(const std::string& id) {
    const bool decision = random_.chance(0.4);
    const std::uint32_t targets = decision ? random_.between(1, 3) : 2;
    const auto target = [&](std::uint32_t i) { return fmt::format("s{}", ids_.size() + 1 + i); };
    line(decision ? "    type: decision" : "    type: branch");
    dependencies();
    if (decision) {
      line("    decision:");
      line("      choices:");
      for (std::uint32_t i = 0; i < targets; ++i)
        line(fmt::format("        - {{condition: \"state.score >= {}\", next: [{}]}}",
                         random_.below(12), target(i)));
      if (random_.chance(0.5)) line(fmt::format("      default: {}", target(targets - 1)));
    } else {
      line("    branch:");
      line(fmt::format("      condition: \"state.score >= {}\"", random_.below(10)));
      line(fmt::format("      true_steps: [{}]", target(0)));
      line(fmt::format("      false_steps: [{}]", target(1)));
    }
    ids_.push_back(id);
    for (std::uint32_t i = 0; i < targets; ++i) {
      const std::string name = fmt::format("s{}", ids_.size());
      line(fmt::format("  - id: {}", name));
      line("    type: sequential");
      agent();
      ids_.push_back(name);
      gatherable_.push_back(name);
    }
  }

  void dependencies() {
    if (ids_.empty() || random_.chance(0.3)) return;  // the implicit order
    std::string list;
    for (const std::string& id : ids_)
      if (random_.chance(0.3)) list += (list.empty() ? "" : ", ") + id;
    line(fmt::format("    depends_on: [{}]", list));
  }

  Random& random_;
  std::string out_;
  std::vector<std::string> ids_;
  std::vector<std::string> gatherable_;
};

}  // namespace

std::string random_workflow(Random& random) { return Writer(random).write(); }

}  // namespace agentainer::sim

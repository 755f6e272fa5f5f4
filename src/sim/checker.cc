#include "sim/checker.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/json.h"

namespace agentainer::sim {
namespace {

using workflow::Definition;
using workflow::Step;
using workflow::StepType;

struct Task {
  std::int64_t attempt = 0;
  bool running = false;
  bool succeeded = false;
  bool failed = false;
  std::int64_t counted_failures = 0;
  std::int64_t not_before = 0;  ///< End of the retry wait.
};

struct StepBook {
  std::optional<std::int64_t> due;  ///< When a wait ends by itself.
  bool took_signal = false;
  bool started = false;
  std::string ended;  ///< Its status, or empty.
  std::int64_t tasks = 0;
  std::int64_t items = 0;
  std::map<std::int64_t, Task> by_index;
  std::int64_t running = 0;
};

class Checker {
 public:
  Checker(const store::LoadedWorkflow& loaded, const Definition& definition)
      : loaded_(loaded), definition_(definition) {
    for (const Step& step : definition.steps) steps_[step.id];
  }

  std::vector<std::string> run(bool must_have_ended) {
    for (const std::string& text : loaded_.records) {
      ++number_;
      const Result<Json> record = parse_json(text);
      if (!record || !record->is_object()) {
        violation("is not a JSON object");
        continue;
      }
      take(record->get_object());
    }
    if (must_have_ended && workflow_ended_.empty()) violation("was acknowledged and never ended");
    if (!workflow_ended_.empty()) check_end();
    return std::move(violations_);
  }

 private:
  void violation(std::string_view what) {
    violations_.push_back(
        fmt::format("workflow {} record {}: {}", loaded_.id.text(), number_, what));
  }

  static std::string text(const json::object& record, std::string_view key) {
    const Json* value = record.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string())
                                                  : std::string();
  }
  static std::int64_t number(const json::object& record, std::string_view key,
                             std::int64_t missing = 0) {
    const Json* value = record.if_contains(key);
    return value == nullptr ? missing : value->to_number<std::int64_t>();
  }

  void take(const json::object& record) {
    const std::string type = text(record, "type");
    const std::int64_t at = number(record, "at");
    if (at < last_at_) violation("goes back in time");
    last_at_ = at;
    if (!workflow_ended_.empty()) violation(type + " after the end of the workflow");
    if ((type == "workflow_created") != (number_ == 1))
      violation("creation is the first record and only that");
    if (must_be_taken_ && type != "signal_taken") violation("a signal was not taken at once");
    must_be_taken_ = false;
    if (type == "signal_received") {
      receive_signal(text(record, "name"));
    } else if (type == "signal_taken") {
      take_signal(text(record, "step"));
    } else if (type == "workflow_stopping") {
      if (stopping_) violation("stopped twice");
      stopping_ = true;
      for (auto& [id, step] : steps_)
        if (!step.started && step.ended.empty()) step.ended = "skipped";
      paused_ = false;
    } else if (type == "workflow_paused") {
      if (paused_ || stopping_) violation("paused twice or while it was stopping");
      paused_ = true;
    } else if (type == "workflow_unpaused") {
      if (!paused_) violation("unpaused without a pause");
      paused_ = false;
    } else if (type == "workflow_ended") {
      workflow_ended_ = text(record, "status");
    } else if (type == "step_started") {
      start_step(record);
    } else if (type == "step_ended") {
      end_step(record);
    } else if (type == "tasks_dispatched" || type == "tasks_succeeded" ||
               type == "tasks_cancelled") {
      for (const Json& run : record.at("tasks").as_array())
        for (std::int64_t task = run.at(0).to_number<std::int64_t>();
             task <= run.at(1).to_number<std::int64_t>(); ++task)
          take_task(type, text(record, "step"), task, run.at(2).to_number<std::int64_t>(), at);
    } else if (type == "attempt_failed") {
      fail_attempt(record, at);
    }
  }

  void start_step(const json::object& record) {
    const std::string id = text(record, "step");
    StepBook& step = steps_[id];
    if (step.started || !step.ended.empty())
      violation("step " + id + " started twice or after its end");
    if (stopping_) violation("step " + id + " started while the workflow was stopping");
    step.started = true;
    step.tasks = number(record, "tasks");
    step.items = number(record, "items");
    if (defined(id).type == StepType::kWait) start_wait(record, id, step);
    bool any_useful = definition_.step(*definition_.find(id)).depends_on.empty();
    for (const StepIndex dependency : definition_.step(*definition_.find(id)).depends_on) {
      const std::string& ended = steps_[definition_.step(dependency).id].ended;
      if (ended.empty())
        violation("step " + id + " started before its dependency " +
                  definition_.step(dependency).id + " ended");
      if (ended == "completed" || ended == "failed") any_useful = true;
      if (ended == "failed" &&
          definition_.failure_strategy != workflow::FailureStrategy::kContinueOnPartial)
        violation("step " + id + " started although a dependency failed");
    }
    if (!any_useful) violation("step " + id + " started although all it depends on was skipped");
  }

  const Step& defined(const std::string& id) const {
    return definition_.step(*definition_.find(id));
  }

  void start_wait(const json::object& record, const std::string& id, StepBook& step) {
    const Step& wait = defined(id);
    const std::int64_t at = number(record, "at");
    if (record.contains("due")) step.due = number(record, "due");
    if (step.tasks != 0) violation("step " + id + " waits and has tasks");
    const milliseconds length = wait.wait.signal.empty() ? wait.wait.duration : wait.timeout;
    const bool has_due = wait.wait.signal.empty() || wait.timeout.count() > 0;
    if (step.due.has_value() != has_due) violation("step " + id + " ends by itself, or does not");
    if (step.due && !wait.wait.until && *step.due != at + length.count())
      violation("step " + id + " waits for longer or shorter than it should");
    must_be_taken_ = kept_signals_.contains(wait.wait.signal);
  }

  void receive_signal(const std::string& name) {
    kept_signals_.insert(name);
    for (const auto& [id, step] : steps_)
      if (step.started && step.ended.empty() && !stopping_ && defined(id).wait.signal == name)
        must_be_taken_ = true;
  }

  void take_signal(const std::string& id) {
    StepBook& step = steps_[id];
    if (!step.started || !step.ended.empty())
      violation("step " + id + " took a signal out of time");
    if (kept_signals_.erase(defined(id).wait.signal) == 0)
      violation("step " + id + " took a signal that was not there");
    step.took_signal = true;
  }

  void end_wait(const std::string& id, const StepBook& step) {
    const Step& wait = defined(id);
    const bool due = step.due && last_at_ >= *step.due;
    const bool by_signal = !wait.wait.signal.empty();
    const bool goes_on = wait.wait.on_timeout == workflow::OnTimeout::kContinue;
    if (step.ended == "completed" && !step.took_signal && !(due && (!by_signal || goes_on)))
      violation("step " + id + " completed without what it waited for");
    if (step.ended == "failed" && !(due && by_signal && !goes_on && !step.took_signal))
      violation("step " + id + " failed although its time was not over");
    if (step.took_signal && step.ended != "completed")
      violation("step " + id + " took a signal and did not complete");
  }

  void end_step(const json::object& record) {
    const std::string id = text(record, "step");
    StepBook& step = steps_[id];
    if (!step.ended.empty()) violation("step " + id + " ended twice");
    if (step.running != 0) violation("step " + id + " ended with attempts in flight");
    step.ended = text(record, "status");
    if (step.started && defined(id).type == StepType::kWait) end_wait(id, step);
    if (step.ended == "completed")
      for (std::int64_t i = 0; i < step.tasks; ++i)
        if (!step.by_index[i].succeeded && !step.by_index[i].failed)
          violation(fmt::format("step {} completed without an outcome of task {}", id, i));
    if (const Json* passed_over = record.if_contains("passed_over")) {
      for (const Json& target : passed_over->as_array()) {
        StepBook& skipped = steps_[std::string(target.as_string())];
        if (skipped.started) violation("a step was passed over after it started");
        if (skipped.ended.empty()) skipped.ended = "skipped";
      }
    }
  }

  void take_task(const std::string& type, const std::string& id, std::int64_t index,
                 std::int64_t attempt, std::int64_t at) {
    StepBook& step = steps_[id];
    Task& task = step.by_index[index];
    const auto say = [&](std::string_view what) {
      violation(fmt::format("step {} task {} attempt {}: {}", id, index, attempt, what));
    };
    if (!step.started || !step.ended.empty()) say("outside the life of its step");
    if (index >= step.tasks) say("is no task of the step");
    if (type == "tasks_dispatched") {
      if (task.running) say("dispatched while it runs");
      if (task.succeeded || task.failed) say("dispatched after its outcome");
      if (attempt != task.attempt + 1) say("does not follow the attempt before");
      if (at < task.not_before) say("dispatched before its retry wait was over");
      if (stopping_) say("dispatched while the workflow was stopping");
      if (paused_) say("dispatched while the workflow was paused");
      task.attempt = attempt;
      task.running = true;
      ++step.running;
      ++in_flight_;
      check_limits(id, step);
      return;
    }
    if (!task.running || attempt != task.attempt)
      say("accepted although it is not the current attempt");
    task.running = false;
    --step.running;
    --in_flight_;
    if (type == "tasks_succeeded") {
      if (task.succeeded) say("succeeded twice");
      task.succeeded = true;
    }
  }

  void fail_attempt(const json::object& record, std::int64_t at) {
    const std::string id = text(record, "step");
    const std::int64_t index = number(record, "task");
    take_task("attempt_failed", id, index, number(record, "attempt"), at);
    Task& task = steps_[id].by_index[index];
    task.counted_failures += number(record, "counts", 1);
    const auto max_attempts =
        static_cast<std::int64_t>(definition_.step(*definition_.find(id)).retry.max_attempts);
    if (task.counted_failures > max_attempts)
      violation("step " + id + " tried a task more often than max_attempts");
    if (record.contains("retry_delay_ms")) {
      if (task.counted_failures >= max_attempts)
        violation("step " + id + " retries past max_attempts");
      task.not_before = at + number(record, "retry_delay_ms");
    } else {
      task.failed = true;
    }
  }

  void check_limits(const std::string& id, const StepBook& step) {
    const Step& defined_step = defined(id);
    if (definition_.max_parallel > 0 && in_flight_ > definition_.max_parallel)
      violation("more in flight than max_parallel");
    if (defined_step.type == StepType::kMap && defined_step.map.max_concurrency > 0 &&
        step.running > defined_step.map.max_concurrency)
      violation("step " + id + " has more in flight than max_concurrency");
  }

  void check_end() {
    if (in_flight_ != 0) violation("ended with attempts in flight");
    bool failed = false;
    for (const auto& [id, step] : steps_) {
      if (step.ended.empty()) violation("ended although step " + id + " has not");
      failed = failed || step.ended == "failed";
      if (step.ended == "completed" && step.started) check_output(id, step);
    }
    const bool partial =
        definition_.failure_strategy == workflow::FailureStrategy::kContinueOnPartial;
    if (!stopping_ && workflow_ended_ != (failed && !partial ? "failed" : "completed"))
      violation("ended as " + workflow_ended_ +
                (failed ? " although a step failed" : " although no step failed"));
    if (loaded_.status != workflow_ended_)
      violation("is listed as " + loaded_.status + " but ended as " + workflow_ended_);
  }

  /// Simulated agents give results that follow from the task alone.
  void check_output(const std::string& id, const StepBook& step) {
    const Step& defined_step = defined(id);
    if (!defined_step.runs_agents()) return;
    const bool list =
        defined_step.type == StepType::kMap || defined_step.type == StepType::kParallel;
    const std::string key = list ? id + "_results" : id;
    const auto stored = loaded_.state.find(key);
    if (stored == loaded_.state.end()) return violation("has no " + key + " in its state");
    std::string expected = list ? "[" : "0";
    const bool batches = defined_step.type == StepType::kMap && defined_step.map.batch_size > 1;
    for (std::int64_t i = 0; list && i < (batches ? step.items : step.tasks); ++i) {
      const std::int64_t task = batches ? i / defined_step.map.batch_size : i;
      const bool ok = step.by_index.contains(task) && step.by_index.at(task).succeeded;
      expected += i == 0 ? "" : ",";
      expected += !ok ? "null" : batches ? std::to_string(i) : fmt::format(R"({{"{}":{}}})", id, i);
    }
    if (list) expected += "]";
    if (stored->second != expected)
      violation(fmt::format("has {} = {} instead of {}", key, stored->second, expected));
  }

  const store::LoadedWorkflow& loaded_;
  const Definition& definition_;
  std::vector<std::string> violations_;
  std::map<std::string, StepBook> steps_;
  std::size_t number_ = 0;
  std::int64_t last_at_ = 0;
  std::int64_t in_flight_ = 0;
  bool stopping_ = false;
  bool paused_ = false;
  std::set<std::string> kept_signals_;
  bool must_be_taken_ = false;  ///< What comes next says who took a signal.
  std::string workflow_ended_;
};

}  // namespace

std::vector<std::string> check_history(const store::LoadedWorkflow& loaded,
                                       const Definition& definition, bool must_have_ended) {
  return Checker(loaded, definition).run(must_have_ended);
}

}  // namespace agentainer::sim

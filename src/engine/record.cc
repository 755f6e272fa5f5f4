#include "engine/record.h"

#include <iterator>

namespace agentainer::engine {
namespace {

using workflow::Definition;

/// Builds `{"type":…,"at":…,…}` as text: records are written far more often than read.
class Writer {
 public:
  Writer(std::string_view type, TimePoint at) {
    out_ = fmt::format(R"({{"type":"{}","at":{})", type, at.time_since_epoch().count());
  }
  Writer& text(std::string_view key, std::string_view value) {
    name(key);
    append_json_string(out_, value);
    return *this;
  }
  /// Left out when empty.
  Writer& optional_text(std::string_view key, std::string_view value) {
    return value.empty() ? *this : text(key, value);
  }
  Writer& number(std::string_view key, std::int64_t value) {
    name(key);
    fmt::format_to(std::back_inserter(out_), "{}", value);
    return *this;
  }
  Writer& runs(const std::vector<TaskRun>& runs) {
    name("tasks");
    char separator = '[';
    for (const TaskRun& run : runs) {
      fmt::format_to(std::back_inserter(out_), "{}[{},{},{}]", separator, run.first, run.last,
                     run.attempt);
      separator = ',';
    }
    out_ += runs.empty() ? "[]" : "]";
    return *this;
  }
  template <typename Range, typename F>
  Writer& list(std::string_view key, const Range& values, F&& append) {
    name(key);
    out_.push_back('[');
    bool first = true;
    for (const auto& value : values) {
      if (!first) out_.push_back(',');
      first = false;
      append(out_, value);
    }
    out_.push_back(']');
    return *this;
  }
  std::string done() {
    out_.push_back('}');
    return std::move(out_);
  }

 private:
  void name(std::string_view key) {
    out_ += ",\"";
    out_ += key;
    out_ += "\":";
  }
  std::string out_;
};

void append_number(std::string& out, std::uint64_t value) {
  fmt::format_to(std::back_inserter(out), "{}", value);
}

struct Encode {
  TimePoint at;
  const Definition& definition;

  Writer step(std::string_view type, StepIndex index) const {
    Writer writer(type, at);
    writer.text("step", definition.step(index).id);
    return writer;
  }

  Writer operator()(const WorkflowCreated& r) const {
    return Writer("workflow_created", at).text("name", r.name);
  }
  Writer operator()(const WorkflowStarted&) const { return Writer("workflow_started", at); }
  Writer operator()(const WorkflowStopping& r) const {
    return Writer("workflow_stopping", at)
        .text("outcome", to_string(r.outcome))
        .text("reason", r.reason);
  }
  Writer operator()(const WorkflowEnded& r) const {
    return Writer("workflow_ended", at)
        .text("status", to_string(r.status))
        .optional_text("reason", r.reason);
  }
  Writer operator()(const WorkflowResumed&) const { return Writer("workflow_resumed", at); }
  Writer operator()(const WorkflowPaused&) const { return Writer("workflow_paused", at); }
  Writer operator()(const WorkflowUnpaused&) const { return Writer("workflow_unpaused", at); }
  Writer operator()(const StepStarted& r) const {
    Writer writer = step("step_started", r.step);
    writer.number("tasks", r.tasks)
        .number("items", r.items)
        .optional_text("fingerprint", r.fingerprint);
    if (r.due) writer.number("due", r.due->time_since_epoch().count());
    return writer;
  }
  Writer operator()(const StepStopping& r) const {
    return step("step_stopping", r.step)
        .text("outcome", to_string(r.outcome))
        .text("reason", r.reason);
  }
  Writer operator()(const StepEnded& r) const {
    Writer writer = step("step_ended", r.step);
    writer.text("status", to_string(r.status))
        .optional_text("reason", r.reason)
        .optional_text("choice", r.choice);
    if (!r.passed_over.empty())
      writer.list("passed_over", r.passed_over, [&](std::string& out, StepIndex index) {
        append_json_string(out, definition.step(index).id);
      });
    return writer;
  }
  Writer operator()(const TasksDispatched& r) const {
    return step("tasks_dispatched", r.step).runs(r.tasks);
  }
  Writer operator()(const TasksSucceeded& r) const {
    return step("tasks_succeeded", r.step)
        .runs(r.tasks)
        .list("durations_ms", r.durations_ms,
              [](std::string& out, std::uint32_t ms) { append_number(out, ms); });
  }
  Writer operator()(const TasksCancelled& r) const {
    return step("tasks_cancelled", r.step).runs(r.tasks);
  }
  Writer operator()(const AttemptFailed& r) const {
    Writer writer = attempt("attempt_failed", r.step, r.task, r.attempt);
    writer.text("cause", to_string(r.cause))
        .text("message", r.message)
        .number("duration_ms", r.duration_ms);
    if (r.cause == FailureCause::kExitCode || r.exit_code != 0)
      writer.number("exit_code", r.exit_code);
    if (r.signal != 0) writer.number("signal", r.signal);
    if (!r.counts) writer.number("counts", 0);
    if (r.retry_delay_ms) writer.number("retry_delay_ms", *r.retry_delay_ms);
    return writer;
  }
  Writer operator()(const ResultRefused& r) const {
    return attempt("result_refused", r.step, r.task, r.attempt);
  }
  Writer operator()(const StateChanged& r) const {
    return Writer("state_changed", at)
        .list("keys", r.keys,
              [](std::string& out, const std::string& key) { append_json_string(out, key); });
  }

  Writer operator()(const SignalReceived& r) const {
    return Writer("signal_received", at).text("name", r.name);
  }
  Writer operator()(const SignalTaken& r) const { return step("signal_taken", r.step); }

  Writer attempt(std::string_view type, StepIndex index, TaskIndex task, Attempt attempt) const {
    return step(type, index).number("task", to_int(task)).number("attempt", to_int(attempt));
  }
};

/// Reads the members of one record; the first fault is kept and ends up in the Result.
class Reader {
 public:
  Reader(const json::object& object, const Definition& definition)
      : object_(object), definition_(definition) {}

  std::string text(std::string_view key) {
    const Json* value = object_.if_contains(key);
    if (value == nullptr) return {};
    if (!value->is_string()) return fault(key), std::string();
    return std::string(value->get_string());
  }
  template <typename Int = std::uint32_t>
  Int number(std::string_view key, Int missing = 0) {
    const Json* value = object_.if_contains(key);
    if (value == nullptr) return missing;
    return as_int<Int>(*value, key);
  }
  std::optional<TimePoint> time(std::string_view key) {
    if (!has(key)) return std::nullopt;
    return TimePoint(milliseconds(number<std::int64_t>(key)));
  }
  bool has(std::string_view key) const { return object_.contains(key); }

  StepIndex step(std::string_view key = "step") { return find_step(text(key)); }
  std::vector<StepIndex> steps(std::string_view key) {
    std::vector<StepIndex> found;
    for (const Json& value : array(key)) {
      if (!value.is_string()) return fault(key), found;
      found.push_back(find_step(std::string(value.get_string())));
    }
    return found;
  }
  std::vector<TaskRun> runs() {
    std::vector<TaskRun> runs;
    for (const Json& value : array("tasks")) {
      if (!value.is_array() || value.get_array().size() != 3) return fault("tasks"), runs;
      const json::array& run = value.get_array();
      runs.push_back({as_int<std::uint32_t>(run[0], "tasks"),
                      as_int<std::uint32_t>(run[1], "tasks"),
                      as_int<std::uint32_t>(run[2], "tasks")});
    }
    return runs;
  }
  std::vector<std::uint32_t> numbers(std::string_view key) {
    std::vector<std::uint32_t> values;
    for (const Json& value : array(key)) values.push_back(as_int<std::uint32_t>(value, key));
    return values;
  }
  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> values;
    for (const Json& value : array(key)) {
      if (!value.is_string()) return fault(key), values;
      values.emplace_back(value.get_string());
    }
    return values;
  }
  template <typename T>
  T one_of(std::string_view key, std::optional<T> (*parse)(std::string_view)) {
    const std::optional<T> value = parse(text(key));
    if (!value) fault(key);
    return value.value_or(T{});
  }
  void fault(std::string_view key) {
    if (fault_.empty()) fault_ = key;
  }
  const std::string& first_fault() const { return fault_; }

 private:
  template <typename Int>
  Int as_int(const Json& value, std::string_view key) {
    json::error_code error;
    const Int number = value.to_number<Int>(error);
    if (error) return fault(key), Int{};
    return number;
  }
  const json::array& array(std::string_view key) {
    static const json::array kEmpty;
    const Json* value = object_.if_contains(key);
    if (value == nullptr) return kEmpty;
    if (!value->is_array()) return fault(key), kEmpty;
    return value->get_array();
  }
  StepIndex find_step(const std::string& id) {
    const std::optional<StepIndex> index = definition_.find(id);
    if (!index) fault("step");
    return index.value_or(StepIndex{0});
  }

  const json::object& object_;
  const Definition& definition_;
  std::string fault_;
};

AttemptFailed read_attempt_failed(Reader& in) {
  AttemptFailed record;
  record.step = in.step();
  record.task = TaskIndex{in.number("task")};
  record.attempt = Attempt{in.number("attempt")};
  record.cause = in.one_of<FailureCause>("cause", parse_failure_cause);
  record.exit_code = in.number<int>("exit_code");
  record.signal = in.number<int>("signal");
  record.message = in.text("message");
  record.duration_ms = in.number("duration_ms");
  record.counts = in.number("counts", 1) != 0;
  if (in.has("retry_delay_ms")) record.retry_delay_ms = in.number<std::int64_t>("retry_delay_ms");
  return record;
}

std::optional<RecordBody> read_step_record(std::string_view type, Reader& in) {
  if (type == "step_started")
    return StepStarted{in.step(), in.number("tasks"), in.number("items"), in.text("fingerprint"),
                       in.time("due")};
  if (type == "step_stopping")
    return StepStopping{in.step(), in.one_of<StepStatus>("outcome", parse_step_status),
                        in.text("reason")};
  if (type == "step_ended")
    return StepEnded{in.step(), in.one_of<StepStatus>("status", parse_step_status),
                     in.text("reason"), in.text("choice"), in.steps("passed_over")};
  if (type == "signal_taken") return SignalTaken{in.step()};
  if (type == "tasks_dispatched") return TasksDispatched{in.step(), in.runs()};
  if (type == "tasks_succeeded")
    return TasksSucceeded{in.step(), in.runs(), in.numbers("durations_ms")};
  if (type == "tasks_cancelled") return TasksCancelled{in.step(), in.runs()};
  if (type == "attempt_failed") return read_attempt_failed(in);
  if (type == "result_refused")
    return ResultRefused{in.step(), TaskIndex{in.number("task")}, Attempt{in.number("attempt")}};
  return std::nullopt;
}

std::optional<RecordBody> read_record(std::string_view type, Reader& in) {
  if (type == "workflow_created") return WorkflowCreated{in.text("name")};
  if (type == "workflow_started") return WorkflowStarted{};
  if (type == "workflow_stopping")
    return WorkflowStopping{in.one_of<WorkflowStatus>("outcome", parse_workflow_status),
                            in.text("reason")};
  if (type == "workflow_ended")
    return WorkflowEnded{in.one_of<WorkflowStatus>("status", parse_workflow_status),
                         in.text("reason")};
  if (type == "workflow_resumed") return WorkflowResumed{};
  if (type == "signal_received") return SignalReceived{in.text("name")};
  if (type == "workflow_paused") return WorkflowPaused{};
  if (type == "workflow_unpaused") return WorkflowUnpaused{};
  if (type == "state_changed") return StateChanged{in.texts("keys")};
  return read_step_record(type, in);
}

}  // namespace

std::string bounded(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    // Not in the middle of a character: at most three bytes continue one.
    std::size_t end = max_bytes;
    while (end > 0 && max_bytes - end < 3 && (text[end] & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  return to_valid_utf8(text);
}

std::string encode(const Record& record, const Definition& definition) {
  return std::visit(Encode{record.at, definition}, record.body).done();
}

Result<Record> decode(std::string_view text, const Definition& definition) {
  Result<Json> value = parse_json(text);
  if (!value) return tl::make_unexpected(value.error());
  if (!value->is_object()) return fail(ErrorCode::kInvalid, "a record is a JSON object");
  Reader in(value->get_object(), definition);
  Record record;
  record.at = TimePoint(milliseconds(in.number<std::int64_t>("at")));
  const std::string type = in.text("type");
  std::optional<RecordBody> body = read_record(type, in);
  if (!body)
    return fail(ErrorCode::kInvalid, "unknown record type '{}': written by a newer version?", type);
  if (!in.first_fault().empty())
    return fail(ErrorCode::kInvalid, "record of type '{}' with a bad '{}'", type, in.first_fault());
  record.body = std::move(*body);
  return record;
}

}  // namespace agentainer::engine

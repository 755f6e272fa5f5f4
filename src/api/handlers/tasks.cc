#include <charconv>

#include "api/handlers/handlers.h"
#include "api/views.h"
#include "runtime/logs.h"
#include "runtime/text.h"

namespace agentainer::api {
namespace {

using engine::WorkflowState;

constexpr std::uint32_t kMaxLooked = 200'000;  ///< Tasks looked at for one page of a filter.

std::optional<engine::TaskStatus> parse_task_status(std::string_view text) {
  using engine::TaskStatus;
  for (const TaskStatus status :
       {TaskStatus::kWaiting, TaskStatus::kRunning, TaskStatus::kRetrying, TaskStatus::kSucceeded,
        TaskStatus::kFailed, TaskStatus::kCancelled})
    if (text == to_string(status)) return status;
  return std::nullopt;
}

std::optional<std::uint32_t> parse_number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Place {
  std::uint32_t step = 0;
  std::uint32_t task = 0;
};

std::optional<Place> parse_place(std::string_view cursor) {
  const std::size_t dot = cursor.find('.');
  if (dot == cursor.npos) return std::nullopt;
  const auto step = parse_number(cursor.substr(0, dot));
  const auto task = parse_number(cursor.substr(dot + 1));
  if (!step || !task) return std::nullopt;
  return Place{*step, *task};
}

struct TaskQuery {
  Place from;
  std::uint32_t last_step = 0;  ///< Included.
  std::size_t limit = 0;
  std::optional<engine::TaskStatus> status;
};

Json tasks_page(const WorkflowState& state, const TaskQuery& query) {
  json::array tasks;
  Json next;
  std::uint32_t looked = 0;
  Place place = query.from;
  for (; place.step <= query.last_step && place.step < state.steps.size(); ++place.step) {
    const engine::TaskTable& table = state.steps[place.step].tasks;
    for (; place.task < table.size(); ++place.task) {
      if (tasks.size() == query.limit || ++looked > kMaxLooked) {
        next = fmt::format("{}.{}", place.step, place.task);
        return {{"tasks", std::move(tasks)}, {"next", std::move(next)}};
      }
      const TaskIndex task{place.task};
      if (!query.status || table.status(task) == *query.status)
        tasks.push_back(task_view(state, StepIndex{place.step}, task));
    }
    place.task = 0;
  }
  return {{"tasks", std::move(tasks)}, {"next", nullptr}};
}

/// Reads limit, cursor and status; what is wrong is answered, and then there is none.
std::optional<TaskQuery> read_query(const CallPtr& call) {
  TaskQuery query;
  const Result<std::int64_t> limit = call->integer("limit", 100, 1, 1000);
  if (!limit) {
    call->refuse(limit.error());
    return std::nullopt;
  }
  query.limit = static_cast<std::size_t>(*limit);
  if (const std::string* cursor = call->query("cursor")) {
    const auto place = parse_place(*cursor);
    if (!place) {
      call->refuse({ErrorCode::kInvalid, "that is no cursor of a page"});
      return std::nullopt;
    }
    query.from = *place;
  }
  if (const std::string* status = call->query("status")) {
    query.status = parse_task_status(*status);
    if (!query.status) {
      call->refuse({ErrorCode::kInvalid,
                    "status has to be waiting, running, retrying, succeeded, failed or cancelled"});
      return std::nullopt;
    }
  }
  return query;
}

Result<StepIndex> find_step(const WorkflowState& state, const std::string& id) {
  if (const auto step = state.definition->find(id)) return *step;
  return fail(ErrorCode::kNotFound, "the workflow has no step '{}'", to_valid_utf8(id));
}

struct TaskPlace {
  StepIndex step{};
  TaskIndex task{};
  Attempt attempt{};
};

Result<TaskPlace> find_task(const WorkflowState& state, const Call& call) {
  const Result<StepIndex> step = find_step(state, call.parameter("step"));
  if (!step) return tl::make_unexpected(step.error());
  const engine::TaskTable& tasks = state.step(*step).tasks;
  const auto number = parse_number(call.parameter("task"));
  if (!number || *number >= tasks.size())
    return fail(ErrorCode::kNotFound, "the step has {} tasks, numbered from 0", tasks.size());
  return TaskPlace{*step, TaskIndex{*number}, tasks.attempt(TaskIndex{*number})};
}

Json json_or_null(const std::optional<std::string>& text) {
  if (!text) return nullptr;
  Result<Json> value = parse_json(*text);
  return value ? std::move(*value) : Json(to_valid_utf8(*text));
}

}  // namespace

void list_jobs(Context& context, const CallPtr& call) {
  auto query = read_query(call);
  if (!query) return;
  context.archive.look(call->workflow(), [call, query](Result<const WorkflowState*> state) mutable {
    if (!state) return call->refuse(state.error());
    query->last_step = static_cast<std::uint32_t>((*state)->steps.size());
    call->succeed(tasks_page(**state, *query));
  });
}

void list_steps(Context& context, const CallPtr& call) {
  context.archive.look(call->workflow(), [call](Result<const WorkflowState*> state) {
    if (!state) return call->refuse(state.error());
    call->succeed(steps_view(**state));
  });
}

void list_tasks(Context& context, const CallPtr& call) {
  auto query = read_query(call);
  if (!query) return;
  context.archive.look(call->workflow(), [call, query](Result<const WorkflowState*> state) mutable {
    if (!state) return call->refuse(state.error());
    const Result<StepIndex> step = find_step(**state, call->parameter("step"));
    if (!step) return call->refuse(step.error());
    if (call->query("cursor") == nullptr) query->from = {to_int(*step), 0};
    if (query->from.step != to_int(*step))
      return call->refuse({ErrorCode::kInvalid, "that cursor is of another step"});
    query->last_step = to_int(*step);
    call->succeed(tasks_page(**state, *query));
  });
}

void get_task(Context& context, const CallPtr& call) {
  context.archive.look(call->workflow(), [&context, call](Result<const WorkflowState*> state) {
    if (!state) return call->refuse(state.error());
    const Result<TaskPlace> place = find_task(**state, *call);
    if (!place) return call->refuse(place.error());
    auto view = std::make_shared<Json>(task_view(**state, place->step, place->task));
    context.store.read_task_outputs(
        call->workflow(), (*state)->definition->step(place->step).id, place->task, 1,
        [call, view](const Result<std::vector<store::StoredTaskOutput>>& outputs) {
          if (!outputs) return call->refuse(outputs.error());
          const store::StoredTaskOutput output =
              outputs->empty() ? store::StoredTaskOutput() : outputs->front();
          call->succeed({{"task", std::move(*view)},
                         {"result", json_or_null(output.result)},
                         {"error", json_or_null(output.error)}});
        });
  });
}

void read_task_log(Context& context, const CallPtr& call) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t kMaxBytes = 1024 * 1024;
  const auto offset = call->integer("offset", 0, -kMost, kMost);
  const auto bytes = call->integer("bytes", 64 * 1024, 1, kMaxBytes);
  const auto attempt = call->integer("attempt", 0, 1, 1'000'000);
  for (const auto* value : {&offset, &bytes, &attempt})
    if (!*value) return call->refuse(value->error());
  const std::string* name = call->query("stream");
  if (name != nullptr && *name != "stdout" && *name != "stderr")
    return call->refuse({ErrorCode::kInvalid, "stream has to be stdout or stderr"});
  const auto stream = name != nullptr && *name == "stderr" ? runtime::LogStream::kStderr
                                                           : runtime::LogStream::kStdout;
  context.archive.look(call->workflow(), [&context, call, offset = *offset, bytes = *bytes,
                                          attempt = *attempt,
                                          stream](Result<const WorkflowState*> state) {
    if (!state) return call->refuse(state.error());
    const Result<TaskPlace> place = find_task(**state, *call);
    if (!place) return call->refuse(place.error());
    if (attempt > to_int(place->attempt))
      return call->refuse({ErrorCode::kNotFound,
                           fmt::format("the task has had {} attempts", to_int(place->attempt))});
    const runtime::LogId id{
        call->workflow(), call->parameter("step"), place->task,
        attempt > 0 ? Attempt{static_cast<std::uint32_t>(attempt)} : place->attempt, stream};
    const auto range = runtime::read_log(context.options.data_directory, id, offset,
                                         static_cast<std::size_t>(bytes));
    if (!range) return call->refuse(range.error());
    call->succeed({{"text", runtime::inert_text(range->bytes)},
                   {"offset", range->offset},
                   {"next_offset", range->offset + static_cast<std::int64_t>(range->bytes.size())},
                   {"size_bytes", range->size_bytes}});
  });
}

}  // namespace agentainer::api

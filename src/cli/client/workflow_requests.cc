#include "cli/client/workflow_requests.h"

#include <unistd.h>

#include "cli/command.h"
#include "cli/text/documents.h"
#include "cli/text/format.h"
#include "cli/text/terminal.h"
#include "cli/workflow_file.h"
#include "net/http/message.h"

namespace agentainer::cli {
namespace {

std::string_view text_of(const Json& object, std::string_view key) {
  const Json* value = object.is_object() ? object.get_object().if_contains(key) : nullptr;
  return value != nullptr && value->is_string() ? std::string_view(value->get_string())
                                                : std::string_view();
}

std::int64_t number_of(const Json& object, std::string_view key) {
  const Json* value = object.is_object() ? object.get_object().if_contains(key) : nullptr;
  return value != nullptr && value->is_int64() ? value->get_int64() : 0;
}

const json::array& list_of(const Json& object, std::string_view key) {
  static const json::array kNone;
  const Json* value = object.is_object() ? object.get_object().if_contains(key) : nullptr;
  return value != nullptr && value->is_array() ? value->get_array() : kNone;
}

ExitCode exit_code_of_status(std::string_view status) {
  if (status == "completed") return ExitCode::kOk;
  return status == "cancelled" ? ExitCode::kCancelled : ExitCode::kFailed;
}

/// The full id of "latest" or of an id.
Result<std::string> resolve(ServerClient& client, const std::string& reference) {
  if (reference != "latest") return net::percent_encode(reference);
  const Result<Json> page = client.call({.target = "/workflows?limit=1"});
  if (!page) return tl::make_unexpected(page.error());
  const json::array& workflows = list_of(*page, "workflows");
  if (workflows.empty()) return fail(ErrorCode::kNotFound, "the server has no workflows yet");
  return std::string(text_of(workflows[0], "id"));
}

ExitCode with_client(const WorkflowRequestPtr& options,
                     const std::function<Result<ExitCode>(ServerClient&)>& use) {
  CommandLoop loop;
  Result<ServerClient> client = ServerClient::connect(loop, options->server);
  if (!client) return fail_command(loop, client.error());
  const Result<ExitCode> code = use(*client);
  return code ? *code : fail_command(loop, code.error());
}

/// As `resolve`, then the use of the workflow's path, "/workflows/<id>".
ExitCode with_workflow(
    const WorkflowRequestPtr& options,
    const std::function<Result<ExitCode>(ServerClient&, const std::string&)>& use) {
  return with_client(options, [&](ServerClient& client) -> Result<ExitCode> {
    const Result<std::string> id = resolve(client, options->reference);
    if (!id) return tl::make_unexpected(id.error());
    return use(client, "/workflows/" + *id);
  });
}

/// In another form than a table. `rows` of a list are its lines and names.
ExitCode print_data(const WorkflowRequest& options, const Json& data, const json::array& rows) {
  const bool terminal = isatty(STDOUT_FILENO) == 1;
  std::string text;
  if (options.output == "jsonl") {
    for (const Json& row : rows) text += to_text(row) + '\n';
  } else if (options.output == "name") {
    for (const Json& row : rows) text += std::string(text_of(row, "id")) + '\n';
  } else {
    text = document(data, options.output == "yaml" ? DocumentFormat::kYaml : DocumentFormat::kJson,
                    terminal);
  }
  return print_document(text).value_or(ExitCode::kOk);
}

ExitCode print_one(const WorkflowRequest& options, const Json& data) {
  return print_data(options, data, json::array{data});
}

ExitCode print_table(const Table& table) {
  return print_output(table.render(detect_terminal(STDOUT_FILENO).style, output_columns()))
      .value_or(ExitCode::kOk);
}

Tone tone_of_text(std::string_view status) {
  if (status == "completed" || status == "succeeded") return Tone::kGood;
  if (status == "failed" || status == "cancelled") return Tone::kBad;
  return status == "running" ? Tone::kStrong : Tone::kFaint;
}

// Waiting for the end.

/// Prints each event as a line unless `quiet`; the workflow's final status.
Result<std::string> wait_for_end(ServerClient& client, const std::string& path, bool quiet) {
  std::string status;
  const Status watched = client.watch(path + "/events", [&](const ServerClient::Event& event) {
    const Result<Json> record = parse_json(event.data);
    if (!record) return true;
    if (!quiet) {
      json::object rest = record->is_object() ? record->get_object() : json::object();
      rest.erase("type");
      rest.erase("at");
      print_error(fmt::format("{} {}\n", event.type, rest.empty() ? "" : to_text(rest)));
    }
    if (event.type != "workflow_ended") return true;
    status = text_of(*record, "status");
    return false;
  });
  if (!watched) return tl::make_unexpected(watched.error());
  return status;
}

Result<ExitCode> finish(ServerClient& client, const WorkflowRequest& options,
                        const std::string& path) {
  const auto status = wait_for_end(client, path, false);
  if (!status) return tl::make_unexpected(status.error());
  const Result<Json> state = client.call({.target = path + "/state"});
  if (!state) return tl::make_unexpected(state.error());
  const ExitCode printed = print_one(options, *state);
  return printed == ExitCode::kOk ? exit_code_of_status(*status) : printed;
}

Result<Json> submit(ServerClient& client, const WorkflowRequest& options, const WorkflowFile& file,
                    bool start) {
  Request request;
  request.method = "POST";
  request.target = fmt::format("/workflows?start={}", start);
  // Relative images are meant to start at the file, where the server is on this machine.
  if (options.server.server.empty() && options.server.context.empty())
    request.target += "&source_directory=" + net::percent_encode(file.source_directory);
  request.body = file.text;
  request.content_type = "application/yaml";
  request.idempotency_key = options.idempotency_key;
  return client.call(request);
}

}  // namespace

ExitCode create_workflow(const WorkflowRequestPtr& options, bool start) {
  const Result<WorkflowFile> file = read_workflow_file(options->file);
  if (!file) {
    complain(file.error().message);
    return ExitCode::kUsage;
  }
  return with_client(options, [&](ServerClient& client) -> Result<ExitCode> {
    const Result<Json> made = submit(client, *options, *file, start);
    if (!made) return tl::make_unexpected(made.error());
    const std::string id(text_of(*made, "id"));
    if (options->waits) return finish(client, *options, "/workflows/" + id);
    if (options->output == "table") return print_output(id + '\n').value_or(ExitCode::kOk);
    return print_one(*options, *made);
  });
}

ExitCode list_workflows(const WorkflowRequestPtr& options) {
  return with_client(options, [&](ServerClient& client) -> Result<ExitCode> {
    std::string target = fmt::format("/workflows?limit={}", options->limit);
    if (!options->status.empty()) target += "&status=" + net::percent_encode(options->status);
    if (!options->name.empty()) target += "&name=" + net::percent_encode(options->name);
    const Result<Json> page = client.call({.target = target});
    if (!page) return tl::make_unexpected(page.error());
    const json::array& workflows = list_of(*page, "workflows");
    if (options->output != "table") return print_data(*options, *page, workflows);
    if (workflows.empty()) {
      remark("no workflow fits");
      return ExitCode::kOk;
    }
    Table table({{"ID"}, {"NAME"}, {"STATUS"}, {"CREATED"}});
    for (const Json& workflow : workflows)
      table.add(
          {{std::string(text_of(workflow, "id"))},
           {std::string(text_of(workflow, "name")), Tone::kStrong},
           {std::string(text_of(workflow, "status")), tone_of_text(text_of(workflow, "status"))},
           {std::string(text_of(workflow, "created_at"))}});
    return print_table(table);
  });
}

ExitCode get_workflow(const WorkflowRequestPtr& options) {
  return with_workflow(
      options, [&](ServerClient& client, const std::string& path) -> Result<ExitCode> {
        const bool is_table = options->output == "table";
        const Result<Json> workflow =
            client.call({.target = path + (is_table ? "?state=false" : "")});
        if (!workflow) return tl::make_unexpected(workflow.error());
        if (!is_table) return print_one(*options, *workflow);
        std::string head = fmt::format("{}  {}  {}\n", text_of(*workflow, "id"),
                                       text_of(*workflow, "name"), text_of(*workflow, "status"));
        if (!text_of(*workflow, "reason").empty())
          head += fmt::format("{}\n", text_of(*workflow, "reason"));
        if (const auto ended = print_document(head + '\n')) return *ended;
        Table table({{"STEP"}, {"TYPE"}, {"STATUS"}, {"TASKS", true}, {"NOTE"}});
        for (const Json& step : list_of(*workflow, "steps")) {
          const Json& tasks = step.get_object().at("tasks");
          table.add(
              {{std::string(text_of(step, "id"))},
               {std::string(text_of(step, "type")), Tone::kFaint},
               {std::string(text_of(step, "status")), tone_of_text(text_of(step, "status"))},
               {fmt::format("{}/{}", number_of(tasks, "succeeded"), number_of(tasks, "total"))},
               {std::string(text_of(step, "reason"))}});
        }
        return print_table(table);
      });
}

ExitCode list_jobs(const WorkflowRequestPtr& options) {
  return with_workflow(
      options, [&](ServerClient& client, const std::string& path) -> Result<ExitCode> {
        std::string target = fmt::format("{}/jobs?limit={}", path, options->limit);
        if (!options->step.empty())
          target = fmt::format("{}/steps/{}/tasks?limit={}", path,
                               net::percent_encode(options->step), options->limit);
        const Result<Json> page = client.call({.target = target});
        if (!page) return tl::make_unexpected(page.error());
        const json::array& tasks = list_of(*page, "tasks");
        if (options->output != "table") return print_data(*options, *page, tasks);
        Table table({{"STEP"}, {"TASK", true}, {"STATUS"}, {"ATTEMPT", true}});
        for (const Json& task : tasks)
          table.add({{std::string(text_of(task, "step_id"))},
                     {std::to_string(number_of(task, "index"))},
                     {std::string(text_of(task, "status")), tone_of_text(text_of(task, "status"))},
                     {std::to_string(number_of(task, "attempt"))}});
        return print_table(table);
      });
}

ExitCode act_on_workflow(const WorkflowRequestPtr& options, const std::string& method,
                         const std::string& action) {
  return with_workflow(
      options, [&](ServerClient& client, const std::string& path) -> Result<ExitCode> {
        Request request{.method = method, .target = path + action};
        if (!options->reason.empty())
          request.body = to_text(json::object{{"reason", options->reason}});
        const Result<Json> done = client.call(request);
        if (!done) return tl::make_unexpected(done.error());
        if (options->waits) return finish(client, *options, path);
        return print_output(std::string(text_of(*done, "id")) + '\n').value_or(ExitCode::kOk);
      });
}

ExitCode watch_workflow(const WorkflowRequestPtr& options) {
  return with_workflow(options,
                       [&](ServerClient& client, const std::string& path) -> Result<ExitCode> {
                         const auto status = wait_for_end(client, path, false);
                         if (!status) return tl::make_unexpected(status.error());
                         remark("the workflow has " + *status);
                         return exit_code_of_status(*status);
                       });
}

ExitCode print_events(const WorkflowRequestPtr& options) {
  return with_workflow(
      options, [&](ServerClient& client, const std::string& path) -> Result<ExitCode> {
        std::optional<ExitCode> refused;
        if (options->follows) {
          const Status watched = client.watch(path + "/events", [&](const auto& event) {
            refused = print_document(event.data + '\n');
            return !refused;
          });
          if (!watched) return tl::make_unexpected(watched.error());
          return refused.value_or(ExitCode::kOk);
        }
        for (std::int64_t after = 0;;) {
          const Result<Json> page =
              client.call({.target = fmt::format("{}/history?limit=1000&after={}", path, after)});
          if (!page) return tl::make_unexpected(page.error());
          std::string text;
          for (const Json& record : list_of(*page, "records")) text += to_text(record) + '\n';
          if (const auto ended = print_document(text)) return *ended;
          after = number_of(*page, "next");
          if (after == 0) return ExitCode::kOk;
        }
      });
}

ExitCode print_logs(const WorkflowRequestPtr& options) {
  return with_workflow(
      options, [&](ServerClient& client, const std::string& path) -> Result<ExitCode> {
        for (const std::string_view stream : {"stdout", "stderr"}) {
          for (std::int64_t offset = 0;;) {
            const Result<Json> part = client.call(
                {.target = fmt::format("{}/steps/{}/tasks/{}/log?stream={}&offset={}&bytes=1048576",
                                       path, net::percent_encode(options->step), options->task,
                                       stream, offset)});
            if (!part) return tl::make_unexpected(part.error());
            const std::string text(text_of(*part, "text"));
            if (stream == "stderr") {
              print_error(text);
            } else if (const auto ended = print_document(text)) {
              return *ended;
            }
            const std::int64_t next = number_of(*part, "next_offset");
            if (next >= number_of(*part, "size_bytes") || next <= offset) break;
            offset = next;
          }
        }
        return ExitCode::kOk;
      });
}

ExitCode use_state(const WorkflowRequestPtr& options) {
  return with_workflow(
      options, [&](ServerClient& client, const std::string& path) -> Result<ExitCode> {
        std::string target = path + "/state";
        if (!options->key.empty()) target += "?key=" + net::percent_encode(options->key);
        if (!options->value.empty()) {
          const Result<Json> value = parse_json(options->value);
          const Result<Json> set = client.call(
              {.method = "PUT",
               .target = path + "/state",
               .body = to_text(json::object{{"key", options->key},
                                            {"value", value ? *value : Json(options->value)}})});
          if (!set) return tl::make_unexpected(set.error());
          return ExitCode::kOk;
        }
        const Result<Json> found = client.call({.target = target});
        if (!found) return tl::make_unexpected(found.error());
        return print_one(*options, *found);
      });
}

ExitCode send_signal(const WorkflowRequestPtr& options) {
  return with_workflow(
      options, [&](ServerClient& client, const std::string& path) -> Result<ExitCode> {
        const Result<Json> payload =
            options->value.empty() ? Result<Json>(nullptr) : parse_json(options->value);
        const Result<Json> sent =
            client.call({.method = "POST",
                         .target = path + "/signals/" + net::percent_encode(options->key),
                         .body = to_text(payload ? *payload : Json(options->value))});
        if (!sent) return tl::make_unexpected(sent.error());
        return ExitCode::kOk;
      });
}

ExitCode explain_workflow(const WorkflowRequestPtr& options) {
  return with_workflow(
      options, [&](ServerClient& client, const std::string& path) -> Result<ExitCode> {
        std::string target = path + "/explain";
        if (!options->step.empty()) target += "?step=" + net::percent_encode(options->step);
        const Result<Json> found = client.call({.target = target});
        if (!found) return tl::make_unexpected(found.error());
        if (options->output != "table")
          return print_data(*options, *found, list_of(*found, "steps"));
        std::string text = fmt::format("{}{}\n", text_of(*found, "status"),
                                       text_of(*found, "reason").empty()
                                           ? ""
                                           : fmt::format(": {}", text_of(*found, "reason")));
        for (const Json& step : list_of(*found, "steps")) {
          text += fmt::format("\n{} ({}): {}\n", text_of(step, "step"), text_of(step, "status"),
                              text_of(step, "cause"));
          if (!text_of(step, "since").empty())
            text += fmt::format("  since {}\n", text_of(step, "since"));
          std::string_view log = text_of(step, "log");
          while (log.ends_with('\n')) log.remove_suffix(1);
          if (const std::size_t line = log.rfind('\n'); line != log.npos)
            log.remove_prefix(line + 1);
          if (!log.empty()) text += fmt::format("  last output: {}\n", log);
          if (!text_of(step, "help").empty()) text += fmt::format("  {}\n", text_of(step, "help"));
        }
        return print_document(text).value_or(ExitCode::kOk);
      });
}

}  // namespace agentainer::cli

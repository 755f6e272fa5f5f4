#include <openssl/sha.h>

#include <filesystem>

#include "api/handlers/handlers.h"
#include "api/views.h"
#include "runtime/logs.h"
#include "workflow/parse.h"

namespace agentainer::api {
namespace {

constexpr std::size_t kMaxShownState = 4 * 1024 * 1024;
constexpr std::size_t kMaxKeyBytes = 200;

/// Every problem with its place, so that an editor or a script can point at it.
Json diagnostics_view(std::string_view definition) {
  json::array out;
  for (const workflow::Diagnostic& diagnostic : workflow::parse(definition).diagnostics)
    out.push_back(
        {{"severity",
          diagnostic.severity == workflow::Diagnostic::Severity::kError ? "error" : "warning"},
         {"line", diagnostic.line},
         {"column", diagnostic.column},
         {"message", to_valid_utf8(diagnostic.message)},
         {"path", to_valid_utf8(diagnostic.path)}});
  return {{"diagnostics", std::move(out)}};
}

std::string digest_of(const server::Submission& submission) {
  std::string text = submission.definition;
  text += '\0';
  text += submission.source_directory;
  text += submission.start ? "\1" : "\2";
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string out;
  for (const unsigned char byte : digest) out += fmt::format("{:02x}", byte);
  return out;
}

bool is_definition_type(std::string_view type) {
  for (const std::string_view known : {"json", "yaml", "text/plain", "x-www-form-urlencoded"})
    if (type.find(known) != type.npos) return true;
  return false;
}

bool is_printable(std::string_view text) {
  for (const char c : text)
    if (c < '!' || c > '~') return false;
  return true;
}

/// What is to be submitted, or what is wrong with the request.
Result<server::Submission> submission_of(Context& context, Call& call) {
  server::Submission submission;
  const Result<bool> start = call.boolean("start", false);
  if (!start) return tl::make_unexpected(start.error());
  submission.start = *start;
  submission.source_directory = context.options.source_directory;
  if (const std::string* directory = call.query("source_directory")) {
    if (call.token()->scope != Scope::kAdmin)
      return fail(ErrorCode::kInvalid, "source_directory needs a token with the scope admin");
    if (!std::filesystem::path(*directory).is_absolute())
      return fail(ErrorCode::kInvalid, "source_directory has to be an absolute path");
    submission.source_directory = *directory;
  }
  submission.definition = std::move(call.request().body);
  if (submission.definition.empty())
    return fail(ErrorCode::kInvalid, "the body has to be a workflow's definition");
  if (const std::string* key = call.request().field("Idempotency-Key")) {
    if (key->empty() || key->size() > kMaxKeyBytes || !is_printable(*key))
      return fail(ErrorCode::kInvalid,
                  "Idempotency-Key has to be 1 to {} printable ASCII characters", kMaxKeyBytes);
    submission.request_key = *key;
    submission.request_digest = digest_of(submission);
  }
  return submission;
}

json::object with_state(const engine::WorkflowState& state, bool is_wanted) {
  json::object out = workflow_view(state);
  if (!is_wanted) return out;
  std::optional<Json> shared = state_view(state, kMaxShownState);
  out["state"] = shared ? std::move(*shared) : Json(nullptr);
  return out;
}

void remove_logs(const Context& context, const WorkflowId& id) {
  std::error_code error;
  std::filesystem::remove_all(
      std::filesystem::path(runtime::logs_directory(context.options.data_directory)) / id.text(),
      error);
}

/// What was made, as it is now; with its state once it has ended and somebody waited for that.
void answer_made(const CallPtr& call, const server::Submitted& submitted,
                 const engine::WorkflowState* state, json::object data) {
  if (state != nullptr) {
    data["name"] = state->definition->name;
    data["status"] = to_string(state->status);
    if (engine::has_ended(state->status)) {
      std::optional<Json> shared = state_view(*state, kMaxShownState);
      data["reason"] = state->reason;
      data["state"] = shared ? std::move(*shared) : Json(nullptr);
    }
  }
  net::HttpResponse response =
      success(submitted.is_new ? 201 : 200, std::move(data),
              submitted.is_new ? "the workflow is made" : "the workflow was made before");
  response.fields.push_back({"Location", "/workflows/" + submitted.id.text()});
  call->respond(std::move(response));
}

void on_submitted(Context& context, const CallPtr& call, const server::Submitted& submitted,
                  std::int64_t wait_seconds) {
  const json::object data{{"id", submitted.id.text()},
                          {"name", ""},
                          {"status", "pending"},
                          {"is_new", submitted.is_new}};
  const engine::WorkflowState* running = context.server.find(submitted.id);
  if (running != nullptr && wait_seconds > 0) {
    const std::string name = running->definition->name;
    return context.ends.wait(submitted.id, std::chrono::seconds(wait_seconds),
                             [call, submitted, data, name](const engine::WorkflowState* state) {
                               json::object shown = data;
                               shown["name"] = name;
                               shown["status"] = "running";
                               answer_made(call, submitted, state, std::move(shown));
                             });
  }
  if (running != nullptr) return answer_made(call, submitted, running, data);
  context.archive.look(submitted.id,
                       [call, submitted, data](Result<const engine::WorkflowState*> state) {
                         answer_made(call, submitted, state ? *state : nullptr, data);
                       });
}

}  // namespace

void list_workflows(Context& context, const CallPtr& call) {
  store::ListQuery query;
  const Result<std::int64_t> limit = call->integer("limit", 100, 1, 1000);
  if (!limit) return call->refuse(limit.error());
  query.limit = static_cast<std::size_t>(*limit);
  if (const std::string* cursor = call->query("cursor")) {
    query.before = WorkflowId::parse(*cursor);
    if (!query.before) return call->refuse({ErrorCode::kInvalid, "that is no cursor of a page"});
  }
  if (const std::string* status = call->query("status")) {
    if (!engine::parse_workflow_status(*status))
      return call->refuse({ErrorCode::kInvalid,
                           "status has to be pending, running, completed, failed or cancelled"});
    query.status = *status;
  }
  if (const std::string* name = call->query("name")) query.name = *name;
  context.store.list(query, [call](const Result<store::WorkflowPage>& page) {
    if (!page) return call->refuse(page.error());
    json::array workflows;
    for (const store::WorkflowSummary& summary : page->workflows) {
      // A token for one workflow cannot list at all, so there is nothing to leave out here.
      workflows.push_back(summary_view(summary));
    }
    call->succeed({{"workflows", std::move(workflows)},
                   {"next", page->next ? Json(page->next->text()) : Json(nullptr)}});
  });
}

void create_workflow(Context& context, const CallPtr& call) {
  const std::string* type = call->request().field("Content-Type");
  if (type != nullptr && !is_definition_type(*type))
    return call->respond(refusal(415, "unsupported_media_type",
                                 "a definition is application/json or application/yaml"));
  const Result<std::int64_t> wait = call->integer("wait_seconds", 0, 1, 3600);
  if (!wait) return call->refuse(wait.error());
  Result<server::Submission> submission = submission_of(context, *call);
  if (!submission) return call->refuse(submission.error());
  // Kept for its diagnostics, should it turn out to be wrong.
  auto definition = std::make_shared<const std::string>(submission->definition);
  context.server.submit(std::move(*submission), [&context, call, definition, wait = *wait](
                                                    const Result<server::Submitted>& submitted) {
    if (submitted) return on_submitted(context, call, *submitted, wait);
    if (submitted.error().code != ErrorCode::kInvalid) return call->refuse(submitted.error());
    call->respond(
        refusal(422, "invalid", submitted.error().message, diagnostics_view(*definition)));
  });
}

void get_workflow(Context& context, const CallPtr& call) {
  const Result<bool> with = call->boolean("state", true);
  if (!with) return call->refuse(with.error());
  context.archive.look(call->workflow(),
                       [call, with = *with](Result<const engine::WorkflowState*> state) {
                         if (!state) return call->refuse(state.error());
                         call->succeed(with_state(**state, with));
                       });
}

void delete_workflow(Context& context, const CallPtr& call) {
  context.server.remove(call->workflow(), [&context, call](const Status& status) {
    if (!status) return call->refuse(status.error());
    context.archive.forget(call->workflow());
    remove_logs(context, call->workflow());
    call->succeed({{"id", call->workflow().text()}}, "deleted");
  });
}

void start_workflow(Context& context, const CallPtr& call) {
  context.server.start(call->workflow(), answer_with_reference(context, call, "started"));
}

void cancel_workflow(Context& context, const CallPtr& call) {
  std::string reason = fmt::format("cancelled by the token {}", call->token()->id);
  if (const Json* given = call->body().get_object().if_contains("reason"))
    reason = std::string(given->get_string());
  context.server.cancel(call->workflow(), std::move(reason),
                        answer_with_reference(context, call, "cancelling"));
}

void pause_workflow(Context& context, const CallPtr& call) {
  context.server.pause(call->workflow(), answer_with_reference(context, call, "paused"));
}

void resume_workflow(Context& context, const CallPtr& call) {
  context.server.unpause(call->workflow(), answer_with_reference(context, call, "goes on"));
}

}  // namespace agentainer::api

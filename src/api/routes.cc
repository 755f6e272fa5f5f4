#include "api/routes.h"

namespace agentainer::api {
namespace {

using Type = QueryParameter::Type;

const QueryParameter kLimit{"limit", Type::kInteger, "At most so many entries; 1 to 1000."};
const QueryParameter kCursor{"cursor", Type::kText, "`next` of the page before."};

// clang-format off
const std::vector<Route>& table() {
  static const std::vector<Route> routes{
      {Operation::kHealth, "GET", "/healthz", "health", "Whether the server answers", Scope::kNone, 200, "", "Health", {}, {}},
      {Operation::kHealth, "GET", "/health", "healthOfOriginal", "The same, by the original's name", Scope::kRead, 200, "", "Health", {}, {}},
      {Operation::kReady, "GET", "/readyz", "ready", "Whether workflows can be started: the store answers", Scope::kRead, 200, "", "Health", {}, {}},
      {Operation::kOpenApi, "GET", "/openapi.json", "openapi", "This document", Scope::kRead, 200, "", "Any", {}, {}},

      {Operation::kListWorkflows, "GET", "/workflows", "listWorkflows", "Workflows, newest first", Scope::kRead, 200, "", "WorkflowPage", {},
       {kLimit, kCursor,
        {"status", Type::kText, "Only those that are pending, running, completed, failed or cancelled."},
        {"name", Type::kText, "Only those of this name."}}},
      {Operation::kCreateWorkflow, "POST", "/workflows", "createWorkflow",
       "Makes a workflow of a definition (JSON, or YAML with Content-Type: application/yaml). With the header Idempotency-Key, "
       "the same request again gives the same workflow", Scope::kRun, 201, "workflow", "Created", {409, 413, 415, 422},
       {{"start", Type::kBoolean, "Starts it at once."},
        {"wait_seconds", Type::kInteger, "With start: answers when the workflow has ended, or after so many seconds, with its state; 1 to 3600."},
        {"source_directory", Type::kText, "Absolute path that relative images and files start from; needs the scope admin."}}},
      {Operation::kGetWorkflow, "GET", "/workflows/{id}", "getWorkflow", "One workflow with its steps and state", Scope::kRead, 200, "", "Workflow", {404},
       {{"state", Type::kBoolean, "false leaves the state out."}}},
      {Operation::kDeleteWorkflow, "DELETE", "/workflows/{id}", "deleteWorkflow", "Deletes a workflow that has ended, with its history, results and logs", Scope::kRun, 200, "", "Reference", {404, 409}, {}},
      {Operation::kStartWorkflow, "POST", "/workflows/{id}/start", "startWorkflow", "Starts a workflow made without start=true", Scope::kRun, 202, "", "Reference", {404, 409}, {}},
      {Operation::kCancelWorkflow, "POST", "/workflows/{id}/cancel", "cancelWorkflow", "Cancels: nothing new starts, what runs is stopped", Scope::kRun, 202, "Cancellation", "Reference", {404, 409, 413, 415}, {}},
      {Operation::kPauseWorkflow, "POST", "/workflows/{id}/pause", "pauseWorkflow", "Starts no more tasks; those that run go on", Scope::kRun, 202, "", "Reference", {404, 409}, {}},
      {Operation::kResumeWorkflow, "POST", "/workflows/{id}/resume", "resumeWorkflow", "Lets a paused workflow go on", Scope::kRun, 202, "", "Reference", {404, 409}, {}},

      {Operation::kListJobs, "GET", "/workflows/{id}/jobs", "listJobs", "The workflow's tasks, step by step", Scope::kRead, 200, "", "TaskPage", {404}, {kLimit, kCursor}},
      {Operation::kListSteps, "GET", "/workflows/{id}/steps", "listSteps", "The workflow's steps", Scope::kRead, 200, "", "Steps", {404}, {}},
      {Operation::kListTasks, "GET", "/workflows/{id}/steps/{step}/tasks", "listTasks", "A step's tasks", Scope::kRead, 200, "", "TaskPage", {404},
       {kLimit, kCursor, {"status", Type::kText, "Only those that are waiting, running, retrying, succeeded, failed or cancelled."}}},
      {Operation::kListAttempts, "GET", "/workflows/{id}/steps/{step}/tasks/{task}", "getTask", "A task with its result and its failed attempts", Scope::kRead, 200, "", "TaskDetail", {404}, {}},
      {Operation::kReadLog, "GET", "/workflows/{id}/steps/{step}/tasks/{task}/log", "readLog", "What an attempt wrote", Scope::kRead, 200, "", "Log", {404},
       {{"attempt", Type::kInteger, "Its number from 1; the latest when absent."},
        {"stream", Type::kText, "stdout (default) or stderr."},
        {"offset", Type::kInteger, "First byte; negative counts from the end."},
        {"bytes", Type::kInteger, "At most so many; 1 to 1048576."}}},

      {Operation::kGetState, "GET", "/workflows/{id}/state", "getState", "The shared state, or one key of it", Scope::kRead, 200, "", "Any", {404},
       {{"key", Type::kText, "Only this key's value."}}},
      {Operation::kSetState, "PUT", "/workflows/{id}/state", "setState", "Sets a key of the shared state", Scope::kRun, 200, "StateSetting", "StateResult", {404, 409, 413, 415}, {}},
      {Operation::kUpdateState, "POST", "/workflows/{id}/state", "updateState", "Changes a key of the shared state, atomically", Scope::kRun, 200, "StateUpdate", "StateResult", {404, 409, 413, 415}, {}},
      {Operation::kSendSignal, "POST", "/workflows/{id}/signals/{name}", "sendSignal", "Sends a signal with any JSON as payload to a step that waits for it, now or later", Scope::kRun, 202, "Any", "Reference", {404, 409, 413, 415}, {}},
      {Operation::kExplain, "GET", "/workflows/{id}/explain", "explain", "Why each step that waits, retries, was skipped or failed does so, and what would help", Scope::kRead, 200, "", "Explanation", {404},
       {{"step", Type::kText, "Only this step."}}},

      {Operation::kStreamEvents, "GET", "/workflows/{id}/events", "streamEvents", "The history as server-sent events, and then what happens, until the workflow has ended", Scope::kRead, 200, "", "EventStream", {404},
       {{"after", Type::kInteger, "Only events with larger ids; the header Last-Event-ID says the same."}}},
      {Operation::kGetHistory, "GET", "/workflows/{id}/history", "getHistory", "The history so far, paged", Scope::kRead, 200, "", "History", {404},
       {kLimit, {"after", Type::kInteger, "Only records with larger sequence numbers."}}},

      {Operation::kListTokens, "GET", "/tokens", "listTokens", "Tokens, without their secrets", Scope::kAdmin, 200, "", "Tokens", {}, {}},
      {Operation::kCreateToken, "POST", "/tokens", "createToken", "Makes a token; its text is shown this once", Scope::kAdmin, 201, "TokenRequest", "NewToken", {413, 415}, {}},
      {Operation::kRevokeToken, "DELETE", "/tokens/{token}", "revokeToken", "Revokes a token at once", Scope::kAdmin, 200, "", "Reference", {404}, {}},
      {Operation::kReadAudit, "GET", "/audit", "readAudit", "Who did what, newest first", Scope::kAdmin, 200, "", "Audit", {}, {kLimit, kCursor}},
  };
  return routes;
}
// clang-format on

/// The parameters when the pattern fits.
bool fits(std::string_view pattern, const std::vector<std::string>& segments,
          PathParameters& parameters) {
  parameters.clear();
  pattern.remove_prefix(1);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (pattern.empty()) return false;
    const std::size_t slash = pattern.find('/');
    const std::string_view part = pattern.substr(0, slash);
    pattern = slash == pattern.npos ? std::string_view() : pattern.substr(slash + 1);
    if (part.front() == '{') {
      parameters.emplace_back(part.substr(1, part.size() - 2), segments[i]);
    } else if (part != segments[i]) {
      return false;
    }
  }
  return pattern.empty();
}

}  // namespace

std::string_view to_string(Scope scope) {
  switch (scope) {
    case Scope::kNone:
      return "none";
    case Scope::kRead:
      return "read";
    case Scope::kRun:
      return "run";
    case Scope::kAdmin:
      return "admin";
  }
  return "";
}

std::span<const Route> routes() { return table(); }

Match find_route(std::string_view method, const std::vector<std::string>& segments) {
  Match match;
  PathParameters parameters;
  for (const Route& route : table()) {
    if (!fits(route.path, segments, parameters)) continue;
    if (route.method == method) {
      match.route = &route;
      match.parameters = std::move(parameters);
      return match;
    }
    match.allowed += (match.allowed.empty() ? "" : ", ") + std::string(route.method);
  }
  return match;
}

}  // namespace agentainer::api

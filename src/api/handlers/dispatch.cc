#include "api/handlers/handlers.h"

namespace agentainer::api {

void handle(Context& context, const CallPtr& call) {
  switch (call->route().operation) {
    case Operation::kHealth:
      return health(context, call);
    case Operation::kReady:
      return ready(context, call);
    case Operation::kOpenApi:
      return openapi(context, call);
    case Operation::kListWorkflows:
      return list_workflows(context, call);
    case Operation::kCreateWorkflow:
      return create_workflow(context, call);
    case Operation::kGetWorkflow:
      return get_workflow(context, call);
    case Operation::kDeleteWorkflow:
      return delete_workflow(context, call);
    case Operation::kStartWorkflow:
      return start_workflow(context, call);
    case Operation::kCancelWorkflow:
      return cancel_workflow(context, call);
    case Operation::kPauseWorkflow:
      return pause_workflow(context, call);
    case Operation::kResumeWorkflow:
      return resume_workflow(context, call);
    case Operation::kListJobs:
      return list_jobs(context, call);
    case Operation::kListSteps:
      return list_steps(context, call);
    case Operation::kListTasks:
      return list_tasks(context, call);
    case Operation::kListAttempts:
      return get_task(context, call);
    case Operation::kReadLog:
      return read_task_log(context, call);
    case Operation::kGetState:
      return get_state(context, call);
    case Operation::kSetState:
      return set_state(context, call);
    case Operation::kUpdateState:
      return update_state(context, call);
    case Operation::kSendSignal:
      return send_signal(context, call);
    case Operation::kExplain:
      return explain(context, call);
    case Operation::kStreamEvents:
      return stream_events(context, call);
    case Operation::kGetHistory:
      return get_history(context, call);
    case Operation::kListTokens:
      return list_tokens(context, call);
    case Operation::kCreateToken:
      return create_token(context, call);
    case Operation::kRevokeToken:
      return revoke_token(context, call);
    case Operation::kReadAudit:
      return read_audit(context, call);
  }
}

server::Server::DoneStatus answer_with_reference(Context& context, const CallPtr& call,
                                                 std::string message) {
  return [&context, call, message = std::move(message)](const Status& status) {
    if (!status) return refuse_not_running(context, call, status.error());
    call->succeed({{"id", call->workflow().text()}}, message);
  };
}

void refuse_not_running(Context& context, const CallPtr& call, const Error& error) {
  if (error.code != ErrorCode::kNotFound) return call->refuse(error);
  context.archive.look(call->workflow(), [call](Result<const engine::WorkflowState*> state) {
    if (!state) return call->refuse(state.error());
    call->refuse(
        {ErrorCode::kConflict,
         engine::has_ended((*state)->status)
             ? fmt::format("workflow {} has already ended: {}", call->workflow().text(),
                           to_string((*state)->status))
             : fmt::format("workflow {} is run by another server", call->workflow().text())});
  });
}

void succeed_if_known(Context& context, const CallPtr& call, Json data) {
  context.archive.look(call->workflow(), [call, data = std::move(data)](
                                             Result<const engine::WorkflowState*> state) mutable {
    if (!state) return call->refuse(state.error());
    call->succeed(std::move(data));
  });
}

}  // namespace agentainer::api

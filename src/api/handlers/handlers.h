#pragma once
// What each route does. Each handler answers its call, now or later, exactly once.

#include "api/api.h"

namespace agentainer::api {

void handle(Context& context, const CallPtr& call);

void health(Context& context, const CallPtr& call);
void ready(Context& context, const CallPtr& call);
void openapi(Context& context, const CallPtr& call);

void list_workflows(Context& context, const CallPtr& call);
void create_workflow(Context& context, const CallPtr& call);
void get_workflow(Context& context, const CallPtr& call);
void delete_workflow(Context& context, const CallPtr& call);
void start_workflow(Context& context, const CallPtr& call);
void cancel_workflow(Context& context, const CallPtr& call);
void pause_workflow(Context& context, const CallPtr& call);
void resume_workflow(Context& context, const CallPtr& call);

void list_jobs(Context& context, const CallPtr& call);
void list_steps(Context& context, const CallPtr& call);
void list_tasks(Context& context, const CallPtr& call);
void get_task(Context& context, const CallPtr& call);
void read_task_log(Context& context, const CallPtr& call);

void get_state(Context& context, const CallPtr& call);
void set_state(Context& context, const CallPtr& call);
void update_state(Context& context, const CallPtr& call);
void send_signal(Context& context, const CallPtr& call);

void explain(Context& context, const CallPtr& call);
void stream_events(Context& context, const CallPtr& call);
void get_history(Context& context, const CallPtr& call);

void list_tokens(Context& context, const CallPtr& call);
void create_token(Context& context, const CallPtr& call);
void revoke_token(Context& context, const CallPtr& call);
void read_audit(Context& context, const CallPtr& call);

/// Answers with {"id": …}, or with the error (refuse_not_running).
server::Server::DoneStatus answer_with_reference(Context& context, const CallPtr& call,
                                                 std::string message);
/// kUnavailable etc. as they are; kNotFound of the server becomes what an ended or unknown workflow
/// is told: 409 when it is stored, 404 when not.
void refuse_not_running(Context& context, const CallPtr& call, const Error& error);
/// For data that is empty of an unknown workflow too: 404 for that.
void succeed_if_known(Context& context, const CallPtr& call, Json data);

}  // namespace agentainer::api

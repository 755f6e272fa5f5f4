#include "api/handlers/handlers.h"
#include "api/openapi.h"

namespace agentainer::api {

void health(Context& context, const CallPtr& call) {
  call->succeed({{"status", "ok"},
                 {"version", context.options.version},
                 {"running", context.server.running()}});
}

void ready(Context& context, const CallPtr& call) {
  // Any read will do: what counts is that the store answers.
  context.store.list_unfinished(
      std::nullopt, 1,
      [&context, call](const Result<std::vector<store::UnfinishedWorkflow>>& answer) {
        if (!answer) return call->refuse(answer.error());
        health(context, call);
      });
}

void openapi(Context& context, const CallPtr& call) {
  net::HttpResponse response;
  response.fields = {{"Content-Type", "application/json"}};
  response.body = to_text(openapi_document(context.options.version));
  call->respond(std::move(response));
}

}  // namespace agentainer::api

#pragma once
// The table of routes. The router, the access rules, the checks of bodies and the OpenAPI document
// are all made from it, so they cannot disagree.

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/http/message.h"

namespace agentainer::api {

/// What a token allows; each includes those before it.
enum class Scope { kNone, kRead, kRun, kAdmin };
std::string_view to_string(Scope scope);

enum class Operation {
  kHealth,
  kReady,
  kOpenApi,
  kListWorkflows,
  kCreateWorkflow,
  kGetWorkflow,
  kDeleteWorkflow,
  kStartWorkflow,
  kCancelWorkflow,
  kPauseWorkflow,
  kResumeWorkflow,
  kListJobs,
  kListSteps,
  kListTasks,
  kListAttempts,
  kReadLog,
  kGetState,
  kSetState,
  kUpdateState,
  kSendSignal,
  kExplain,
  kStreamEvents,
  kGetHistory,
  kListTokens,
  kCreateToken,
  kRevokeToken,
  kReadAudit,
};

struct QueryParameter {
  enum class Type { kText, kInteger, kBoolean };
  std::string_view name;
  Type type = Type::kText;
  std::string_view description;
};

struct Route {
  Operation operation{};
  std::string_view method;
  std::string_view path;  ///< "/workflows/{id}/state"; {id} is always a workflow's.
  std::string_view name;  ///< operationId
  std::string_view summary;
  Scope scope = Scope::kRead;
  int status = 200;         ///< Of success.
  std::string_view body;    ///< Name of the body's schema; "" takes none, "workflow" a definition.
  std::string_view answer;  ///< Name of the schema of the answer's `data`.
  std::vector<int> refusals;  ///< Beside those of every route, which openapi.cc adds.
  std::vector<QueryParameter> query;
};

std::span<const Route> routes();

using PathParameters = std::vector<std::pair<std::string_view, std::string>>;

struct Match {
  const Route* route = nullptr;  ///< Null: no such path, or `allowed` names its methods.
  PathParameters parameters;
  std::string allowed;  ///< "GET, PUT"
};
Match find_route(std::string_view method, const std::vector<std::string>& segments);

}  // namespace agentainer::api

#pragma once
// What `agentainer workflow` asks of a server, and how the answers are printed.

#include <cstdint>
#include <memory>
#include <string>

#include "cli/client/server_client.h"
#include "cli/exit_code.h"

namespace agentainer::cli {

/// Each request reads what it needs of these.
struct WorkflowRequest {
  ServerChoice server;
  std::string reference;
  std::string output = "table";
  std::string file;
  std::string key;
  std::string value;
  std::string step;
  std::string reason;
  std::string status;
  std::string name;
  std::string idempotency_key;
  std::int64_t task = 0;
  std::size_t limit = 20;
  bool waits = false;
  bool follows = false;
};
using WorkflowRequestPtr = std::shared_ptr<WorkflowRequest>;

ExitCode create_workflow(const WorkflowRequestPtr& options, bool start);
ExitCode list_workflows(const WorkflowRequestPtr& options);
ExitCode get_workflow(const WorkflowRequestPtr& options);
ExitCode list_jobs(const WorkflowRequestPtr& options);
/// A request without much of an answer: start, cancel, pause, resume, delete. `path` is added to
/// the workflow's.
ExitCode act_on_workflow(const WorkflowRequestPtr& options, const std::string& method,
                         const std::string& path);
ExitCode watch_workflow(const WorkflowRequestPtr& options);
ExitCode print_events(const WorkflowRequestPtr& options);
ExitCode print_logs(const WorkflowRequestPtr& options);
ExitCode use_state(const WorkflowRequestPtr& options);
ExitCode send_signal(const WorkflowRequestPtr& options);
ExitCode explain_workflow(const WorkflowRequestPtr& options);

}  // namespace agentainer::cli

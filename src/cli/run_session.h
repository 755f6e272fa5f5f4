#pragma once
// Everything a run needs, put together: runtime, store, server.

#include <memory>
#include <string>
#include <vector>

#include "cli/store_session.h"
#include "runtime/runtime.h"
#include "server/json_lines.h"
#include "server/server.h"

namespace agentainer::cli {

enum class RuntimeKind { kProcess, kMock };

struct RunChoice {
  StoreChoice store;
  RuntimeKind runtime = RuntimeKind::kProcess;
  std::uint32_t max_tasks = 0;         ///< 0: default_max_tasks().
  std::vector<std::string> pass_env;   ///< Variables of ours that agents get too.
  milliseconds take_over_interval{0};  ///< As server::Options.
};

/// Enough to keep the cores busy when agents mostly wait; without agents, enough to fill a commit.
std::uint32_t default_max_tasks(RuntimeKind runtime, unsigned cores);

class RunSession {
 public:
  /// The runtime alone, so that a workflow can be checked before anything is started.
  static Result<std::unique_ptr<RunSession>> create(CommandLoop& loop, const RunChoice& choice);
  ~RunSession();

  runtime::Runtime& runtime() { return *runtime_; }

  /// The store and the server. After it, submit and resume.
  Status open();
  server::Server& server() { return *server_; }
  StoreSession& stored() { return *stored_; }
  const std::string& data_directory() const { return data_directory_; }

  /// Stops agents, ends the store, in good order; unfinished workflows can be resumed.
  void close();
  /// The same at once: agents are killed.
  void abandon();

 private:
  RunSession(CommandLoop& loop, RunChoice choice) : loop_(loop), choice_(std::move(choice)) {}

  CommandLoop& loop_;
  RunChoice choice_;
  std::string data_directory_;
  // Each is used by what stands below it.
  std::unique_ptr<runtime::Runtime> runtime_;
  std::unique_ptr<StoreSession> stored_;
  std::unique_ptr<server::JsonLinesSource> items_;
  std::unique_ptr<server::Server> server_;
};

/// Whether each step's program or image is there; an error names every step at fault.
Status check_agents(runtime::Runtime& runtime, const workflow::Definition& definition,
                    const std::string& source_directory);

}  // namespace agentainer::cli

#pragma once
// A command's way to stored workflows: the data directory and the store in it (or elsewhere).

#include <memory>
#include <string>
#include <vector>

#include "cli/command_loop.h"
#include "engine/record.h"
#include "engine/state.h"
#include "store/open_store.h"

namespace agentainer::cli {

/// Options of every command that touches stored workflows.
struct StoreChoice {
  std::string data;   ///< --data as given; may be empty.
  std::string redis;  ///< --redis as given; may be empty.
  bool allow_data_loss = false;
};

class StoreSession {
 public:
  /// `create`: makes the data directory where it is missing; otherwise that is kNotFound.
  static Result<std::unique_ptr<StoreSession>> open(CommandLoop& loop, const StoreChoice& choice,
                                                    bool create);

  CommandLoop& loop() { return loop_; }
  store::Store& store() { return store_->store(); }
  const std::string& data_directory() const { return data_directory_; }

  /// In good order. A session that is destroyed without it ends everything at once.
  void close();

  /// A full id, the beginning of one, or `latest`. kNotFound, kInvalid (the beginning of several).
  Result<WorkflowId> resolve(const std::string& reference);

  Result<store::LoadedWorkflow> load(const WorkflowId& id);
  Result<store::WorkflowPage> list(store::ListQuery query);
  /// All of them, oldest first.
  Result<std::vector<store::UnfinishedWorkflow>> list_unfinished();
  Result<std::vector<store::StoredRecord>> read_records(const WorkflowId& id, std::uint64_t after,
                                                        std::size_t limit);

 private:
  StoreSession(CommandLoop& loop, std::string data_directory)
      : loop_(loop), data_directory_(std::move(data_directory)) {}

  CommandLoop& loop_;
  std::string data_directory_;
  std::unique_ptr<store::OpenStore> store_;
};

/// A stored workflow in memory, with all that reports need.
struct OpenedWorkflow {
  store::LoadedWorkflow loaded;
  engine::WorkflowState state;
};
/// kInvalid when its history does not fit its definition (a damaged store, a newer version's).
Result<OpenedWorkflow> open_workflow(store::LoadedWorkflow loaded);

/// The definition of a stored workflow.
Result<std::shared_ptr<const workflow::Definition>> stored_definition(
    const store::LoadedWorkflow& loaded);

}  // namespace agentainer::cli

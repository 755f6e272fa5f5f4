#pragma once
// Server-sent events (HTML Living Standard, 9.2) of one workflow from a cursor: the id of an event
// is its record's sequence number, so a client that was away misses nothing and sees nothing twice.
// A slow client costs one page of memory: what it has not taken is read again from the store.

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "base/executor.h"
#include "net/http/server.h"
#include "server/server.h"
#include "store/store.h"

namespace agentainer::api {

class EventFeed final : public server::Observer {
 public:
  EventFeed(Executor& executor, server::Server& server, store::Store& store);
  ~EventFeed() override;

  /// Sends records with larger numbers than `after`, as they are and as they come, and ends the
  /// stream after the workflow's last one.
  void watch(const WorkflowId& id, std::uint64_t after, std::shared_ptr<net::HttpStream> stream);
  std::size_t watchers() const { return watchers_.size(); }

  void on_committed(const engine::WorkflowState& state,
                    std::span<const engine::Record> records) override;
  void on_ended(const engine::WorkflowState&) override {}
  void on_abandoned(const engine::WorkflowState& state, const Error& error) override;
  void on_store_trouble(const Error&) override {}

 private:
  struct Watcher;
  using WatcherPtr = std::shared_ptr<Watcher>;

  void read(const WatcherPtr& watcher);
  void on_page(const WatcherPtr& watcher, const Result<std::vector<store::StoredRecord>>& page);
  void send(const WatcherPtr& watcher, std::string text);
  void go_on(const WatcherPtr& watcher);
  void look_again_later(const WatcherPtr& watcher);
  void drop(const WatcherPtr& watcher);
  void keep_alive();

  Executor& executor_;
  server::Server& server_;
  store::Store& store_;
  std::set<WatcherPtr> watchers_;
  std::map<WorkflowId, std::set<WatcherPtr>> by_workflow_;
  Executor::TimerId keep_alive_timer_{};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace agentainer::api

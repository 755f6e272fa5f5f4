#include "api/event_feed.h"

#include "base/log.h"

namespace agentainer::api {
namespace {

constexpr milliseconds kKeepAlive{15'000};
constexpr milliseconds kLookAgain{500};
constexpr std::size_t kPage = 256;

/// `text` is a record as it is stored; its type comes first.
std::string_view type_of(std::string_view text) {
  constexpr std::string_view kBegin = R"({"type":")";
  if (!text.starts_with(kBegin)) return "record";
  text.remove_prefix(kBegin.size());
  return text.substr(0, text.find('"'));
}

void append_event(std::string& out, std::uint64_t sequence, std::string_view text) {
  fmt::format_to(std::back_inserter(out), "id: {}\nevent: {}\ndata: {}\n\n", sequence,
                 type_of(text), text);
}

}  // namespace

struct EventFeed::Watcher {
  WorkflowId workflow;
  std::uint64_t cursor = 0;  ///< The last record sent.
  std::shared_ptr<net::HttpStream> stream;
  bool is_reading = false;
  bool is_writing = false;
  bool is_behind = true;  ///< There may be records after the cursor in the store.
  bool has_ended = false;
  bool is_waiting = false;  ///< To look again; one at a time, or the looks would grow in number.
};

EventFeed::EventFeed(Executor& executor, server::Server& server, store::Store& store)
    : executor_(executor), server_(server), store_(store) {
  server_.add_observer(this);
  keep_alive();
}

EventFeed::~EventFeed() {
  *alive_ = false;
  executor_.cancel(keep_alive_timer_);
  server_.remove_observer(this);
}

void EventFeed::watch(const WorkflowId& id, std::uint64_t after,
                      std::shared_ptr<net::HttpStream> stream) {
  auto watcher = std::make_shared<Watcher>();
  watcher->workflow = id;
  watcher->cursor = after;
  watcher->stream = std::move(stream);
  watchers_.insert(watcher);
  by_workflow_[id].insert(watcher);
  watcher->stream->on_closed([this, alive = alive_, weak = std::weak_ptr<Watcher>(watcher)] {
    const WatcherPtr gone = weak.lock();
    if (*alive && gone) drop(gone);
  });
  read(watcher);
}

void EventFeed::drop(const WatcherPtr& watcher) {
  const auto group = by_workflow_.find(watcher->workflow);
  if (group != by_workflow_.end()) {
    group->second.erase(watcher);
    if (group->second.empty()) by_workflow_.erase(group);
  }
  watchers_.erase(watcher);
}

void EventFeed::read(const WatcherPtr& watcher) {
  watcher->is_reading = true;
  watcher->is_behind = false;
  store_.read_records(
      watcher->workflow, watcher->cursor, kPage,
      [this, alive = alive_, watcher](const Result<std::vector<store::StoredRecord>>& page) {
        if (!*alive) return;
        watcher->is_reading = false;
        if (watchers_.contains(watcher)) on_page(watcher, page);
      });
}

void EventFeed::on_page(const WatcherPtr& watcher,
                        const Result<std::vector<store::StoredRecord>>& page) {
  if (!page) {
    if (page.error().code == ErrorCode::kNotFound) {  // deleted meanwhile
      watcher->stream->end();
      return drop(watcher);
    }
    watcher->is_behind = true;
    return look_again_later(watcher);
  }
  std::string text;
  for (const store::StoredRecord& record : *page) {
    if (record.sequence <= watcher->cursor) continue;
    append_event(text, record.sequence, record.text);
    watcher->cursor = record.sequence;
    if (type_of(record.text) == "workflow_ended") watcher->has_ended = true;
  }
  if (page->size() == kPage) watcher->is_behind = true;
  if (text.empty()) return go_on(watcher);
  send(watcher, std::move(text));
}

void EventFeed::send(const WatcherPtr& watcher, std::string text) {
  watcher->is_writing = true;
  watcher->stream->write(std::move(text), [this, alive = alive_, watcher] {
    if (!*alive) return;
    watcher->is_writing = false;
    if (watchers_.contains(watcher)) go_on(watcher);
  });
}

void EventFeed::go_on(const WatcherPtr& watcher) {
  if (watcher->is_reading || watcher->is_writing) return;
  if (watcher->has_ended) {
    watcher->stream->end();
    return drop(watcher);
  }
  if (watcher->is_behind) return read(watcher);
  // One that another server runs tells nothing here.
  if (server_.find(watcher->workflow) == nullptr) look_again_later(watcher);
}

void EventFeed::look_again_later(const WatcherPtr& watcher) {
  if (watcher->is_waiting) return;
  watcher->is_waiting = true;
  executor_.schedule(executor_.now() + kLookAgain,
                     [this, alive = alive_, weak = std::weak_ptr<Watcher>(watcher)] {
                       const WatcherPtr waiting = weak.lock();
                       if (!*alive || !waiting || !watchers_.contains(waiting)) return;
                       waiting->is_waiting = false;
                       if (!waiting->is_reading && !waiting->is_writing) read(waiting);
                     });
}

void EventFeed::on_committed(const engine::WorkflowState& state,
                             std::span<const engine::Record> records) {
  const auto group = by_workflow_.find(state.id);
  if (group == by_workflow_.end()) return;
  const std::uint64_t before = state.sequence - records.size();
  bool ends = false;
  std::string text;
  std::uint64_t sequence = before;
  for (const engine::Record& record : records) {
    append_event(text, ++sequence, engine::encode(record, *state.definition));
    ends = ends || std::holds_alternative<engine::WorkflowEnded>(record.body);
  }
  const auto watchers = group->second;
  for (const WatcherPtr& watcher : watchers) {
    if (watcher->cursor >= state.sequence) {
      // A page of the store had them first, or it asked for what is yet to come.
      watcher->has_ended = watcher->has_ended || ends;
      if (ends) go_on(watcher);
      continue;
    }
    if (watcher->is_reading || watcher->is_writing) {
      watcher->is_behind = true;
      continue;
    }
    if (watcher->cursor != before) {
      read(watcher);
      continue;
    }
    watcher->cursor = state.sequence;
    watcher->has_ended = ends;
    watcher->is_behind = false;
    send(watcher, text);
  }
}

void EventFeed::on_abandoned(const engine::WorkflowState& state, const Error&) {
  const auto group = by_workflow_.find(state.id);
  if (group == by_workflow_.end()) return;
  for (const WatcherPtr& watcher : group->second) look_again_later(watcher);
}

/// So that a peer that is gone without a word is found out, and proxies keep the connection.
void EventFeed::keep_alive() {
  const auto watchers = watchers_;
  for (const WatcherPtr& watcher : watchers)
    if (!watcher->is_reading && !watcher->is_writing) send(watcher, ": still here\n\n");
  keep_alive_timer_ = executor_.schedule(executor_.now() + kKeepAlive, [this] { keep_alive(); });
}

}  // namespace agentainer::api

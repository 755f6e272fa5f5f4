#include <charconv>

#include "api/handlers/handlers.h"

namespace agentainer::api {
namespace {

/// Where to go on: the header of a client that was away, else the query.
Result<std::uint64_t> cursor_of(Call& call) {
  const std::string* last = call.request().field("Last-Event-ID");
  if (last == nullptr || last->empty()) {
    const auto after = call.integer("after", 0, 0, std::numeric_limits<std::int64_t>::max());
    if (!after) return tl::make_unexpected(after.error());
    return static_cast<std::uint64_t>(*after);
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(last->data(), last->data() + last->size(), value);
  if (error != std::errc() || end != last->data() + last->size())
    return fail(ErrorCode::kInvalid, "Last-Event-ID has to be the id of an event");
  return value;
}

}  // namespace

void stream_events(Context& context, const CallPtr& call) {
  const Result<std::uint64_t> after = cursor_of(*call);
  if (!after) return call->refuse(after.error());
  context.archive.look(call->workflow(), [&context, call, after = *after](
                                             Result<const engine::WorkflowState*> state) {
    if (!state) return call->refuse(state.error());
    net::HttpResponse head;
    head.fields = {{"Content-Type", "text/event-stream"},
                   {"Cache-Control", "no-store"},
                   {"X-Accel-Buffering", "no"}};
    const auto stream = call->stream(std::move(head));
    if (engine::has_ended((*state)->status) && after >= (*state)->sequence) return stream->end();
    context.feed.watch(call->workflow(), after, stream);
  });
}

void get_history(Context& context, const CallPtr& call) {
  const auto after = call->integer("after", 0, 0, std::numeric_limits<std::int64_t>::max());
  const auto limit = call->integer("limit", 100, 1, 1000);
  if (!after) return call->refuse(after.error());
  if (!limit) return call->refuse(limit.error());
  context.store.read_records(
      call->workflow(), static_cast<std::uint64_t>(*after), static_cast<std::size_t>(*limit),
      [&context, call, limit = *limit](const Result<std::vector<store::StoredRecord>>& page) {
        if (!page) return call->refuse(page.error());
        json::array records;
        for (const store::StoredRecord& stored : *page) {
          Result<Json> record = parse_json(stored.text);
          if (!record || !record->is_object())
            return call->refuse({ErrorCode::kInternal, "a stored record is damaged"});
          record->get_object()["sequence"] = stored.sequence;
          records.push_back(std::move(*record));
        }
        const bool is_full = records.size() == static_cast<std::size_t>(limit);
        json::object data{{"records", std::move(records)},
                          {"next", is_full ? Json(page->back().sequence) : Json(nullptr)}};
        if (!page->empty()) return call->succeed(std::move(data));
        succeed_if_known(context, call, std::move(data));
      });
}

}  // namespace agentainer::api

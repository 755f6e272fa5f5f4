#include "server/collect.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace agentainer::server {
namespace {

// A page is what comes of one question to the store. Results may be 16 MiB each, or a few bytes:
// the first page is small, and those after it follow from the sizes seen.
constexpr std::uint32_t kFirstPage = 16;
constexpr std::uint32_t kLargestPage = 4096;
constexpr std::size_t kPageBytes = 4 * 1024 * 1024;

/// Reads page after page; owns itself through the callbacks.
struct Collection : std::enable_shared_from_this<Collection> {
  store::Store& store;
  WorkflowId workflow;
  std::string step_id;
  std::uint32_t tasks = 0;
  std::uint32_t items = 0;
  std::uint32_t batch = 1;
  std::size_t max_bytes = 0;
  std::function<void(Result<engine::ResultsCollected>)> done;
  engine::ResultsCollected event;
  std::uint32_t next = 0;
  std::uint32_t page_size = kFirstPage;

  explicit Collection(store::Store& s) : store(s) {}

  void read() {
    if (next == tasks) {
      event.results.push_back(']');
      event.errors.push_back(']');
      done(std::move(event));
      return;
    }
    const std::uint32_t count = std::min(page_size, tasks - next);
    store.read_task_outputs(
        workflow, step_id, TaskIndex{next}, count,
        [self = shared_from_this()](Result<std::vector<store::StoredTaskOutput>> page) {
          if (!page) {
            self->done(tl::make_unexpected(page.error()));
          } else if (self->take(*page)) {
            self->read();
          }
        });
  }

  bool take(const std::vector<store::StoredTaskOutput>& page) {
    const std::size_t before = event.results.size() + event.errors.size();
    for (const store::StoredTaskOutput& output : page) {
      append(output, next);
      ++next;
    }
    const std::size_t bytes = event.results.size() + event.errors.size() - before;
    const std::size_t fitting = page.size() * kPageBytes / std::max<std::size_t>(bytes, 1);
    page_size = static_cast<std::uint32_t>(
        std::clamp<std::size_t>(fitting, 1, std::min<std::size_t>(page_size * 4, kLargestPage)));
    if (event.results.size() + event.errors.size() <= max_bytes && !page.empty()) return true;
    event.failure = page.empty() ? "the results could not be read back"
                                 : fmt::format(
                                       "its results are larger than {} MiB together: let the tasks "
                                       "keep large data elsewhere "
                                       "and return a reference to it",
                                       max_bytes / (1024 * 1024));
    event.results = "[]";
    event.errors = "[]";
    done(std::move(event));
    return false;
  }

  void append(const store::StoredTaskOutput& output, std::uint32_t task) {
    std::string& out = event.results;
    if (out.size() > 1) out.push_back(',');
    const std::uint32_t length = batch > 1 ? std::min(batch, items - task * batch) : 1;
    if (output.result && batch > 1) {
      // A batch's result is a list as long as the batch: its elements are the items' results.
      const std::string_view text = *output.result;
      const std::size_t begin = text.find('[') + 1;
      out.append(text.substr(begin, text.rfind(']') - begin));
    } else if (output.result) {
      out.append(*output.result);
    } else {
      for (std::uint32_t i = 0; i < length; ++i) out.append(i == 0 ? "null" : ",null");
    }
    if (!output.error) return;
    if (event.errors.size() > 1) event.errors.push_back(',');
    event.errors.append(*output.error);
  }
};

}  // namespace

void collect_results(store::Store& store, const engine::WorkflowState& state, StepIndex step,
                     std::size_t max_bytes,
                     std::function<void(Result<engine::ResultsCollected>)> done) {
  const workflow::Step& defined = state.definition->step(step);
  auto collection = std::make_shared<Collection>(store);
  collection->workflow = state.id;
  collection->step_id = defined.id;
  collection->tasks = state.step(step).tasks.size();
  collection->items = state.step(step).items;
  collection->batch = defined.type == workflow::StepType::kMap ? defined.map.batch_size : 1;
  collection->max_bytes = max_bytes;
  collection->done = std::move(done);
  collection->event = {step, "[", "[", {}};
  collection->read();
}

}  // namespace agentainer::server

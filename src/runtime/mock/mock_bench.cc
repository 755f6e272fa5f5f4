// What the mock runtime itself costs, as it must not be what benchmarks of the engine and server
// measure.

#include <benchmark/benchmark.h>

#include "net/event_loop.h"
#include "runtime/mock/mock_runtime.h"

namespace agentainer::runtime {
namespace {

class Count final : public Runtime::Listener {
 public:
  void on_started(const AttemptId&, TimePoint) override {}
  void on_finished(AttemptReport report) override {
    succeeded += report.succeeded;
    ++finished;
  }
  std::uint64_t finished = 0;
  std::uint64_t succeeded = 0;
};

// A thousand at a time, as a map with that concurrency would start them.
void mock_tasks(benchmark::State& state) {
  net::EventLoop loop;
  MockRuntime runtime(loop);
  Count count;
  runtime.set_listener(&count);
  const auto agent = std::make_shared<const AgentSpec>();
  const WorkflowId workflow = WorkflowId::from_parts(1, 1, 1);
  std::uint32_t next = 0;
  for (auto _ : state) {
    for (int i = 0; i < 1000; ++i) {
      TaskSpec task;
      task.id = {workflow, StepIndex{0}, TaskIndex{next++}, Attempt{1}};
      task.agent = agent;
      task.document = R"({"input":{"item":1}})";
      runtime.start(std::move(task));
    }
    loop.post([&] { loop.stop(); });
    loop.run();
  }
  if (count.succeeded != next) state.SkipWithError("not every task succeeded");
  state.SetItemsProcessed(static_cast<std::int64_t>(count.finished));
}
BENCHMARK(mock_tasks);

}  // namespace
}  // namespace agentainer::runtime

#include "server/test_world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace agentainer::server {

void ScriptedRuntime::start(runtime::TaskSpec task) {
  ++starts;
  if (on_start) on_start(task);
  const AttemptId id = task.id;
  std::optional<Ending> ending = decide ? decide(task) : std::nullopt;
  if (!running.emplace(id, std::move(task)).second) return;
  peak = std::max(peak, running.size());
  if (!ending) return;
  ending->report.id = id;
  executor_.schedule(executor_.now() + ending->duration,
                     [this, alive = alive_, id, ending = std::move(*ending)] {
                       if (*alive && running.contains(id)) report(ending.report);
                     });
}

void ScriptedRuntime::stop(const AttemptId& id, runtime::StopReason) {
  stopped.push_back(id);
  if (!obeys_stop) return;
  executor_.post([this, alive = alive_, id] {
    if (*alive && running.contains(id)) fail(id, FailureCause::kCancelled, "stopped");
  });
}

void ScriptedRuntime::recover(std::function<void(Result<std::vector<AttemptId>>)> done) {
  executor_.post([this, alive = alive_, done = std::move(done)] {
    if (!*alive) return;
    for (const AttemptId& id : left) running.emplace(id, runtime::TaskSpec{});
    done(left);
  });
}

void ScriptedRuntime::shutdown(std::function<void()> done) {
  is_shut_down = true;
  for (const auto& [id, task] : running) stop(id, runtime::StopReason::kShutdown);
  executor_.post(std::move(done));
}

void ScriptedRuntime::finish(const AttemptId& id, std::string result) {
  runtime::AttemptReport done;
  done.id = id;
  done.succeeded = true;
  done.result = std::move(result);
  report(std::move(done));
}

void ScriptedRuntime::fail(const AttemptId& id, FailureCause cause, std::string message) {
  runtime::AttemptReport done;
  done.id = id;
  done.cause = cause;
  done.message = std::move(message);
  report(std::move(done));
}

void ScriptedRuntime::report(runtime::AttemptReport done) {
  running.erase(done.id);
  executor_.post([this, alive = alive_, done = std::move(done)]() mutable {
    if (*alive) listener_->on_finished(std::move(done));
  });
}

namespace {

class MemoryItems final : public Items {
 public:
  explicit MemoryItems(std::vector<std::string> lines) : lines_(std::move(lines)) {}
  std::uint32_t count() const override { return static_cast<std::uint32_t>(lines_.size()); }
  std::string fingerprint() const override {
    std::string all;
    for (const std::string& line : lines_) all += line + ";";
    return all;
  }
  Result<std::string> item(std::uint32_t index) const override {
    if (lines_[index] == "broken") return agentainer::fail(ErrorCode::kInvalid, "a broken line");
    return lines_[index];
  }

 private:
  std::vector<std::string> lines_;
};

}  // namespace

std::size_t ScriptedItems::open() const {
  return static_cast<std::size_t>(
      std::count_if(handed_out_.begin(), handed_out_.end(),
                    [](const std::weak_ptr<const Items>& list) { return !list.expired(); }));
}

void ScriptedItems::open(const std::string& path,
                         std::function<void(Result<std::shared_ptr<const Items>>)> done) {
  ++opened;
  executor_.schedule(executor_.now() + delay, [this, path, done = std::move(done)] {
    const auto file = files.find(path);
    if (file == files.end()) return done(fail(ErrorCode::kNotFound, "{} is not there", path));
    std::shared_ptr<const Items> list = std::make_shared<MemoryItems>(file->second);
    handed_out_.push_back(list);
    done(std::move(list));
  });
}

World::World(Options given) : World(store::MemoryDatabase(), {}, given) {}

World::World(const store::MemoryDatabase& past, std::vector<AttemptId> left, Options given)
    : disk(std::make_shared<store::MemoryDatabase>(past)), options(given) {
  open(std::move(left));
}

World::~World() { crash(); }

void World::open(std::vector<AttemptId> left) {
  runtime = std::make_unique<ScriptedRuntime>(executor);
  runtime->on_start = [this](const runtime::TaskSpec& task) { check_start(task); };
  store = std::make_unique<store::MemoryStore>(executor, disk,
                                               [this](store::StoreCall call, const WorkflowId&) {
                                                 return faults ? faults(call) : store::StoreFault{};
                                               });
  server = std::make_unique<Server>(
      executor, *store, *runtime, items,
      [this](TimePoint now) {
        return WorkflowId::from_parts(static_cast<std::uint64_t>(now.time_since_epoch().count()), 0,
                                      next_id++);
      },
      options);
  server->add_observer(this);
  runtime->left = std::move(left);
  std::optional<Status> opened;
  server->open([&](const Status& status) { opened = status; });
  EXPECT_TRUE(run_until([&] { return opened.has_value(); }));
  EXPECT_TRUE(opened && *opened);
}

void World::crash() {
  server.reset();
  runtime.reset();
  store.reset();
  started.clear();
}

void World::run() {
  for (int steps = 0; executor.step(); ++steps)
    if (steps > 10'000'000) {
      ADD_FAILURE() << "it does not come to rest";
      return;
    }
}

void World::run_for(milliseconds time) {
  bool over = false;
  executor.schedule(executor.now() + time, [&] { over = true; });
  run_until([&] { return over; });
}

bool World::run_until(const std::function<bool()>& holds) {
  for (int steps = 0; !holds(); ++steps) {
    if (!executor.step()) return false;
    if (steps > 10'000'000) {
      ADD_FAILURE() << "it does not come to rest";
      return false;
    }
  }
  return true;
}

WorkflowId World::submit(const std::string& steps, const json::object& inputs) {
  std::optional<Result<Submitted>> answer;
  server->submit({"name: test\n" + steps, "/files", inputs},
                 [&](Result<Submitted> made) { answer = std::move(made); });
  EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
  if (!answer || !*answer) {
    ADD_FAILURE() << (answer ? answer->error().message : "no answer");
    return {};
  }
  return (*answer)->id;
}

Status World::resume(const WorkflowId& id) {
  std::optional<Status> answer;
  server->resume(id, [&](const Status& status) { answer = status; });
  EXPECT_TRUE(run_until([&] { return answer.has_value(); }));
  return answer ? *answer : fail(ErrorCode::kInternal, "no answer");
}

void World::cancel(const WorkflowId& id, const std::string& reason) {
  server->cancel(id, reason, [](const Status& status) {
    EXPECT_TRUE(status) << (status ? "" : status.error().message);
  });
}

AttemptId World::attempt(const WorkflowId& id, std::uint32_t step, std::uint32_t task,
                         std::uint32_t number) const {
  return {id, StepIndex{step}, TaskIndex{task}, Attempt{number}};
}

store::LoadedWorkflow World::stored(const WorkflowId& id) const {
  return disk->load(id).value_or(store::LoadedWorkflow{});
}

std::size_t World::count(const WorkflowId& id, std::string_view type) const {
  const store::LoadedWorkflow loaded = stored(id);
  return static_cast<std::size_t>(
      std::count_if(loaded.records.begin(), loaded.records.end(), [&](const std::string& record) {
        return record.starts_with(fmt::format(R"({{"type":"{}")", type));
      }));
}

/// Commit, then act: what starts is dispatched on the disk, and has no outcome there.
void World::check_start(const runtime::TaskSpec& task) {
  EXPECT_TRUE(started.insert(task.id).second) << "started twice";
  const store::LoadedWorkflow loaded = stored(task.id.workflow);
  bool dispatched = false;
  for (const std::string& text : loaded.records) {
    const Json record = parse_json(text).value();
    const std::string_view type = record.at("type").as_string();
    if (type != "tasks_dispatched" && type != "tasks_succeeded") continue;
    if (record.at("step").as_string() != task.agent->step_id) continue;
    for (const Json& run : record.at("tasks").as_array()) {
      if (run.at(0).to_number<std::uint32_t>() > to_int(task.id.task) ||
          run.at(1).to_number<std::uint32_t>() < to_int(task.id.task))
        continue;
      EXPECT_NE(type, "tasks_succeeded") << "started again after its success";
      if (run.at(2).to_number<std::uint32_t>() == to_int(task.id.attempt)) dispatched = true;
    }
  }
  EXPECT_TRUE(dispatched) << "started before its dispatch was on the disk";
}

void World::on_committed(const engine::WorkflowState&, std::span<const engine::Record>) {
  if (keep_snapshots) snapshots.push_back(*disk);
}
void World::on_ended(const engine::WorkflowState& state) { ended.push_back(state.id); }
void World::on_abandoned(const engine::WorkflowState& state, const Error& error) {
  abandoned.emplace_back(state.id, error.code);
}
void World::on_store_trouble(const Error& error) {
  trouble.emplace_back(executor.now(), error.code);
}

}  // namespace agentainer::server

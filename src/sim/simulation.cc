#include "sim/simulation.h"

#include <map>
#include <memory>
#include <set>

#include "engine/engine.h"
#include "server/recovery.h"
#include "server/server.h"
#include "sim/checker.h"
#include "sim/durable_ledger.h"
#include "sim/early_ack_store.h"
#include "sim/random.h"
#include "sim/random_workflow.h"
#include "sim/requests.h"
#include "sim/simulated_runtime.h"
#include "sim/virtual_executor.h"
#include "store/memory_store.h"
#include "workflow/parse.h"

namespace agentainer::sim {
namespace {

constexpr TimePoint kStart{milliseconds(1'800'000'000'000)};
/// Far more than any sound run needs; past it the simulation is stuck in a loop.
constexpr std::size_t kMaxSteps = 3'000'000;

/// Chances of what may befall a commit.
struct StoreFaults {
  double lost_before = 0;
  double lost_after = 0;
  double unavailable = 0;
  std::uint32_t max_delay_ms = 2;
};

class NoItems final : public server::ItemSource {
 public:
  void open(const std::string&,
            std::function<void(Result<std::shared_ptr<const server::Items>>)> done) override {
    done(fail(ErrorCode::kNotFound, "simulated workflows read no files"));
  }
};

/// What lives between two crashes.
struct Life {
  std::unique_ptr<store::MemoryStore> connection;
  std::unique_ptr<EarlyAckStore> buggy;
  std::unique_ptr<SimulatedRuntime> runtime;
  std::unique_ptr<server::Server> server;
};

class Simulation final : public server::Observer {
 public:
  Simulation(std::uint64_t seed, Bug bug)
      : bug_(bug),
        random_(seed),
        executor_(kStart),
        disk_(std::make_shared<store::MemoryDatabase>()),
        ledger_(*disk_) {
    outcome_.seed = seed;
    faults_.lost_before = random_.chance(0.5) ? 0.02 : 0.0;
    faults_.lost_after = random_.chance(0.5) ? 0.05 : 0.0;
    faults_.unavailable = random_.chance(0.3) ? 0.05 : 0.0;
    faults_.max_delay_ms = random_.between(0, 20);
    agents_.failure = random_.below(5) * 0.1;
    agents_.lost = random_.chance(0.5) ? 0.05 : 0.0;
    crash_chance_ = random_.chance(0.7) ? 0.002 * random_.between(1, 10) : 0.0;
    request_chance_ = random_.chance(0.7) ? 0.01 * random_.between(1, 20) : 0.0;
  }

  Outcome run(bool keep_history) {
    start_life();
    const std::uint32_t workflows = random_.between(1, 3);
    for (std::uint32_t i = 0; i < workflows; ++i) submit();
    std::size_t steps = 0;
    const std::size_t fault_steps = random_.between(200, 4000);
    while (outcome_.violations.empty()) {
      if (++steps > kMaxSteps) {
        violation("the simulation does not come to an end");
        break;
      }
      if (steps == fault_steps) end_faults();
      if (steps < fault_steps && random_.chance(crash_chance_)) crash();
      if (steps < fault_steps && random_.chance(0.001)) cancel_something();
      if (steps < fault_steps && random_.chance(request_chance_)) ask_something();
      if (!executor_.step()) {
        if (help_all()) continue;
        if (steps >= fault_steps) break;
        end_faults();
        steps = fault_steps;
        // The last crash may have come when nothing was left to do but to resume.
        if (!executor_.step() && !help_all()) break;
      }
    }
    check(keep_history);
    return std::move(outcome_);
  }

  void on_committed(const engine::WorkflowState&,
                    std::span<const engine::Record> records) override {
    outcome_.records += records.size();
  }
  void on_ended(const engine::WorkflowState& state) override {
    final_dumps_[state.id] = engine::dump(state);
  }
  void on_abandoned(const engine::WorkflowState& state, const Error& error) override {
    violation(fmt::format("workflow {} was abandoned although nobody else is there: {}",
                          state.id.text(), error.message));
  }
  void on_store_trouble(const Error&) override {}

 private:
  void violation(std::string what) { outcome_.violations.push_back(std::move(what)); }

  /// What befalls the next call to the store.
  store::StoreFault draw_fault(store::StoreCall call) {
    store::StoreFault fault;
    fault.effect_delay = milliseconds(random_.below(faults_.max_delay_ms + 1));
    fault.answer_delay = milliseconds(random_.below(faults_.max_delay_ms + 1));
    const bool retried = call == store::StoreCall::kCommit;
    if (retried && random_.chance(faults_.unavailable))
      fault.kind = store::StoreFault::Kind::kUnavailable;
    if (retried && random_.chance(faults_.lost_before))
      fault.kind = store::StoreFault::Kind::kLostBefore;
    if (retried && random_.chance(faults_.lost_after))
      fault.kind = store::StoreFault::Kind::kLostAfter;
    return fault;
  }

  store::Store& store() {
    return life_.buggy ? static_cast<store::Store&>(*life_.buggy) : *life_.connection;
  }

  void start_life() {
    life_.connection = std::make_unique<store::MemoryStore>(
        executor_, disk_,
        [this](store::StoreCall call, const WorkflowId&) { return draw_fault(call); });
    if (bug_ == Bug::kEarlyAck)
      life_.buggy = std::make_unique<EarlyAckStore>(executor_, *life_.connection);
    life_.runtime = std::make_unique<SimulatedRuntime>(
        executor_, random_.next(), agents_,
        [this](const runtime::TaskSpec& task) { on_start(task); });
    server::Options options;
    options.max_tasks = random_.between(1, 40);
    options.max_events_at_once = random_.between(1, 50);
    max_tasks_ = options.max_tasks;
    life_.server = std::make_unique<server::Server>(
        executor_, store(), *life_.runtime, items_,
        [this](TimePoint now) {
          return WorkflowId::from_parts(static_cast<std::uint64_t>(now.time_since_epoch().count()),
                                        random_.next(), random_.next());
        },
        options);
    life_.server->add_observer(this);
    life_.server->open([this](const Status& opened) {
      if (!opened) return violation("the server did not open: " + opened.error().message);
      ready_ = true;
      for (std::string& text : waiting_) send(std::move(text));
      waiting_.clear();
      life_.server->take_over([this](const Status& taken) {
        if (!taken) violation("workflows could not be taken over: " + taken.error().message);
      });
    });
  }

  void crash() {
    ++outcome_.crashes;
    outcome_.attempts += attempts_of_life_;
    attempts_of_life_ = 0;
    ready_ = false;
    // Commits under way may still reach the disk; nobody hears of it.
    life_.server.reset();
    life_.runtime.reset();
    life_.buggy.reset();
    life_.connection.reset();
    requests_.on_crash();
    // The machine may come back later, with its clock set forward or back.
    const std::int64_t shift =
        static_cast<std::int64_t>(random_.below(20'000)) - (random_.chance(0.1) ? 3'600'000 : 0);
    executor_.set_clock(executor_.now() + milliseconds(shift));
    start_life();
  }

  void end_faults() {
    faults_ = {};
    crash_chance_ = 0;
  }

  void submit() {
    std::string text = random_workflow(random_);
    if (ready_) {
      send(std::move(text));
    } else {
      waiting_.push_back(std::move(text));
    }
  }

  void send(std::string text) {
    const workflow::ParseResult parsed = workflow::parse(text);
    if (!parsed.definition)
      return violation("a generated workflow is not valid: " +
                       workflow::render(parsed.diagnostics, "generated", text, false));
    life_.server->submit({std::move(text), "/", {}}, [this](const Result<server::Submitted>& made) {
      if (!made) return violation("a workflow was refused: " + made.error().message);
      acknowledged_.insert(made->id);
    });
  }

  void ask_something() {
    if (acknowledged_.empty()) return;
    auto id = acknowledged_.begin();
    std::advance(id, random_.below(static_cast<std::uint32_t>(acknowledged_.size())));
    requests_.ask(*life_.server, *id);
  }

  bool help_all() {
    bool helped = false;
    for (const store::WorkflowSummary& summary : disk_->list({.limit = 1000}).workflows)
      helped = requests_.help(*life_.server, summary.id) || helped;
    return helped;
  }

  void cancel_something() {
    if (acknowledged_.empty()) return;
    // That it has ended already is a fine answer too.
    life_.server->cancel(*acknowledged_.begin(), "simulated cancel", [](const Status&) {});
  }

  /// Acting before the commit shows here: what starts must be dispatched in what the store has
  /// acknowledged.
  void on_start(const runtime::TaskSpec& task) {
    ++attempts_of_life_;
    if (life_.runtime && life_.runtime->running() > max_tasks_ + 1)
      violation("more attempts run than the server has slots");
    if (auto objection = ledger_.objection(task)) violation(std::move(*objection));
  }

  void check(bool keep_history) {
    outcome_.attempts += attempts_of_life_;
    const auto all = disk_->list({.limit = 1000}).workflows;
    outcome_.workflows = all.size();
    for (const store::WorkflowSummary& summary : all) check_workflow(summary.id, keep_history);
    for (const WorkflowId& id : acknowledged_)
      if (!checked_.contains(id))
        violation("acknowledged workflow " + id.text() + " does not exist");
    if (outcome_.violations.empty())
      for (std::string& text : requests_.check_answers()) violation(std::move(text));
  }

  void check_workflow(const WorkflowId& id, bool keep_history) {
    checked_.insert(id);
    const Result<store::LoadedWorkflow> loaded = disk_->load(id);
    if (!loaded) return violation("workflow " + id.text() + " could not be loaded");
    const workflow::ParseResult parsed = workflow::parse(loaded->origin.definition);
    if (keep_history) {
      outcome_.history += loaded->origin.definition + "\n";
      for (const std::string& record : loaded->records) outcome_.history += record + "\n";
    }
    // A creation that reached the disk after its server had crashed may lie there until the next
    // start. A run that was broken off at its first violation has loose ends of its own.
    if (outcome_.violations.empty())
      for (std::string& text :
           check_history(*loaded, *parsed.definition, acknowledged_.contains(id)))
        violation(std::move(text));
    if (outcome_.violations.empty())
      for (std::string& text : requests_.check(*loaded, *parsed.definition))
        violation(std::move(text));
    const Result<engine::WorkflowState> replayed = server::rebuild(*loaded, parsed.definition);
    if (!replayed) return violation("the history does not replay: " + replayed.error().message);
    const auto live = final_dumps_.find(id);
    if (live != final_dumps_.end() && live->second != engine::dump(*replayed))
      violation("replaying gives another state:\n" + live->second + "\ninstead of\n" +
                engine::dump(*replayed));
  }

  Outcome outcome_;
  Bug bug_;
  Random random_;
  VirtualExecutor executor_;
  std::shared_ptr<store::MemoryDatabase> disk_;
  DurableLedger ledger_;
  StoreFaults faults_;
  NoItems items_;
  AgentFaults agents_;
  Requests requests_{random_};
  double crash_chance_ = 0;
  double request_chance_ = 0;
  std::uint32_t max_tasks_ = 0;
  std::size_t attempts_of_life_ = 0;
  bool ready_ = false;
  Life life_;
  std::vector<std::string> waiting_;
  std::set<WorkflowId> acknowledged_;
  std::set<WorkflowId> checked_;
  std::map<WorkflowId, std::string> final_dumps_;
};

}  // namespace

Outcome simulate(std::uint64_t seed, Bug bug, bool keep_history) {
  return Simulation(seed, bug).run(keep_history);
}

}  // namespace agentainer::sim

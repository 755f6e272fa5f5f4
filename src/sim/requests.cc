#include "sim/requests.h"

#include <algorithm>
#include <utility>

namespace agentainer::sim {
namespace {

/// The list of whole numbers stored under a key; empty when there is none.
std::vector<std::int64_t> numbers(const store::LoadedWorkflow& loaded, const std::string& key) {
  const auto found = loaded.state.find(key);
  if (found == loaded.state.end()) return {};
  const Json value = parse_json(found->second).value();
  std::vector<std::int64_t> list;
  for (const Json& element : value.as_array()) list.push_back(element.to_number<std::int64_t>());
  return list;
}

std::size_t records_of(const store::LoadedWorkflow& loaded, std::string_view type) {
  const std::string head = fmt::format(R"({{"type":"{}",)", type);
  return static_cast<std::size_t>(
      std::count_if(loaded.records.begin(), loaded.records.end(),
                    [&](const std::string& record) { return record.starts_with(head); }));
}

}  // namespace

std::uint64_t Requests::expect_answer() {
  unanswered_.insert(++last_request_);
  return last_request_;
}

void Requests::take_answer(std::uint64_t request) {
  if (unanswered_.erase(request) == 0) violations_.emplace_back("a request was answered twice");
}

void Requests::update(server::Server& server, const WorkflowId& id, Update update,
                      OnChange on_change) {
  const std::uint64_t request = expect_answer();
  server.update_state(id, std::move(update),
                      [this, request, on_change = std::move(on_change)](
                          const Result<engine::StateUpdateResult>& answer) {
                        take_answer(request);
                        if (answer) {
                          on_change(*answer);
                        } else if (answer.error().code != ErrorCode::kConflict &&
                                   answer.error().code != ErrorCode::kNotFound) {
                          violations_.push_back("a state update: " + answer.error().message);
                        }
                      });
}

server::Server::DoneStatus Requests::take_status(std::string what, std::function<void()> on_done) {
  return [this, request = expect_answer(), what = std::move(what),
          on_done = std::move(on_done)](const Status& answer) {
    take_answer(request);
    if (answer) {
      on_done();
    } else if (answer.error().code != ErrorCode::kConflict &&
               answer.error().code != ErrorCode::kNotFound) {
      violations_.push_back(what + ": " + answer.error().message);
    }
  };
}

bool Requests::help(server::Server& server, const WorkflowId& id) {
  const engine::WorkflowState* state = server.find(id);
  if (state == nullptr) return false;
  if (state->paused_at) {
    server.unpause(id, take_status("unpause", [] {}));
    return true;
  }
  if (state->agenda.waiting.empty()) return false;
  send_signal(server, id, std::string(state->agenda.waiting.begin()->first));
  return true;
}

/// No two payloads are alike, so that one that is given twice shows.
void Requests::send_signal(server::Server& server, const WorkflowId& id, const std::string& name) {
  Workflow& workflow = workflows_[id];
  const std::string payload = std::to_string(++last_payload_);
  workflow.payloads[name].insert(payload);
  server.signal(id, name, payload,
                take_status("signal", [&workflow] { ++workflow.signals_answered; }));
}

void Requests::ask(server::Server& server, const WorkflowId& id) {
  Workflow& workflow = workflows_[id];
  switch (random_.below(8)) {
    case 0:
      ++workflow.increments_asked;
      update(server, id, {Update::Kind::kIncrement, "count", "", {}},
             [&workflow](const auto&) { ++workflow.increments_answered; });
      break;
    case 1: {
      const std::int64_t element = ++workflow.last_element;
      update(server, id, {Update::Kind::kAppend, "journal", std::to_string(element), {}},
             [&workflow, element](const auto&) { workflow.elements_answered.insert(element); });
      break;
    }
    case 2: {
      const std::int64_t member = random_.below(5);
      update(server, id, {Update::Kind::kAddToSet, "members", std::to_string(member), {}},
             [&workflow, member](const auto&) { workflow.members_answered.insert(member); });
      break;
    }
    case 3:
      swap(server, id);
      swap(server, id);
      break;
    case 4:
      update(server, id,
             random_.chance(0.5)
                 ? Update{Update::Kind::kSet, "score", std::to_string(random_.below(12)), {}}
                 : Update{Update::Kind::kDelete, "nothing", "", {}},
             [](const auto&) {});
      break;
    case 5:
      server.pause(id, take_status("pause", [&workflow] { ++workflow.pauses_answered; }));
      break;
    case 6:
      server.unpause(id, take_status("unpause", [] {}));
      break;
    case 7:
      send_signal(server, id, random_.chance(0.5) ? "go" : "more");
      break;
  }
}

/// From the value there is now to one that never was: of those who expect the same, one may win.
void Requests::swap(server::Server& server, const WorkflowId& id) {
  const engine::WorkflowState* state = server.find(id);
  if (state == nullptr) return;
  Workflow& workflow = workflows_[id];
  const engine::Text now = state->data.text("lock");
  const std::string next = std::to_string(++workflow.last_swap);
  update(server, id,
         {Update::Kind::kCompareAndSwap, "lock", next, now ? std::optional(*now) : std::nullopt},
         [this, &workflow, next, expected = now ? *now : ""](const auto& answer) {
           if (!answer.changed) return;
           if (answer.text != next || ++workflow.swaps[expected] > 1)
             violations_.push_back("two have swapped the same value: " + expected);
         });
}

std::vector<std::string> Requests::check_answers() const {
  std::vector<std::string> violations = violations_;
  if (!unanswered_.empty())
    violations.push_back(fmt::format("{} requests were never answered", unanswered_.size()));
  return violations;
}

std::vector<std::string> Requests::check(const store::LoadedWorkflow& loaded,
                                         const workflow::Definition& definition) const {
  std::vector<std::string> violations;
  const auto found = workflows_.find(loaded.id);
  if (found == workflows_.end()) return violations;
  const Say say = [&](std::string what) {
    violations.push_back(fmt::format("workflow {}: {}", loaded.id.text(), what));
  };
  check_state(found->second, loaded, say);
  check_signals(found->second, loaded, definition, say);
  if (records_of(loaded, "workflow_paused") < found->second.pauses_answered)
    say("the history has lost a pause");
  return violations;
}

void Requests::check_state(const Workflow& workflow, const store::LoadedWorkflow& loaded,
                           const Say& say) {
  const auto count = loaded.state.find("count");
  const std::int64_t counted = count == loaded.state.end() ? 0 : std::stoll(count->second);
  if (counted < workflow.increments_answered || counted > workflow.increments_asked)
    say(fmt::format("count is {}, after {} increments answered and {} asked for", counted,
                    workflow.increments_answered, workflow.increments_asked));

  const std::vector<std::int64_t> journal = numbers(loaded, "journal");
  std::set<std::int64_t> kept;
  for (std::size_t i = 0; i < journal.size(); ++i) {
    if (journal[i] > workflow.last_element) say("the journal has what nobody wrote");
    if (i > 0 && journal[i] <= journal[i - 1]) say("the journal is out of order");
    kept.insert(journal[i]);
  }
  for (const std::int64_t element : workflow.elements_answered)
    if (!kept.contains(element)) say(fmt::format("the journal has lost {}", element));

  const std::vector<std::int64_t> members = numbers(loaded, "members");
  const std::set<std::int64_t> distinct(members.begin(), members.end());
  if (distinct.size() != members.size()) say("the set has a member twice");
  for (const std::int64_t member : workflow.members_answered)
    if (!distinct.contains(member)) say(fmt::format("the set has lost {}", member));
}

void Requests::check_signals(const Workflow& workflow, const store::LoadedWorkflow& loaded,
                             const workflow::Definition& definition, const Say& say) {
  std::size_t sent = 0;
  for (const auto& [name, payloads] : workflow.payloads) sent += payloads.size();
  const std::size_t received = records_of(loaded, "signal_received");
  if (received < workflow.signals_answered || received > sent)
    say(fmt::format("{} signals were received, after {} answered and {} sent", received,
                    workflow.signals_answered, sent));
  std::set<std::string> used;
  for (const workflow::Step& step : definition.steps) {
    if (step.wait.signal.empty()) continue;
    const auto output = loaded.step_outputs.find(step.id);
    if (output == loaded.step_outputs.end() || output->second == "null") continue;
    const auto payloads = workflow.payloads.find(step.wait.signal);
    if (payloads == workflow.payloads.end() || !payloads->second.contains(output->second))
      say(fmt::format("step {} got {}, which nobody sent it", step.id, output->second));
    if (!used.insert(output->second).second) say("two steps got the same signal");
  }
}

}  // namespace agentainer::sim

#include "sim/durable_ledger.h"

#include "base/json.h"

namespace agentainer::sim {

const DurableLedger::Workflow& DurableLedger::catch_up(const WorkflowId& id) {
  Workflow& workflow = workflows_[id];
  for (const store::StoredRecord& stored : disk_.read_records(id, workflow.read, 1'000'000)) {
    workflow.read = stored.sequence;
    const Json record = parse_json(stored.text).value();
    const auto& type = record.at("type").as_string();
    workflow.ended = workflow.ended || type == "workflow_ended";
    if (type == "workflow_paused") workflow.paused = true;
    if (type == "workflow_unpaused") workflow.paused = false;
    if (type != "tasks_dispatched" && type != "tasks_succeeded") continue;
    const std::string step(record.at("step").as_string());
    for (const Json& run : record.at("tasks").as_array()) {
      for (auto task = run.at(0).to_number<std::uint32_t>();
           task <= run.at(1).to_number<std::uint32_t>(); ++task) {
        if (type == "tasks_dispatched") {
          workflow.dispatched.emplace(step, task, run.at(2).to_number<std::uint32_t>());
        } else {
          workflow.succeeded.emplace(step, task);
        }
      }
    }
  }
  return workflow;
}

std::optional<std::string> DurableLedger::objection(const runtime::TaskSpec& task) {
  const Workflow& workflow = catch_up(task.id.workflow);
  const std::uint32_t index = to_int(task.id.task);
  const std::string name = fmt::format(
      "{} attempt {}", task_id_text(task.id.workflow, task.agent->step_id, task.id.task),
      to_int(task.id.attempt));
  if (!workflow.dispatched.contains({task.agent->step_id, index, to_int(task.id.attempt)}))
    return name + " started before its dispatch was committed";
  if (workflow.succeeded.contains({task.agent->step_id, index}))
    return name + " started after the task's success was committed";
  if (workflow.paused) return name + " started while its workflow was paused";
  if (workflow.ended) return name + " started after the end of its workflow";
  return std::nullopt;
}

}  // namespace agentainer::sim

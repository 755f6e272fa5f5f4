#include "api/body_check.h"
#include "base/check.h"

namespace agentainer::api {
namespace {

// clang-format off
constexpr std::string_view kSchemas = R"json({
  "Any": {},
  "Health": {"type": "object", "required": ["status", "version"], "properties": {
    "status": {"type": "string"}, "version": {"type": "string"}, "running": {"type": "integer"}}},
  "Reference": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
  "Created": {"type": "object", "required": ["id", "name", "status", "is_new"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"}, "status": {"type": "string"}, "is_new": {"type": "boolean"},
    "reason": {"type": "string"}, "state": {"type": ["object", "null"]}}},
  "Status": {"enum": ["pending", "running", "completed", "failed", "cancelled"]},
  "Summary": {"type": "object", "required": ["id", "name", "status", "created_at", "updated_at"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"}, "status": {"$ref": "#/components/schemas/Status"},
    "created_at": {"type": "string"}, "updated_at": {"type": "string"}}},
  "WorkflowPage": {"type": "object", "required": ["workflows", "next"], "properties": {
    "workflows": {"type": "array", "items": {"$ref": "#/components/schemas/Summary"}}, "next": {"type": ["string", "null"]}}},
  "Workflow": {"type": "object", "required": ["id", "name", "status", "steps", "created_at"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"}, "description": {"type": "string"},
    "status": {"$ref": "#/components/schemas/Status"}, "paused": {"type": "boolean"}, "reason": {"type": "string"},
    "config": {"type": "object"}, "steps": {"$ref": "#/components/schemas/Steps"}, "state": {"type": ["object", "null"]},
    "metadata": {"type": "object"}, "created_at": {"type": "string"}, "updated_at": {"type": ["string", "null"]},
    "started_at": {"type": ["string", "null"]}, "completed_at": {"type": ["string", "null"]}, "sequence": {"type": "integer"}}},
  "Steps": {"type": "array", "items": {"type": "object", "required": ["id", "name", "type", "status", "depends_on", "tasks"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"}, "type": {"type": "string"}, "status": {"type": "string"},
    "depends_on": {"type": "array", "items": {"type": "string"}}, "reason": {"type": "string"}, "config": {"type": "object"},
    "tasks": {"type": "object"}, "items": {"type": "integer"}, "choice": {"type": "string"},
    "started_at": {"type": ["string", "null"]}, "completed_at": {"type": ["string", "null"]}}}},
  "Task": {"type": "object", "required": ["id", "step_id", "index", "status", "attempt"], "properties": {
    "id": {"type": "string"}, "step_id": {"type": "string"}, "step_name": {"type": "string"}, "index": {"type": "integer"},
    "status": {"type": "string"}, "attempt": {"type": "integer"}, "failures": {"type": "integer"}, "next_retry_at": {"type": "string"}}},
  "TaskPage": {"type": "object", "required": ["tasks", "next"], "properties": {
    "tasks": {"type": "array", "items": {"$ref": "#/components/schemas/Task"}}, "next": {"type": ["string", "null"]}}},
  "TaskDetail": {"type": "object", "required": ["task", "result", "error"], "properties": {
    "task": {"$ref": "#/components/schemas/Task"}, "result": {}, "error": {}}},
  "Log": {"type": "object", "required": ["text", "offset", "size_bytes"], "properties": {
    "text": {"type": "string"}, "offset": {"type": "integer"}, "next_offset": {"type": "integer"}, "size_bytes": {"type": "integer"}}},
  "Cancellation": {"type": "object", "additionalProperties": false, "properties": {"reason": {"type": "string", "maxLength": 1000}}},
  "StateSetting": {"type": "object", "required": ["key", "value"], "additionalProperties": false, "properties": {
    "key": {"type": "string", "minLength": 1, "maxLength": 512}, "value": {}}},
  "StateUpdate": {"type": "object", "required": ["operation", "key"], "additionalProperties": false, "properties": {
    "operation": {"enum": ["set", "delete", "increment", "append", "add_to_set", "compare_and_swap"]},
    "key": {"type": "string", "minLength": 1, "maxLength": 512}, "value": {}, "expected": {}}},
  "StateResult": {"type": "object", "required": ["key", "changed", "value"], "properties": {
    "key": {"type": "string"}, "changed": {"type": "boolean"}, "value": {}}},
  "Explanation": {"type": "object", "required": ["status", "steps"], "properties": {
    "status": {"type": "string"}, "reason": {"type": "string"}, "steps": {"type": "array", "items": {"type": "object",
      "required": ["step", "status", "cause"], "properties": {
        "step": {"type": "string"}, "status": {"type": "string"}, "cause": {"type": "string"}, "since": {"type": ["string", "null"]},
        "help": {"type": "string"}, "log": {"type": "string"}}}}}},
  "EventStream": {"type": "string"},
  "History": {"type": "object", "required": ["records", "next"], "properties": {
    "records": {"type": "array", "items": {"type": "object"}}, "next": {"type": ["integer", "null"]}}},
  "Token": {"type": "object", "required": ["id", "name", "scope", "created_at"], "properties": {
    "id": {"type": "string"}, "name": {"type": "string"}, "scope": {"type": "string"}, "workflow": {"type": ["string", "null"]},
    "created_at": {"type": "string"}, "expires_at": {"type": ["string", "null"]}}},
  "Tokens": {"type": "array", "items": {"$ref": "#/components/schemas/Token"}},
  "TokenRequest": {"type": "object", "required": ["scope"], "additionalProperties": false, "properties": {
    "name": {"type": "string", "maxLength": 200}, "scope": {"enum": ["read", "run", "admin"]}, "workflow": {"type": "string"},
    "expires_in_seconds": {"type": "integer", "minimum": 1, "maximum": 3153600000}}},
  "NewToken": {"type": "object", "required": ["token", "text"], "properties": {
    "token": {"$ref": "#/components/schemas/Token"}, "text": {"type": "string"}}},
  "Audit": {"type": "object", "required": ["entries", "next"], "properties": {
    "entries": {"type": "array", "items": {"type": "object"}}, "next": {"type": ["string", "null"]}}}
})json";
// clang-format on

}  // namespace

const json::object& schemas() {
  static const Json parsed = [] {
    Result<Json> value = parse_json(kSchemas);
    AGENTAINER_CHECK(value && value->is_object(), "the schemas are a JSON object");
    return std::move(*value);
  }();
  return parsed.get_object();
}

}  // namespace agentainer::api

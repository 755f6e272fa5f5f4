// Fields of workflows and steps: what each shape means, and what is wrong with others.

#include <gtest/gtest.h>

#include "workflow/test_support.h"

namespace agentainer::workflow {
namespace {

/// A file of one step with `fields` in it, at 3:5 on.
std::string one(std::string_view fields) {
  return "name: test\nsteps:\n  - " + std::string(fields) + "\n";
}
Step step(std::string_view fields) {
  Definition definition = good(one(fields));
  return definition.steps.empty() ? Step{} : std::move(definition.steps.back());
}

TEST(Fields, NestedAndShortFormsMeanTheSame) {
  const Definition nested = good(R"(
name: Report
description: About it
config:
  max_parallel: 4
  timeout: 10m
  failure_strategy: continue_on_partial
  retry_policy: {max_attempts: 3, backoff: exponential, delay: 2s}
  resource_limits: {cpu_limit: 500000000, memory_limit: 536870912, gpu_limit: 1}
  cleanup_policy: never
  enable_profiling: true
  schedule: 0 7 * * *
state: {urls: [a]}
metadata: {owner: {team: x}}
steps:
  - id: fetch
    name: Fetch
    type: map
    config:
      image: ./fetch
      env_vars: {A: 1.10, B: true}
      max_workers: 5
      retry_policy: {max_attempts: 5}
      resource_limits: {pids: 10}
      execution_mode: pooled
      pool_config: {min_size: 2, max_size: 3, idle_timeout: 1m, max_agent_uses: 7, warm_up: true}
      map_config: {input_path: urls, item_alias: url, error_handling: continue_on_error}
)");
  const Definition flat = good(R"(
name: Report
description: About it
max_parallel: 4
timeout: 600
failure_strategy: continue_on_partial
retry: {max_attempts: 3, backoff: exponential, delay: 2}
limits: {cpu: 0.5, memory: 512MiB, gpu: 1}
cleanup_policy: never
enable_profiling: true
schedule: 0 7 * * *
state: {urls: [a]}
metadata: {owner: {team: x}}
steps:
  fetch:
    name: Fetch
    type: map
    image: ./fetch
    env: {A: 1.10, B: true}
    workers: 5
    retry: {max_attempts: 5}
    resources: {pids: 10}
    execution_mode: pooled
    pool: {min_size: 2, max_size: 3, idle_timeout: 1m, max_agent_uses: 7, warm_up: true}
    map: {input_path: urls, item_alias: url, error_handling: continue_on_error}
)");
  for (const Definition* definition : {&nested, &flat}) {
    EXPECT_EQ(definition->name, "Report");
    EXPECT_EQ(definition->description, "About it");
    EXPECT_EQ(definition->max_parallel, 4u);
    EXPECT_EQ(definition->timeout, 10min);
    EXPECT_EQ(definition->failure_strategy, FailureStrategy::kContinueOnPartial);
    EXPECT_TRUE(definition->enable_profiling);
    EXPECT_EQ(definition->schedule, "0 7 * * *");
    EXPECT_EQ(to_text(definition->state), R"({"urls":["a"]})");
    EXPECT_EQ(to_text(definition->metadata), R"({"owner":{"team":"x"}})");
    ASSERT_EQ(definition->steps.size(), 1u);
    const Step& fetch = definition->steps[0];
    EXPECT_EQ(fetch.id, "fetch");
    EXPECT_EQ(fetch.name, "Fetch");
    EXPECT_EQ(fetch.type, StepType::kMap);
    EXPECT_EQ(fetch.image, "./fetch");
    ASSERT_EQ(fetch.env_vars.size(), 2u);
    EXPECT_EQ(fetch.env_vars[0].value.evaluate_text({}), "1.10");  // as written
    EXPECT_EQ(fetch.env_vars[1].value.evaluate_text({}), "true");
    EXPECT_EQ(fetch.map.max_concurrency, 5u);
    EXPECT_EQ(fetch.retry.max_attempts, 5u);
    EXPECT_EQ(fetch.retry.backoff, Backoff::kExponential);
    EXPECT_EQ(fetch.retry.delay, 2s);
    EXPECT_EQ(fetch.limits.cpu_nano, 500'000'000);
    EXPECT_EQ(fetch.limits.memory_bytes, 536'870'912);
    EXPECT_EQ(fetch.limits.gpus, 1);
    EXPECT_EQ(fetch.limits.pids, 10);
    EXPECT_EQ(fetch.cleanup, CleanupPolicy::kNever);
    EXPECT_EQ(fetch.execution_mode, ExecutionMode::kPooled);
    EXPECT_EQ(fetch.pool.min_size, 2u);
    EXPECT_EQ(fetch.pool.max_size, 3u);
    EXPECT_EQ(fetch.pool.idle_timeout, 1min);
    EXPECT_EQ(fetch.pool.max_agent_uses, 7u);
    EXPECT_TRUE(fetch.pool.warm_up);
    EXPECT_EQ(fetch.map.input_path, "urls");
    EXPECT_EQ(fetch.map.item_alias, "url");
    EXPECT_EQ(fetch.map.error_handling, ErrorHandling::kContinueOnError);
  }
}

TEST(Fields, JsonFilesAreTheSameFormat) {
  const Definition definition =
      good(R"({"name": "R\u00e9sum\u00e9", "x-mine": 1, "config": {"timeout": "1h"},
    "steps": [{"id": "a", "type": "parallel", "depends_on": [], "condition": null,
               "config": {"command": ["sh", "-c", "exit 0"], "max_workers": 3, "timeout": 5}}]})");
  EXPECT_EQ(definition.name, "R\xC3\xA9sum\xC3\xA9");
  ASSERT_EQ(definition.steps.size(), 1u);
  EXPECT_EQ(definition.steps[0].max_workers, 3u);
  EXPECT_EQ(definition.steps[0].timeout, 5s);
  EXPECT_EQ(problems("{\"name\": \"x\",\n \"steps\": [{\"id\": \"a\",\n  \"imag\": \"b\"}]}"),
            "3:3: unknown field 'imag' of a step; did you mean 'image'?\n");
}

TEST(Fields, DefaultsAreTheDocumentedOnes) {
  const Step plain = step("{id: a, image: x}");
  EXPECT_EQ(plain.type, StepType::kSequential);
  EXPECT_EQ(plain.retry.max_attempts, 1u);
  EXPECT_EQ(plain.retry.delay, 1s);
  EXPECT_EQ(plain.retry.max_delay, 1h);
  EXPECT_EQ(plain.retry.retry_on, 0x7Fu);
  EXPECT_EQ(plain.timeout, 0ms);
  EXPECT_EQ(plain.output, OutputMode::kAuto);
  EXPECT_EQ(plain.cleanup, CleanupPolicy::kAlways);
  EXPECT_FALSE(plain.input);
  EXPECT_FALSE(plain.condition);
}

TEST(Fields, Identity) {
  EXPECT_EQ(step("{name: Fetch all the Pages!, image: x}").id, "fetch_all_the_pages");
  EXPECT_EQ(step("{name: 3rd step, image: x}").id, "_3rd_step");
  EXPECT_EQ(step("{name: " + std::string(100, 'a') + ", image: x}").id, std::string(64, 'a'));
  EXPECT_EQ(step("{id: a-b_C9, image: x}").name, "a-b_C9");
  EXPECT_EQ(step("{id: a, image: x, x-note: [anything]}").id, "a");
}

TEST(Fields, Retry) {
  const RetryPolicy retry =
      step("{id: a, image: x, retry: {delay: 2h, jitter: 0.25, retry_on: [timeout, lost]}}").retry;
  EXPECT_EQ(retry.max_delay, 2h);  // at least the delay
  EXPECT_EQ(retry.jitter, 0.25);
  EXPECT_TRUE(retry.retries(FailureCause::kTimeout));
  EXPECT_TRUE(retry.retries(FailureCause::kLost));
  EXPECT_FALSE(retry.retries(FailureCause::kExitCode));
  EXPECT_FALSE(retry.retries(FailureCause::kExpression));
}

TEST(Fields, Map) {
  const MapConfig map = step(
                            "{id: a, type: map, image: x, map: {input_file: items.jsonl, "
                            "batch_size: 10, max_failures: 3, "
                            "max_failure_percent: 2.5, max_concurrency: 4}, workers: 9}")
                            .map;
  EXPECT_EQ(map.input_file, "items.jsonl");
  EXPECT_EQ(map.batch_size, 10u);
  EXPECT_EQ(map.max_failures, 3u);
  EXPECT_EQ(map.max_failure_percent, 2.5);
  EXPECT_EQ(map.max_concurrency, 4u);
  EXPECT_EQ(map.error_handling, ErrorHandling::kContinueOnError);  // some failures are accepted
}

TEST(Fields, MapReduceLaysItsBlocksOverItsOwnFields) {
  const Definition definition = good(R"(
name: test
steps:
  - id: count
    type: mapreduce
    timeout: 1m
    condition: state.go
    env: {A: shared}
    map: {input_path: docs, item_alias: doc}
    mapper: {image: ./m, env: {B: "${{ doc }}"}, retry: {max_attempts: 4}}
    reducer: {command: [./r], timeout: 5m, output: lines}
)");
  ASSERT_EQ(definition.steps.size(), 2u);
  const Step& map = definition.steps[0];
  const Step& reduce = definition.steps[1];
  EXPECT_EQ(map.id, "count_map");
  EXPECT_EQ(map.type, StepType::kMap);
  EXPECT_EQ(map.map.input_path, "docs");
  EXPECT_EQ(map.image, "./m");
  EXPECT_EQ(map.timeout, 1min);
  EXPECT_EQ(map.retry.max_attempts, 4u);
  ASSERT_EQ(map.env_vars.size(), 1u);
  EXPECT_EQ(map.env_vars[0].name, "B");
  EXPECT_TRUE(map.condition);
  EXPECT_EQ(reduce.id, "count");
  EXPECT_EQ(reduce.type, StepType::kReduce);
  EXPECT_EQ(reduce.command.size(), 1u);
  EXPECT_EQ(reduce.timeout, 5min);
  EXPECT_EQ(reduce.retry.max_attempts, 1u);
  EXPECT_EQ(reduce.output, OutputMode::kLines);
  EXPECT_EQ(reduce.env_vars[0].name, "A");
  EXPECT_FALSE(reduce.condition);  // the map's decides for both
}

TEST(Fields, ACommandIsAListOrALineForTheShell) {
  const auto arguments = [](const Step& of) {
    std::string text;
    for (const expr::Template& argument : of.command)
      text += "[" + argument.evaluate_text({}).value_or("?") + "]";
    return text;
  };
  EXPECT_EQ(arguments(step("{id: a, command: [python3, -u, 8080, true]}")),
            "[python3][-u][8080][true]");
  EXPECT_EQ(arguments(step("{id: a, command: echo hello | wc -c}")),
            "[/bin/sh][-c][echo hello | wc -c]");
}

TEST(Fields, DecisionsInBothShapes) {
  const Definition branches = good(R"(
name: test
steps:
  - id: pick
    type: decision
    decision_node:
      branches:
        - {id: low, condition: state.x < 1, next_steps: [a]}
        - {id: high, condition: state.x > 9, next_steps: [b, a], priority: 5}
        - {name: also low, condition: state.x < 0, next_steps: b}
      default: [c]
  - {id: a, image: x}
  - {id: b, image: x}
  - {id: c, image: x}
)");
  std::string text;
  for (const Choice& choice : branches.steps[0].choices)
    text += fmt::format("{}: {} -> {}\n", choice.name, choice.when ? choice.when->text() : "always",
                        choice.next.size());
  EXPECT_EQ(text,
            "high: state.x > 9 -> 2\nlow: state.x < 1 -> 1\nalso low: state.x < 0 -> 1\n"
            "default: always -> 1\n");
  const Definition choices = good(R"(
name: test
steps:
  - id: pick
    type: decision
    decision:
      input_path: $.kind
      choices:
        - {condition: {operator: ==, value: urgent}, next: a}
        - {condition: {field: score, operator: gt, value: 3}, next: [b]}
        - {condition: {or: [{value: x}, {operator: in, value: [y, z]}]}, next: [b]}
  - {id: a, image: x}
  - {id: b, image: x}
)");
  text.clear();
  for (const Choice& choice : choices.steps[0].choices)
    text += fmt::format("{}: {}\n", choice.name, choice.when->text());
  EXPECT_EQ(text,
            "1: state.kind == \"urgent\"\n2: state.score > 3\n"
            "3: state.kind == \"x\" or state.kind in [\"y\",\"z\"]\n");
}

TEST(Fields, MistakesInOneStepAreTold) {
  const std::pair<std::string, std::string_view> table[] = {
      {"{id: a, imag: x}", "3:13: unknown field 'imag' of a step; did you mean 'image'?\n"},
      {"{id: a, image: x, maxWorkers: 3}",
       "3:23: unknown field 'maxWorkers' of a step; did you mean 'max_workers'?\n"},
      {"{id: a, image: x, max_attempts: 3}", "3:23: 'max_attempts' belongs under 'retry_policy'\n"},
      {"{id: a, image: x, memory: 1GB}", "3:23: 'memory' belongs under 'resource_limits'\n"},
      {"{id: a, image: x, status: running}", "3:23: 'status' is set by the server; remove it\n"},
      {"{id: a, image: x, config: {id: b}}", "3:32: unknown field 'id' of a step config\n"},
      {"{id: a, image: x, config: {image: y}}",
       "3:32: 'image' is given twice; the first is on line 3\n"},
      {"{id: a, image: x, env: {}, config: {env_vars: {}}}",
       "3:41: 'env_vars' and 'env' are the same field; give one of them\n"},
      {"{id: a, image: x, config: [y]}", "3:31: 'config' takes a mapping, not a list\n"},
      {"{id: a, image: 5}", "3:20: 'image' takes text (in quotes), not the number 5\n"},
      {"{id: a, image: x, timeout: soon}",
       "3:32: 'soon' is not a duration; write it like 90s, 10m, 1h30m or 250ms (a plain number is "
       "seconds)\n"},
      {"{id: a, image: x, timeout: [1]}",
       "3:32: 'timeout' takes a duration like 90s, 10m or 1h30m, not a list\n"},
      {"{id: a, image: x, timeout: }", "3:23: 'timeout' has no value\n"},
      {"{id: a, image: x, type: paralel}",
       "3:29: 'type' takes 'sequential', 'parallel', 'map', 'reduce', 'branch', 'decision', "
       "'wait', 'mapreduce' or "
       "'subworkflow', not the text 'paralel'; did you mean 'parallel'?\n"},
      {"{id: a, image: x, type: parallel, workers: 0}",
       "3:48: 'workers' takes a whole number from 1 to 100000, not the number 0\n"},
      {"{id: a, image: x, type: parallel, workers: '3'}",
       "3:48: 'workers' takes a whole number, not the text '3'\n"},
      {"{id: a, image: x, type: parallel, workers: 99999999999999999999999}",
       "3:48: 'workers' takes a whole number from 1 to 100000, not the number "
       "99999999999999999999999\n"},
      {"{id: a, image: x, workers: 3}",
       "3:23: warning: 'workers' has no effect: only steps of type 'parallel' and 'map' have "
       "workers\n"},
      {"{id: a, image: x, pool: {warm_up: yes}}",
       "3:23: warning: 'pool' has no effect in this version\n"
       "3:39: 'warm_up' takes true or false, not the text 'yes'\n"},
      {"{id: a, image: x, execution_mode: pooled, pool: {min_size: 20}}",
       "3:23: warning: 'execution_mode' has no effect in this version\n"
       "3:47: warning: 'pool' has no effect in this version\n"
       "3:54: 'min_size' (20) is above 'max_size' (10)\n"},
      {"{id: a, image: x, execution_mode: standard, cleanup_policy: always, redis_access: none}",
       ""},
      {"{id: a, image: x, cleanup_policy: never}",
       "3:23: warning: 'cleanup_policy' has no effect in this version\n"},
      {"{id: a, image: x, retry: {jitter: 2}}",
       "3:39: 'jitter' takes a number from 0 to 1, not the number 2\n"},
      {"{id: a, image: x, retry: {delay: 10s, max_delay: 5s}}",
       "3:54: 'max_delay' is shorter than 'delay'\n"},
      {"{id: a, image: x, retry: {retry_on: [timeout, oom]}}",
       "3:51: 'retry_on' takes 'exit_code', 'signal', 'timeout', 'memory', 'lost', 'start' or "
       "'invalid_result', not the text 'oom'\n"},
      {"{id: a, image: x, limits: {memory: 512M}}",
       "3:40: '512M' leaves open which unit is meant; write MiB (powers of 1024) or MB (of "
       "1000)\n"},
      {"{id: a, image: x, limits: {cpu: 1, cpu_limit: 1000000000}}",
       "3:40: 'cpu_limit' and 'cpu' are the same limit; give one of them\n"},
      {"{id: a}", "3:10: step 'a' needs an 'image' or a 'command' to run\n"},
      {"{image: x}", "3:5: a step needs an 'id' (or a 'name' to make one from)\n"},
      {"{name: '!!!', image: x}",
       "3:12: no id can be made from the name '!!!'; give the step an 'id'\n"},
      {"{id: 1st, image: x}",
       "3:10: '1st' cannot be an id: use letters, digits, '_' and '-', at most 64, with a letter "
       "or '_' "
       "first\n"},
      {"just text", "3:5: a step is a mapping of its fields, not the text 'just text'\n"},
      {"{id: a, command: []}",
       "3:22: 'command' takes a list of arguments or a line for the shell, not an empty list\n"},
      {"{id: a, command: [[x]]}", "3:23: an argument is text, not a list\n"},
      {"{id: a, image: x, env: [A]}",
       "3:28: 'env_vars' takes a mapping of names to text, not a list\n"},
      {"{id: a, image: x, env: {A B: x, C: null}}",
       "3:29: 'A B' cannot be the name of an environment variable: use letters, digits and '_', "
       "with no "
       "digit first\n"
       "3:40: an environment variable is text, not empty (write \"\" for empty text)\n"},
      {"{id: a, image: x, type: map}",
       "3:10: a map step needs 'map' with an 'input_path' or an 'input_file'\n"},
      {"{id: a, image: x, type: map, map: {batch_size: 2}}",
       "3:34: a map needs an 'input_path' or an 'input_file'\n"},
      {"{id: a, image: x, type: map, map: {input_path: a, input_file: b}}",
       "3:55: a map takes 'input_path' or 'input_file', not both\n"},
      {"{id: a, image: x, type: map, map: {input_path: a..b}}",
       "3:52: 'a..b' is not a path like 'a', 'a.b' or '$.a[0].b': a key is missing\n"},
      {"{id: a, image: x, type: map, map: {input_path: a, item_alias: steps}}",
       "3:67: 'steps' cannot be an item's name: it must be letters, digits and '_', and no name "
       "that "
       "expressions have already\n"},
      {"{id: a, image: x, type: map, map: {input_path: a, max_failures: 2, error_handling: "
       "fail_fast}}",
       "3:88: with 'fail_fast' the first failure ends the map, so 'max_failures' and "
       "'max_failure_percent' "
       "cannot be given; use 'continue_on_error'\n"},
      {"{id: a, image: x, map: {input_path: a}}", "3:23: 'map' belongs to a step of type 'map'\n"},
      {"{id: a, type: branch}",
       "3:10: a branch step needs 'branch' with a 'condition' and 'true_steps'\n"},
      {"{id: a, type: branch, branch: {condition: 'true'}}",
       "3:27: a branch needs 'true_steps', 'false_steps' or both\n"},
      {"{id: a, type: branch, image: x, branch: {condition: 'true', true_workflow: w}}",
       "3:27: warning: 'image' has no effect: this step runs no agents\n"
       "3:65: 'true_workflow' cannot be used: sub-workflows do not run in this version; list their "
       "steps "
       "here and name them in 'true_steps'\n"},
      {"{id: a, type: decision, decision: {}}", "3:29: a decision needs 'branches' or 'choices'\n"},
      {"{id: a, type: decision, decision: {branches: [{condition: 'true'}], input_path: x}}",
       "3:51: a decision branch needs 'next_steps'\n3:73: 'input_path' goes with 'choices'\n"},
      {"{id: a, type: decision, decision: {choices: [{next: []}, x]}}",
       "3:62: 'choices' takes a list of mappings, not the text 'x'\n"},
      {"{id: a, type: wait, signal: go.on-1}", ""},
      {"{id: a, type: wait, signal: go, timeout: 1d, on_timeout: continue}", ""},
      {"{id: a, type: wait, duration: 1h30m, condition: 'true'}", ""},
      {"{id: a, type: wait, until: 2030-01-01T00:00:00Z}", ""},
      {"{id: a, type: wait, config: {until: \"${{ state.at }}\"}}", ""},
      {"{id: a, type: wait}", "3:10: a wait step needs a 'signal', a 'duration' or 'until'\n"},
      {"{id: a, type: wait, singal: x}",
       "3:25: unknown field 'singal' of a step; did you mean 'signal'?\n"},
      {"{id: a, type: wait, signal: x, duration: 1s, until: 2030-01-01T00:00:00Z}",
       "3:36: a wait ends by 'signal' or by 'duration'; give one of them\n"
       "3:50: a wait ends by 'signal' or by 'until'; give one of them\n"},
      {"{id: a, type: wait, signal: 'a b'}",
       "3:33: 'a b' cannot be the name of a signal: use letters, digits, '_', '-' and '.', at most "
       "64\n"},
      {"{id: a, type: wait, duration: 1s, timeout: 2s, on_timeout: fail}",
       "3:39: 'timeout' goes with 'signal'\n3:52: 'on_timeout' goes with 'signal'\n"},
      {"{id: a, type: wait, signal: x, on_timeout: retry}",
       "3:36: 'on_timeout' goes with 'timeout'\n"
       "3:48: 'on_timeout' takes 'fail' or 'continue', not the text 'retry'\n"},
      {"{id: a, type: wait, until: tomorrow}",
       "3:32: 'tomorrow' is not a time like 2030-01-01T00:00:00Z\n"},
      {"{id: a, type: wait, until: '${{ stat.at }}'}",
       "3:37: unknown name 'stat'; did you mean 'state'?\n"},
      {"{id: a, type: wait, signal: x, image: i, command: c, retry: {delay: 1s}}",
       "3:36: 'image' belongs to steps that run agents; a wait runs none\n"
       "3:46: 'command' belongs to steps that run agents; a wait runs none\n"
       "3:58: 'retry' belongs to steps that run agents; a wait runs none\n"},
      {"{id: a, image: x, signal: s, until: t}",
       "3:23: 'signal' belongs to a step of type 'wait'\n"
       "3:34: 'until' belongs to a step of type 'wait'\n"},
      {"{id: a, type: mapreduce, image: x, map: {input_path: x}, reducer: {duration: 1s}}",
       "3:72: 'duration' cannot stand inside 'reducer'\n"},
      {"{id: a, type: subworkflow, sub_workflow_id: w}",
       "3:19: sub-workflows do not run in this version; put their steps into this file\n"
       "3:32: 'sub_workflow_id' cannot be used: sub-workflows do not run in this version; put "
       "their steps "
       "into this file\n"},
      {"{id: a, image: x, network: host, dynamic: false, secrets: [KEY]}",
       "3:23: warning: 'network' has no effect in this version\n"
       "3:54: warning: 'secrets' has no effect in this version\n"},
      {"{id: a, image: x, volumes: data, labels: [x], redis_access: all}",
       "3:23: warning: 'volumes' has no effect in this version\n"
       "3:32: 'volumes' takes a list, not the text 'data'\n"
       "3:38: warning: 'labels' has no effect in this version\n"
       "3:46: 'labels' takes a mapping, not a list\n"
       "3:51: warning: 'redis_access' has no effect in this version\n"
       "3:65: 'redis_access' takes 'none', 'scoped' or 'open', not the text 'all'\n"},
      {"{id: a, type: mapreduce, map: {input_path: x}, mapper: {image: x}}",
       "3:10: the reducer of step 'a' needs an 'image' or a 'command' to run\n"},
      {"{id: a, type: mapreduce, image: x, map: {input_path: x}, reducer: {map: {input_path: y}, "
       "id: b}}",
       "3:72: 'map' cannot stand inside 'reducer'\n3:94: unknown field 'id' of a step config\n"},
      {"{id: a, image: x, timeout: 1x, type: mapreduce, map: {input_path: x}}",
       "3:32: 'x' is not a unit of time; there are ms, s, m, h, d and w\n"},
      {"{id: " + std::string(61, 'a') + ", type: mapreduce, image: x, map: {input_path: x}}",
       "3:10: the id of a mapreduce step has at most 60 characters: its map is called by it with "
       "'_map' "
       "added\n"},
  };
  for (const auto& [fields, expected] : table) EXPECT_EQ(problems(one(fields)), expected) << fields;
}

TEST(Fields, MistakesInTheWorkflowAreTold) {
  const std::string steps = "steps: [{id: a, image: x}]\n";
  const std::pair<std::string, std::string_view> table[] = {
      {steps, "1:1: a workflow needs 'name'\n"},
      {"name:\n" + steps, "1:1: 'name' has no value\n"},
      {"name: ' '\n" + steps, "1:7: a workflow's name cannot be empty\n"},
      {"name: [x]\n" + steps, "1:7: 'name' takes text, not a list\n"},
      {"name: \"a\\nb\"\n" + steps,
       "1:7: a workflow's name cannot have control characters or line ends\n"},
      {"name: " + std::string(201, 'x') + "\n" + steps,
       "1:7: a workflow's name has at most 200 characters\n"},
      {"name: x\n", "1:1: a workflow needs 'steps'\n"},
      {"name: x\nsteps:\n", "2:1: 'steps' has no value\n"},
      {"name: x\nsteps: []\n", "2:8: a workflow needs at least one step\n"},
      {"name: x\nsteps: text\n", "2:8: 'steps' takes a list of steps, not the text 'text'\n"},
      {"name: x\nsteps: {a: {image: x, id: b}}\n",
       "2:23: the step's key 'a' is its id; remove 'id'\n"},
      {"name: x\nstate: [1]\n" + steps, "2:8: 'state' takes a mapping, not a list\n"},
      {"name: x\nstate: {a: .inf, b: 1e999}\n" + steps,
       "2:12: infinity and NaN cannot be used: they have no JSON form\n2:21: the number is too "
       "large\n"},
      {"name: x\nmetadata:\nstate:\n" + steps, ""},
      {"name: x\nschedule: tomorrow\n" + steps,
       "2:1: warning: 'schedule' has no effect in this version\n"
       "2:11: 'tomorrow' is not a cron expression of five or six fields, like '0 7 * * *'\n"},
      {"name: x\nschedule: '@daily'\nenable_profiling: true\n" + steps,
       "2:1: warning: 'schedule' has no effect in this version\n"
       "3:1: warning: 'enable_profiling' has no effect in this version\n"},
      {"name: x\nenable_profiling: false\n" + steps, ""},
      {"name: x\ntimeout: 5m\nconfig: {timeout: 6m}\n" + steps,
       "3:10: 'timeout' is given twice; the first is on line 2\n"},
      {"name: x\nx-defaults: &d {image: y}\nsteps: [{id: a, <<: *d, image: z}, {id: b, <<: *d}]\n",
       ""},
      {"- a\n", "1:1: a workflow file is a mapping with 'name' and 'steps', not a list\n"},
      {"text\n",
       "1:1: a workflow file is a mapping with 'name' and 'steps', not the text 'text'\n"},
  };
  for (const auto& [text, expected] : table) EXPECT_EQ(problems(text), expected) << text;
}

}  // namespace
}  // namespace agentainer::workflow

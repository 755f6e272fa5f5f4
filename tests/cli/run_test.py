#!/usr/bin/env python3
"""`agentainer run` and `validate`: results, exit codes, inputs, mistakes."""

import json
import os
import unittest

from support import ProgramTest, succeeded_tasks

THREE_STEPS = """\
name: words
steps:
  - id: list
    command: [sh, -c, 'echo "{\\"words\\": [\\"one\\", \\"three\\", \\"five\\"]}"']
  - id: measure
    type: map
    map_config: {input_path: words, item_alias: word}
    command: [python3, -c, 'import json, sys; print(json.dumps(len(json.load(sys.stdin)["input"]["word"])))']
  - id: sum
    type: reduce
    command: [python3, -c, 'import json, sys; print(json.dumps({"total": sum(json.load(sys.stdin)["input"]["results"])}))']
"""

FAILING = """\
name: failing
steps:
  - id: fine
    command: ["true"]
  - id: broken
    command: [sh, -c, 'echo working; echo "cannot find the moon" >&2; exit 7']
  - id: never
    command: ["true"]
"""

TEN_MISTAKES = """\
name: mistakes
descriptoin: a misspelt key
config:
  max_parallel: -1
  timeout: soon
  failure_strategy: fail_slow
steps:
  - id: first
    type: sequentail
    command: ["true"]
  - id: first
    command: ["true"]
  - id: second
    depends_on: [frist]
    command: ["true"]
    retry_policy: {max_attempts: 0}
  - id: third
    type: map
    command: ["true"]
  - id: fourth
    command: ["true"]
    condition: "state.x >"
"""


class RunTest(ProgramTest):
    def test_three_steps_end_with_their_result_on_stdout(self):
        self.write("words.yaml", THREE_STEPS)
        result = self.check("run", "words.yaml")
        state = json.loads(result.stdout)
        self.assertEqual(state["total"], 3 + 5 + 4)
        self.assertEqual(state["measure_results"], [3, 5, 4])
        for text in ("workflow words started", "list completed", "measure started, 3 items",
                     "measure completed", "3 of 3 succeeded", "workflow completed"):
            self.assertIn(text, result.stderr)
        self.assert_nothing_left()

    def test_output_is_a_key_or_yaml(self):
        self.write("words.yaml", THREE_STEPS)
        self.assertEqual(self.check("run", "words.yaml", "--output", "total", "--quiet").stdout, "12\n")
        self.assertIn("total: 12\n", self.check("run", "words.yaml", "-q", "-o", "yaml").stdout)
        missing = self.check("run", "words.yaml", "-q", "-o", "totl", code=2)
        self.assertIn("did you mean 'total'", missing.stderr)

    def test_a_failing_step_is_exit_3_and_says_where_why_and_where_its_log_is(self):
        self.write("failing.yaml", FAILING)
        result = self.check("run", "failing.yaml", code=3)
        self.assertIn("1 task failed", result.stderr)
        self.assertIn("broken: exit code 7 (exit_code, attempt 1)", result.stderr)
        self.assertIn("cannot find the moon", result.stderr)
        steps = {step["id"]: step["status"] for step in self.json_of("show", "latest", "-o", "json")["steps"]}
        self.assertEqual(steps, {"fine": "completed", "broken": "failed", "never": "skipped"})
        command = next(line for line in result.stderr.splitlines() if "log:" in line).split("log: agentainer ")[1]
        self.assertIn("cannot find the moon", self.check(*command.split()).stdout)

    def test_failed_items_are_named_with_their_item(self):
        self.write("items.yaml", """\
name: items
state: {urls: [good, "http://bad.example/", good]}
config: {failure_strategy: continue_on_partial}
steps:
  - id: fetch
    type: map
    map_config: {input_path: urls, error_handling: continue_on_error}
    command: [python3, -c, 'import json, sys; sys.exit(json.load(sys.stdin)["input"]["item"] != "good")']
""")
        result = self.check("run", "items.yaml")
        self.assertIn("fetch[1]: exit code 1", result.stderr)
        self.assertIn("http://bad.example/", result.stderr)

    def test_inputs_are_laid_over_the_state_in_order(self):
        self.write("state.yaml", """\
name: state
state: {a: 1, b: 1, c: 1, d: 1}
steps:
  - id: only
    command: ["true"]
    output: none
""")
        self.write("inputs.json", '{"b": 2, "c": 2, "d": 2}')
        state = json.loads(self.check("run", "state.yaml", "--state", "inputs.json", "--inputs-file", "-",
                                      "-i", "d=4", "--input", "e=some text", "--input", 'f=["x"]',
                                      stdin='{"c": 3, "d": 3}').stdout)
        self.assertEqual({k: state[k] for k in "abcdef"},
                         {"a": 1, "b": 2, "c": 3, "d": 4, "e": "some text", "f": ["x"]})

    def test_independent_steps_overlap(self):
        self.write("diamond.yaml", """\
name: diamond
steps:
  - {id: top, command: ["true"], depends_on: []}
  - {id: left, command: [sleep, "1"], depends_on: [top]}
  - {id: right, command: [sleep, "1"], depends_on: [top]}
  - {id: bottom, command: ["true"], depends_on: [left, right]}
""")
        self.check("run", "diamond.yaml")
        steps = {step["id"]: step for step in self.json_of("show", "-o", "json")["steps"]}
        left, right = steps["left"], steps["right"]
        # RFC 3339 times in UTC with the same number of digits sort as text.
        self.assertLess(left["started_at"], right["completed_at"])
        self.assertLess(right["started_at"], left["completed_at"])
        self.assertGreaterEqual(steps["bottom"]["started_at"], max(left["completed_at"], right["completed_at"]))

    def test_relative_paths_start_at_the_file(self):
        os.mkdir(self.path("sub"))
        self.write("sub/agent.sh", "#!/bin/sh\necho '{\"here\": true}'\n")
        os.chmod(self.path("sub/agent.sh"), 0o755)
        self.write("sub/flow.yaml", "name: sub\nsteps:\n  - {id: a, command: [./agent.sh]}\n")
        self.assertEqual(json.loads(self.check("run", "sub/flow.yaml").stdout), {"here": True})
        text = "name: here\nsteps:\n  - {id: a, command: [./sub/agent.sh]}\n"
        self.assertEqual(json.loads(self.check("run", "-", stdin=text).stdout), {"here": True})

    def test_mock_runtime_runs_the_shape_alone(self):
        self.write("shape.yaml", """\
name: shape
state: {list: [1, 2, 3]}
steps:
  - {id: a, command: [no-such-program]}
  - {id: b, type: map, command: [no-such-program], map_config: {input_path: list}}
""")
        self.check("run", "shape.yaml", "--runtime", "mock")
        self.assertEqual(succeeded_tasks(self.events(), "b"), [0, 1, 2])

    def test_variables_are_passed_to_agents_by_name_only(self):
        self.write("env.yaml", """\
name: env
steps:
  - id: a
    command: [sh, -c, 'printf "{\\"shown\\": \\"%s\\", \\"hidden\\": \\"%s\\"}" "$SHOWN" "$HIDDEN"']
""")
        result = self.check("run", "env.yaml", "--pass-env", "SHOWN", SHOWN="yes", HIDDEN="no")
        self.assertEqual(json.loads(result.stdout), {"shown": "yes", "hidden": ""})

    def test_a_huge_map_does_not_flood_a_log(self):
        self.write("items.jsonl", "".join(f"{i}\n" for i in range(100_000)))
        self.write("huge.yaml", """\
name: huge
steps:
  - {id: count, type: map, command: ["true"], map_config: {input_file: items.jsonl}}
""")
        result = self.check("run", "huge.yaml", "--runtime", "mock", "-o", "count_results.99999")
        self.assertEqual(result.stdout, "null\n")
        self.assertIn("100,000 of 100,000 succeeded", result.stderr)
        self.assertLess(len(result.stderr.splitlines()), 60)


class MistakesTest(ProgramTest):
    def test_ten_mistakes_are_ten_messages(self):
        self.write("mistakes.yaml", TEN_MISTAKES)
        for command in ("run", "validate"):
            result = self.check(command, "mistakes.yaml", code=2)
            output = result.stdout + result.stderr
            self.assertEqual(output.count(": error: "), 10, output)
            self.assertIn("mistakes.yaml:2:1: error:", output)
            self.assertIn("did you mean 'description'", output)
            self.assertIn("^", output)
        self.assertFalse(os.path.exists(self.data), "an invalid file starts nothing")

    def test_validate_says_what_is_valid(self):
        self.write("good.yaml", THREE_STEPS)
        self.write("mistakes.yaml", TEN_MISTAKES)
        self.assertIn("good.yaml: valid", self.check("validate", "good.yaml").stdout)
        self.assertIn("<stdin>: valid", self.check("validate", "-", stdin=THREE_STEPS).stdout)
        reports = json.loads(self.check("validate", "--json", "good.yaml", "mistakes.yaml", "none.yaml", code=2).stdout)
        self.assertEqual([report["valid"] for report in reports], [True, False, False])
        self.assertEqual(len(reports[1]["diagnostics"]), 10)
        self.assertEqual(reports[1]["diagnostics"][0]["line"], 2)
        self.assertIn("none.yaml", reports[2]["error"])

    def test_files_that_cannot_be_workflows(self):
        with open(self.path("binary"), "wb") as file:
            file.write(bytes(range(256)) * 64)
        self.write("known.yaml", "")
        cases = {"missing.yaml": "No such file", "konwn.yaml": "did you mean 'known.yaml'?", ".": "directory", "binary": "error:", "/dev/null": "error:"}
        for name, text in cases.items():
            result = self.check("run", name, code=2)
            self.assertIn(text, result.stderr, name)

    def test_programs_and_images_are_looked_for_before_the_start(self):
        self.write("missing.yaml", """\
name: missing
steps:
  - {id: a, command: [no-such-program-anywhere]}
  - {id: b, command: [no-such-program-anywhere]}
  - {id: c, image: ./no-such-image}
  - {id: d, command: ["${{ state.tool }}"], depends_on: [a]}
state: {tool: "true"}
""")
        result = self.check("run", "missing.yaml", code=2)
        self.assertIn("steps a, b: ", result.stderr)
        self.assertIn("no-such-program-anywhere", result.stderr)
        self.assertIn("step c: ", result.stderr)
        self.assertEqual(self.run_program("list", "-o", "json").stdout.strip(), "[]")

    def test_bad_inputs(self):
        self.write("good.yaml", THREE_STEPS)
        self.write("list.json", "[1]")
        for arguments, text in ((["--input", "novalue"], "key=value"), (["--state", "list.json"], "JSON object"),
                                (["--state", "none.json"], "none.json"), (["--max-tasks", "0"], "--max-tasks"),
                                (["--runtime", "dcoker"], "process, mock")):
            self.assertIn(text, self.check("run", "good.yaml", *arguments, code=2).stderr)
        self.assertIn("both", self.check("run", "-", "--state", "-", code=2).stderr)


if __name__ == "__main__":
    unittest.main()

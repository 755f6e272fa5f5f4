#!/usr/bin/env python3
"""list, show, logs, state and events: while nothing runs, and beside a run."""

import json
import os
import subprocess
import unittest

import yaml

from support import ProgramTest, wait_for

FLOW = """\
name: talk
description: A workflow that says things
state: {greeting: hello, names: [ann, bob]}
steps:
  - id: greet
    command: [sh, -c, 'echo "to stdout"; echo "to stderr" >&2; printf "\\\\033[31mred\\\\033[0m\\\\n" >&2; printf "{\\"greeted\\": 2}" > "$AGENTAINER_RESULT_FILE"']
  - id: each
    type: map
    map_config: {input_path: names, error_handling: continue_on_error}
    retry_policy: {max_attempts: 2, delay: 1ms}
    command: [sh, -c, 'echo "item $MAP_INDEX attempt $TASK_ATTEMPT"; [ "$MAP_INDEX" = 0 ] || { echo "no $MAP_INDEX" >&2; exit 9; }']
  - id: choose
    type: branch
    branch_config: {condition: "state.greeting == 'hello'", true_steps: [yes_step], false_steps: [no_step]}
  - {id: yes_step, command: ["true"], output: none, depends_on: [choose]}
  - {id: no_step, command: ["true"], output: none, depends_on: [choose]}
"""


class InspectTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("talk.yaml", FLOW)
        self.check("run", "talk.yaml")
        self.id = self.json_of("list", "-o", "json")[0]["id"]

    def test_list(self):
        text = self.check("list").stdout
        self.assertRegex(text, rf"{self.id} +talk +completed +(just now|\d+ s ago)")
        entry = {"id": self.id, "name": "talk", "status": "completed"}
        for listed in (self.json_of("list", "-o", "json"), yaml.safe_load(self.check("list", "-o", "yaml").stdout),
                       [json.loads(self.check("list", "-o", "jsonl").stdout)]):
            self.assertEqual({key: listed[0][key] for key in entry}, entry)
        self.check("run", "talk.yaml")
        newest_first = [one["id"] for one in self.json_of("list", "-o", "json")]
        self.assertEqual(newest_first, sorted(newest_first, reverse=True))
        self.assertEqual(len(self.json_of("list", "-n", "1", "-o", "json")), 1)
        self.assertEqual(self.json_of("list", "--status", "failed", "-o", "json"), [])
        self.assertIn("no workflow is failed", self.check("list", "--status", "failed").stderr)

    def test_show(self):
        text = self.check("show", self.id).stdout
        for expected in ("talk", self.id, "completed", "A workflow that says things", "greet", "1/2", "chose true",
                         "skipped", "1 task failed", "each[1]: exit code 9", '"bob"'):
            self.assertIn(expected, text)
        shown = self.json_of("show", self.id, "-o", "json")
        self.assertEqual(shown, yaml.safe_load(self.check("show", self.id, "-o", "yaml").stdout))
        steps = {step["id"]: step for step in shown["steps"]}
        self.assertEqual(steps["each"]["tasks"]["succeeded"], 1)
        self.assertEqual(steps["each"]["tasks"]["failed"], 1)
        self.assertEqual(steps["no_step"]["status"], "skipped")
        self.assertEqual(shown["failures"][0]["attempt"], 2)
        self.assertEqual(shown["failures"][0]["item"], '"bob"')
        self.assertEqual(shown["source_directory"], self.directory)

    def test_ids_may_be_shortened(self):
        self.check("run", "talk.yaml")
        self.assertEqual(self.json_of("show", self.id[:24], "-o", "json")["id"], self.id)
        self.assertEqual(self.json_of("show", self.id.upper(), "-o", "json")["id"], self.id)
        self.assertNotEqual(self.json_of("show", "latest", "-o", "json")["id"], self.id)
        self.assertIn("several workflows begin", self.check("show", self.id[:3], code=2).stderr)
        for wrong in ("zzzz", "00000000000000000000000000", "../../etc", "7" * 40):
            self.assertIn("no workflow", self.check("show", wrong, code=2).stderr.replace("is no", "no"))

    def test_logs(self):
        everything = self.check("logs", self.id).stdout
        self.assertIn("greet | to stdout\n", everything)
        self.assertIn("greet ! to stderr\n", everything)
        self.assertIn("each[0] | item 0 attempt 1\n", everything)
        self.assertIn("each[1]#2 | item 1 attempt 2\n", everything)
        self.assertNotIn("\x1b", everything)
        self.assertEqual(self.check("logs", self.id, "greet", "--stdout").stdout, "to stdout\n")
        self.assertEqual(self.check("logs", self.id, "greet", "--stderr").stdout, "to stderr\n\x1b[31mred\x1b[0m\n",
                         "to a pipe, bytes go as they are")
        self.assertEqual(self.check("logs", self.id, "each", "1", "--attempt", "1", "--stderr").stdout, "no 1\n")
        self.assertIn("nothing was written", self.check("logs", self.id, "yes_step").stderr)

    def test_logs_of_what_is_not_there(self):
        self.assertIn("did you mean 'greet'", self.check("logs", self.id, "gret", code=2).stderr)
        self.assertIn("0 to 1", self.check("logs", self.id, "each", "2", code=2).stderr)
        self.check("logs", self.id, "each", "x", code=2)

    def test_state(self):
        state = self.json_of("state", self.id)
        self.assertEqual(state["greeted"], 2)
        self.assertEqual(yaml.safe_load(self.check("state", self.id, "-o", "yaml").stdout), state)
        self.assertEqual(self.check("state", self.id, "greeting").stdout, "hello\n")
        self.assertEqual(self.check("state", self.id, "names.1").stdout, "bob\n")
        self.assertEqual(self.json_of("state", self.id, "names"), ["ann", "bob"])
        self.assertIn("did you mean 'greeted'", self.check("state", self.id, "greetd", code=2).stderr)

    def test_events(self):
        events = self.events(self.id)
        self.assertEqual([event["sequence"] for event in events], list(range(1, len(events) + 1)))
        self.assertEqual(events[0]["type"], "workflow_created")
        self.assertEqual(events[-1]["type"], "workflow_ended")
        self.assertEqual(self.json_of("events", self.id, "-o", "json"), events)
        self.assertEqual(yaml.safe_load(self.check("events", self.id, "-o", "yaml").stdout), events)
        self.assertIn("each[1] attempt 1 failed (exit_code): exit code 9: no 1; retry in 1ms",
                      self.check("events", self.id).stdout)


class BesideARunTest(ProgramTest):
    def test_everything_can_be_read_while_a_workflow_runs(self):
        self.write("gate.yaml", """\
name: gated
state: {colour: blue}
steps:
  - id: wait
    command: [sh, -c, 'echo before; until [ -e gate ]; do sleep 0.02; done; echo after']
    output: none
""")
        run = self.start("run", "gate.yaml")
        wait_for(lambda: self.redis_pid() and self.run_program("logs", "latest", "wait").stdout == "before\n",
                 "the agent's first words")
        self.assertEqual(self.json_of("list", "-o", "json")[0]["status"], "running")
        self.assertIn("a process is running it", self.check("show").stdout)
        self.assertEqual(self.check("state", "latest", "colour").stdout, "blue\n")
        self.assertEqual(self.events()[-1]["type"], "tasks_dispatched")
        resumed = self.check("resume")
        self.assertIn("skipped: workflow", resumed.stderr)
        self.assertIn("being run by another process", self.check("resume", "latest", code=1).stderr)

        followers = [self.start("logs", "latest", "wait", "--follow", text=True),
                     self.start("events", "latest", "--follow", "-o", "jsonl", text=True)]
        self.assertEqual(followers[0].stdout.readline(), "before\n")
        self.assertEqual(json.loads(followers[1].stdout.readline())["type"], "workflow_created")
        self.write("gate", "")
        self.assertEqual(run.wait(), 0)
        self.assertEqual(followers[0].stdout.read(), "after\n")
        self.assertEqual(json.loads(followers[1].stdout.read().splitlines()[-1])["type"], "workflow_ended")
        self.assertEqual([follower.wait() for follower in followers], [0, 0])
        self.assertTrue(self.check("show", "-o", "json").stdout)
        self.assert_nothing_left()

    def test_two_runs_share_a_data_directory(self):
        self.write("gate.yaml", """\
name: gated
steps:
  - id: wait
    command: [sh, -c, 'until [ -e "gate$NUMBER" ]; do sleep 0.02; done']
    env_vars: {NUMBER: "${{ string(state.n) }}"}
    output: none
state: {n: 0}
""")
        runs = [self.start("run", "gate.yaml", "-i", f"n={n}", stdout=subprocess.DEVNULL) for n in (1, 2)]
        wait_for(lambda: [one["status"] for one in json.loads(self.run_program("list", "-o", "json").stdout or "[]")]
                 == ["running"] * 2, "both run")
        self.write("gate1", "")
        self.assertEqual(runs[0].wait(), 0)
        self.write("gate2", "")
        self.assertEqual(runs[1].wait(), 0, "the first one's end takes nothing from the second")
        self.assert_nothing_left()


if __name__ == "__main__":
    os.umask(0o022)
    unittest.main()

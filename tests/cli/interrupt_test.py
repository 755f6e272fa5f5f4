#!/usr/bin/env python3
"""Ctrl-C, a second one, SIGTERM, a closed terminal: what ends, what goes on, and that nothing is left."""

import os
import pty
import signal
import subprocess
import unittest

from support import ProgramTest, wait_for

# The agents notes that it runs; asked to stop, it notes that and does so.
POLITE = """\
name: polite
steps:
  - id: work
    type: parallel
    max_workers: 3
    command: [sh, -c, 'trap "echo stopped >> ledger; exit 0" TERM; echo started >> ledger; while :; do sleep 0.05; done']
  - {id: after, command: ["true"], output: none}
"""

STUBBORN = """\
name: stubborn
steps:
  - id: work
    command: [sh, -c, 'trap "" TERM; echo started >> ledger; while :; do sleep 0.05; done']
"""

GATED = """\
name: gated
steps:
  - id: work
    type: map
    map_config: {input_path: items}
    command: [sh, -c, 'echo "$MAP_INDEX" >> ledger; [ "$MAP_INDEX" -lt 2 ] || until [ -e gate ]; do sleep 0.05; done']
    output: none
state: {items: [0, 1, 2, 3]}
"""


class InterruptTest(ProgramTest):
    def start_run(self, text: str, started: int, **options) -> subprocess.Popen:
        self.write("flow.yaml", text)
        run = self.start("run", "flow.yaml", **options)
        wait_for(lambda: len(self.lines("ledger")) >= started, "the agents run")
        return run

    def status(self) -> str:
        return self.json_of("list", "-o", "json")[0]["status"]

    def test_ctrl_c_cancels_and_waits_for_the_agents(self):
        run = self.start_run(POLITE, 3)
        run.send_signal(signal.SIGINT)
        _, stderr = run.communicate()
        self.assertEqual(run.returncode, 130)
        self.assertIn(b"cancelling", stderr)
        self.assertEqual(self.lines("ledger").count("stopped"), 3)
        self.assert_nothing_left()
        self.assertEqual(self.status(), "cancelled")
        self.assertIn("has ended before: cancelled", self.check("resume", "latest", code=130).stderr)

    def test_a_second_ctrl_c_leaves_at_once(self):
        run = self.start_run(STUBBORN, 1)
        run.send_signal(signal.SIGINT)
        wait_for(lambda: b"cancelling" in run.stderr.readline(), "the first one is taken note of")
        run.send_signal(signal.SIGINT)
        _, stderr = run.communicate()
        self.assertEqual(run.returncode, 130)
        self.assertIn(b"agentainer resume", stderr)
        self.assert_nothing_left()
        self.check("resume", "latest", code=130)
        self.assertEqual(self.status(), "cancelled")

    def test_sigterm_and_sighup_leave_the_workflow_to_be_resumed(self):
        for number, (name, code) in enumerate((("SIGTERM", 143), ("SIGHUP", 129))):
            with self.subTest(name):
                for file in ("ledger", "gate"):
                    if os.path.exists(self.path(file)):
                        os.unlink(self.path(file))
                run = self.start_run(GATED, 4)
                wait_for(lambda: len([1 for event in self.events() if event["type"] == "tasks_succeeded"]) >= 1,
                         "the first items are recorded")
                before = self.lines("ledger")
                run.send_signal(getattr(signal, name))
                _, stderr = run.communicate()
                self.assertEqual(run.returncode, code)
                self.assertIn(b"agentainer resume", stderr)
                self.assert_nothing_left()
                self.assertEqual(self.status(), "running")
                self.assertIn("no process is running it", self.check("show").stdout)
                self.write("gate", "")
                self.check("resume")
                self.assertEqual(self.status(), "completed")
                self.assertEqual(sorted(self.lines("ledger")), sorted(before + ["2", "3"]), f"run {number}")

    def test_ctrl_c_on_a_terminal_reaches_the_program_alone(self):
        # The terminal sends it to the whole foreground process group; Redis and the agents must not be in that.
        master, slave = pty.openpty()
        run = self.start_run(POLITE, 3, stdin=slave, stderr=slave, start_new_session=True,
                             preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0))
        os.close(slave)
        os.write(master, b"\x03")
        output = b""
        while True:
            try:
                output += os.read(master, 65536)
            except OSError:
                break  # the other side is closed
        os.close(master)
        self.assertEqual(run.wait(), 130)
        self.assertIn(b"cancelling", output)
        self.assertEqual(self.lines("ledger").count("stopped"), 3)
        self.assertEqual(self.status(), "cancelled")

    def test_interrupted_before_anything_has_begun(self):
        self.write("flow.yaml", GATED)
        for _ in range(5):
            run = self.start("run", "flow.yaml")
            wait_for(lambda: os.path.isdir(os.path.join(self.data, "run")) or run.poll() is not None, "it begins")
            run.send_signal(signal.SIGINT)
            run.communicate()
            self.assertIn(run.returncode, (130, -signal.SIGINT))
            self.assert_nothing_left()

    def test_following_ends_with_ctrl_c(self):
        run = self.start_run(POLITE, 3)
        for command in ("logs", "events"):
            follower = self.start(command, "latest", "--follow")
            follower.stdout.readline() if command == "events" else wait_for(
                lambda: self.run_program("list").returncode == 0, "the store answers")
            follower.send_signal(signal.SIGINT)
            follower.communicate()
            self.assertIn(follower.returncode, (130, -signal.SIGINT), command)
        run.send_signal(signal.SIGINT)
        run.communicate()
        self.assertEqual(run.returncode, 130)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()

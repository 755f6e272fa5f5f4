#!/usr/bin/env python3
"""Progress on a terminal: drawn in place, in colour or not, whatever its size."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import unittest

from support import ProgramTest, wait_for

FLOW = """\
name: show
state: {items: [0, 1, 2, 3, 4, 5]}
steps:
  - {id: first, command: ["true"], output: none}
  - id: many
    type: map
    map_config: {input_path: items, error_handling: continue_on_error}
    command: [sh, -c, '[ "$MAP_INDEX" -lt 3 ] || until [ -e gate ]; do sleep 0.02; done; [ "$MAP_INDEX" != 4 ]']
    output: none
"""


class Screen:
    """As much of a terminal as the program uses."""

    def __init__(self, columns: int):
        self.columns = columns
        self.lines = [""]
        self.row = 0

    def feed(self, text: str):
        for part in re.findall(r"\x1b\[\??[0-9;]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", text):
            if part == "\n":
                self.row += 1
                if self.row == len(self.lines):
                    self.lines.append("")
            elif part == "\r" or part.endswith("m"):
                continue
            elif part.startswith("\x1b["):
                self.control(part)
            else:
                assert len(part) < self.columns, f"a line of {len(part)} columns: {part}"
                self.lines[self.row] += part

    def control(self, sequence: str):
        if sequence.endswith("A"):
            up = int(sequence[2:-1])
            assert up <= self.row, "the cursor leaves the screen"
            self.row -= up
        elif sequence == "\x1b[J":
            self.lines[self.row:] = [""]
        else:
            raise AssertionError(f"unknown control sequence {sequence!r}")


class TerminalRun:
    """A run whose standard error is a terminal."""

    def __init__(self, test: ProgramTest, *arguments: str, columns: int = 100, rows: int = 24, **environment: str):
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.process = test.start(*arguments, stdin=subprocess.DEVNULL, stderr=slave,
                                  env={**test.environment, **environment})
        os.close(slave)
        self.output = ""
        os.set_blocking(self.master, False)

    def resize(self, columns: int, rows: int):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self) -> str:
        try:
            while data := os.read(self.master, 65536):
                self.output += data.decode()
        except OSError:
            pass  # nothing more now, or nothing more ever
        return self.output

    def read_until(self, text: str):
        wait_for(lambda: text in self.read(), f"{text!r} in {self.output!r}")

    def finish(self) -> int:
        def ended():
            self.read()
            return self.process.poll() is not None
        wait_for(ended, "its end")
        self.read()
        os.close(self.master)
        return self.process.returncode


class ProgressTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("show.yaml", FLOW)

    def run_gated(self, **environment: str) -> TerminalRun:
        run = TerminalRun(self, "run", "show.yaml", **environment)
        run.read_until("3/6")
        self.write("gate", "")
        self.assertEqual(run.finish(), 0)
        return run

    def test_colours_and_redrawing(self):
        run = self.run_gated()
        self.assertIn("\x1b[32m✓\x1b[0m", run.output)
        self.assertIn("█", run.output)
        self.assertNotIn("\x1b[?25l", run.output, "the cursor is never hidden, so a kill cannot leave it so")
        screen = Screen(100)
        screen.feed(run.output)
        text = "\n".join(screen.lines)
        self.assertRegex(text, r"^✓ show  \w{26}  completed in ")
        self.assertRegex(text, r"(?m)^  ✓ first ")
        self.assertRegex(text, r"(?m)^  ✓ many .*6 items · 1 failed$")
        self.assertEqual(text.count("✓ show"), 1, "the same lines are drawn again, not more of them")
        self.assertIn("many[4]: exit code 1", text)

    def test_no_color(self):
        run = self.run_gated(NO_COLOR="1")
        self.assertNotRegex(run.output, r"\x1b\[[0-9;]*m")
        self.assertIn("\x1b[J", run.output, "still drawn in place")

    def test_a_dumb_terminal_gets_lines(self):
        run = TerminalRun(self, "run", "show.yaml", TERM="dumb")
        self.write("gate", "")
        self.assertEqual(run.finish(), 0)
        self.assertNotIn("\x1b", run.output)
        self.assertIn("first completed", run.output)

    def test_without_a_utf8_locale_it_is_ascii(self):
        run = self.run_gated(LC_ALL="C")
        self.assertTrue(run.output.isascii(), run.output)

    def test_hundreds_of_steps_on_a_small_terminal(self):
        steps = "".join(f"  - {{id: step_{i}, command: [\"true\"]}}\n" for i in range(300))
        self.write("long.yaml", "name: long\nsteps:\n" + steps)
        run = TerminalRun(self, "run", "long.yaml", "--runtime", "mock", columns=60, rows=10)
        self.assertEqual(run.finish(), 0)
        screen = Screen(60)
        screen.feed(run.output)
        shown = [line for line in screen.lines if line]
        self.assertLess(len(shown), 10)
        self.assertIn("300 completed", "\n".join(shown))

    def test_resizing_draws_anew_for_the_new_size(self):
        run = TerminalRun(self, "run", "show.yaml", columns=100)
        run.read_until("3/6")
        run.read()
        before = len(run.output)
        run.resize(30, 24)
        run.process.send_signal(signal.SIGWINCH)
        wait_for(lambda: "3/6" in run.read()[before:] or "..." in run.output[before:] or "…" in run.output[before:],
                 "another frame")
        for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", run.output[before:]).replace("\r", "").split("\n"):
            self.assertLessEqual(len(line), 30, line)
        self.write("gate", "")
        self.assertEqual(run.finish(), 0)

    def test_the_result_is_pretty_on_a_terminal_and_compact_in_a_pipe(self):
        self.write("gate", "")
        piped = self.check("run", "show.yaml").stdout
        self.assertEqual(len(piped.splitlines()), 1)
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
        run = self.start("run", "show.yaml", stdout=slave, stderr=subprocess.DEVNULL)
        os.close(slave)
        output = b""
        while True:
            try:
                output += os.read(master, 65536)
            except OSError:
                break
        os.close(master)
        self.assertEqual(run.wait(), 0)
        self.assertIn(b'"items": [0, 1, 2, 3, 4, 5],\r\n  "many_results": [null, null,', output)


if __name__ == "__main__":
    unittest.main()

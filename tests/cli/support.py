"""What the tests of the program share: a folder with workflow files and data, runs of the program in it, and
looking for what is left behind."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

PROGRAM = os.environ.get("AGENTAINER", "agentainer")
PATIENCE_S = 60.0  # for anything that has to happen at all; nothing is expected to take so long


def wait_for(condition, what: str, patience_s: float = PATIENCE_S):
    """The first true value of `condition()`."""
    deadline = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for: {what}")
        time.sleep(0.01)


def is_zombie(process: pathlib.Path) -> bool:
    return process.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z"


def processes_in(directory: str) -> dict[int, str]:
    """Pid and command line of every process that works below `directory` or names it in its arguments."""
    found = {}
    for process in pathlib.Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            command = process.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            where = os.readlink(process / "cwd")
            if (where + "/").startswith(directory + "/") or directory in command:
                if not is_zombie(process):
                    found[int(process.name)] = command
        except OSError:
            continue  # it has ended meanwhile, or is not ours to look at
    return found


class ProgramTest(unittest.TestCase):
    """A test with a folder of its own; fails if a process or a socket outlives it."""

    maxDiff = None

    def setUp(self):
        self.directory = os.path.realpath(tempfile.mkdtemp(prefix="agentainer-e2e-"))
        self.data = os.path.join(self.directory, "data")
        self.environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "AGENTAINER_DATA")}
        self.environment.update(AGENTAINER_DATA=self.data, LC_ALL="C.UTF-8", TERM="xterm-256color")
        self.started: list[subprocess.Popen] = []

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
        left = processes_in(self.directory)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.directory, ignore_errors=True)
        if not getattr(self, "leaves_orphans", False):
            self.assertEqual(left, {}, "processes were left behind")

    # Files.

    def path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def write(self, name: str, text: str) -> str:
        path = self.path(name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def lines(self, name: str) -> list[str]:
        """Whole lines of a file that agents append to."""
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return [line.rstrip("\n") for line in file if line.endswith("\n")]
        except FileNotFoundError:
            return []

    # Runs.

    def start(self, *arguments: str, **options) -> subprocess.Popen:
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        options.setdefault("env", self.environment)
        process = subprocess.Popen([PROGRAM, *arguments], cwd=self.directory, **options)
        self.started.append(process)
        return process

    def run_program(self, *arguments: str, stdin: str | None = None, **environment: str):
        """A finished run, with its output as text."""
        return subprocess.run([PROGRAM, *arguments], cwd=self.directory, env={**self.environment, **environment},
                              input=stdin if stdin is not None else "", capture_output=True, text=True,
                              timeout=PATIENCE_S, check=False)

    def check(self, *arguments: str, code: int = 0, **options):
        """As run_program(); the exit code must be `code`."""
        result = self.run_program(*arguments, **options)
        self.assertEqual(result.returncode, code, f"{arguments}\nstdout: {result.stdout}\nstderr: {result.stderr}")
        return result

    def json_of(self, *arguments: str):
        return json.loads(self.check(*arguments).stdout)

    def events(self, workflow: str = "latest") -> list[dict]:
        return [json.loads(line) for line in self.check("events", workflow, "-o", "jsonl").stdout.splitlines()]

    # What must not be left.

    def redis_pid(self) -> int | None:
        pids = [pid for pid, command in processes_in(self.data).items() if "redis-server" in command]
        return pids[0] if pids else None

    def assert_nothing_left(self):
        wait_for(lambda: not processes_in(self.directory), f"no process of ours: {processes_in(self.directory)}")
        self.assertFalse(os.path.exists(os.path.join(self.data, "redis", "redis.sock")), "a socket is left")
        self.assertEqual([name for name in os.listdir(os.path.join(self.data, "run")) if name != "lock"], [],
                         "a run directory is left")


def succeeded_tasks(events: list[dict], step: str) -> list[int]:
    """Numbers of a step's tasks in the order their results were accepted."""
    return [task for event in events if event["type"] == "tasks_succeeded" and event["step"] == step
            for first, last, _ in event["tasks"] for task in range(first, last + 1)]

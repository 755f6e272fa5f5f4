"""Two servers on one Redis: each runs its own workflows, and takes over those of one that is gone or stands still."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import unittest

from support import ServerTest, wait_for

FLOW = {"name": "ledger", "steps": [
    {"id": "first", "command": ["sh", "-c", "echo first >> \"$LEDGER\""], "env_vars": {"LEDGER": "?"}},
    {"id": "second", "command": ["sh", "-c", "while [ ! -e \"$GATE\" ]; do sleep 0.05; done"], "env_vars": {"GATE": "?"}},
    {"id": "third", "command": ["true"]}]}


@unittest.skipUnless(shutil.which("redis-server"), "needs redis-server")
class TwoServers(ServerTest):
    arguments = None

    def setUp(self):
        super().setUp()
        folder = self.path("redis")
        os.mkdir(folder)
        self.socket = os.path.join(folder, "redis.sock")
        redis = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", folder,
                                  "--appendonly", "yes", "--appendfsync", "always", "--save", ""],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.started.append(redis)
        wait_for(lambda: os.path.exists(self.socket), "a Redis")
        self.one = self.serve("one")
        self.two = self.serve("two")

    def serve(self, name: str):
        return self.new_server(self.path(name), "--redis", f"unix://{self.socket}").start()

    def tearDown(self):
        for server in self.servers:
            server.stop()
        super().tearDown()

    def call_on(self, server, method: str, path: str, body=None) -> dict:
        with server.client(self.one.token) as client:
            answer = client.call(method, path, body)
            self.assertLess(answer.status, 300, f"{method} {path}: {answer}")
            return answer.data

    def submit(self, server, gate: str) -> str:
        steps = [{**step, "env_vars": {"LEDGER": self.path("ledger"), "GATE": gate}} for step in FLOW["steps"]]
        return self.call_on(server, "POST", "/workflows?start=true", {**FLOW, "steps": steps})["id"]

    def wait_for_end_on(self, server, workflow: str) -> dict:
        def ended():
            found = self.call_on(server, "GET", f"/workflows/{workflow}")
            return found if found["status"] in ("completed", "failed", "cancelled") else None
        return wait_for(ended, f"the end of {workflow}")

    def accepted(self, workflow: str) -> dict[str, int]:
        counts: dict[str, int] = {}
        for record in self.call_on(self.two, "GET", f"/workflows/{workflow}/history?limit=1000")["records"]:
            if record["type"] == "tasks_succeeded":
                counts[record["step"]] = counts.get(record["step"], 0) + len(record["tasks"])
        return counts

    def wait_for_step(self, server, workflow: str, step: str):
        def running():
            steps = self.call_on(server, "GET", f"/workflows/{workflow}")["steps"]
            return next(s for s in steps if s["id"] == step)["status"] == "running"
        wait_for(running, f"{step} of {workflow} to run")

    def test_each_runs_its_own_and_shows_all(self):
        gate = self.path("open")
        open(gate, "w", encoding="utf-8").close()
        for server, other in ((self.one, self.two), (self.two, self.one)):
            workflow = self.submit(server, gate)
            self.assertEqual(self.wait_for_end_on(other, workflow)["status"], "completed")

    def test_one_that_died_is_replaced(self):
        gate = self.path("gate")
        workflows = [self.submit(self.one, gate) for _ in range(5)]
        for workflow in workflows:
            self.wait_for_step(self.one, workflow, "second")
        token = self.one.token
        self.one.kill()
        self.servers.remove(self.one)  # it did not end well, as was meant
        open(gate, "w", encoding="utf-8").close()
        for workflow in workflows:
            with self.two.client(token) as client:
                wait_for(lambda c=client, w=workflow: c.call("GET", f"/workflows/{w}").data["status"] == "completed",
                         "the other server to finish it")
            self.assertEqual(self.accepted(workflow), {"first": 1, "second": 1, "third": 1})
        self.assertEqual(len(self.lines("ledger")), 5, "what was recorded is not run again")

    def test_one_that_stood_still_is_fenced_when_it_goes_on(self):
        gate = self.path("gate")
        workflows = [self.submit(self.one, gate) for _ in range(5)]
        for workflow in workflows:
            self.wait_for_step(self.one, workflow, "second")
        token = self.one.token
        self.one.process.send_signal(signal.SIGSTOP)
        try:
            open(gate, "w", encoding="utf-8").close()
            for workflow in workflows:
                with self.two.client(token) as client:
                    wait_for(lambda c=client, w=workflow: c.call("GET", f"/workflows/{w}").data["status"] == "completed",
                             "the other server to finish it")
        finally:
            self.one.process.send_signal(signal.SIGCONT)
        # Its agents end now, and it tries to commit that. It goes on with new work all the same.
        later = self.submit(self.one, gate)
        self.assertEqual(self.wait_for_end_on(self.one, later)["status"], "completed")
        for workflow in workflows:
            self.assertEqual(self.wait_for_end_on(self.one, workflow)["status"], "completed")
            self.assertEqual(self.accepted(workflow), {"first": 1, "second": 1, "third": 1})


if __name__ == "__main__":
    unittest.main()

"""Workflows submitted over HTTP while the server, its Redis or both are killed again and again: nothing acknowledged is
lost, and no task has two accepted outcomes. CHAOS_WORKFLOWS, CHAOS_CONNECTIONS, CHAOS_SECONDS (between kills) and CHAOS_SEED are read from
the environment; a failure names its seed."""

from __future__ import annotations

import http.client
import os
import random
import signal
import sys
import threading
import time
import unittest

from support import SMALL_FLOW, ServerTest, in_threads, wait_for

WORKFLOWS = int(os.environ.get("CHAOS_WORKFLOWS", "1500"))
SECONDS = float(os.environ.get("CHAOS_SECONDS", "0.4"))
SEED = int(os.environ.get("CHAOS_SEED") or random.randrange(1_000_000))
CONNECTIONS = int(os.environ.get("CHAOS_CONNECTIONS", "16"))
PATIENCE_S = 240.0


class Chaos(ServerTest):
    runtime = "mock"

    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)
        self.over = threading.Event()
        self.kills = 0

    # Kills. Only this thread touches the server's process.

    def kill_server(self):
        self.server.kill()
        self.server.start()
        self.kills += 1

    def kill_redis(self):
        pid = self.server.redis_pid()
        if pid is not None:  # else it is just being started again
            os.kill(pid, signal.SIGKILL)
            self.kills += 1

    def kill_both(self):
        self.kill_redis()
        self.kill_server()

    # Work.

    def submit_all(self, keys: list[str]) -> dict[str, str]:
        """Each key's workflow, whatever happens meanwhile: a client that hears nothing asks again."""
        made: dict[str, str] = {}
        left = iter(keys)
        lock = threading.Lock()

        def submit(_number: int):
            client = self.server.client()
            deadline = time.monotonic() + PATIENCE_S
            while True:
                with lock:
                    key = next(left, None)
                if key is None:
                    return client.connection.close()
                while (identity := self.try_to_submit(client, key)) is None:
                    if time.monotonic() > deadline:
                        raise AssertionError(f"{key} was never acknowledged; seed {SEED}\n{self.server.log_text()[-3000:]}")
                    time.sleep(0.02)
                with lock:
                    made[key] = identity

        in_threads(CONNECTIONS, submit)
        return made

    def try_to_submit(self, client, key: str) -> str | None:
        try:
            answer = client.call("POST", "/workflows?start=true", {**SMALL_FLOW, "name": key}, {"Idempotency-Key": key})
        except (OSError, http.client.HTTPException):
            return None
        if answer.status == 503:
            return None
        self.assertIn(answer.status, (200, 201), f"{answer}; seed {SEED}")
        return answer.data["id"]

    def retried(self, path: str):
        def get():
            try:
                answer = self.client.call("GET", path)
            except (OSError, http.client.HTTPException):
                return None
            return answer if answer.status != 503 else None
        return wait_for(get, f"an answer to {path}", PATIENCE_S)

    # The ledger.

    def check_ledger(self, made: dict[str, str]):
        self.assertEqual(len(set(made.values())), len(made), f"two keys gave one workflow; seed {SEED}")
        for key, identity in made.items():
            workflow = wait_for(lambda path=f"/workflows/{identity}": self.ended(path), f"the end of {key}; seed {SEED}",
                                PATIENCE_S)
            self.assertEqual(workflow["status"], "completed", f"{key}; seed {SEED}")
            self.assertEqual(workflow["name"], key)
            outcomes: dict[str, int] = {}
            for record in self.retried(f"/workflows/{identity}/history?limit=1000").data["records"]:
                if record["type"] == "tasks_succeeded":
                    outcomes[record["step"]] = outcomes.get(record["step"], 0) + len(record["tasks"])
            self.assertEqual(outcomes, {"one": 1, "two": 1, "three": 1}, f"{key} {identity}; seed {SEED}")
        listed = self.list_all()
        self.assertEqual(sorted(listed), sorted(made.values()), f"workflows nobody asked for; seed {SEED}")

    def ended(self, path: str):
        workflow = self.retried(path + "?state=false").data
        return workflow if workflow["status"] in ("completed", "failed", "cancelled") else None

    def list_all(self) -> list[str]:
        found, query = [], "?limit=1000"
        while True:
            page = self.retried("/workflows" + query).data
            found += [workflow["id"] for workflow in page["workflows"]]
            if page["next"] is None:
                return found
            query = f"?limit=1000&cursor={page['next']}"

    def run_under(self, kill):
        keys = [f"w{number}" for number in range(WORKFLOWS)]
        results: dict[str, str] = {}
        errors: list[BaseException] = []

        def work():
            try:
                results.update(self.submit_all(keys))
            except BaseException as error:
                errors.append(error)
            self.over.set()

        worker = threading.Thread(target=work)
        worker.start()
        while not self.over.wait(SECONDS * self.random.uniform(0.3, 1.2)):
            kill()
        worker.join()
        if errors:
            raise errors[0]
        kill()  # once more while the last ones run
        wait_for(lambda: self.retried("/readyz"), "a ready server", PATIENCE_S)
        self.check_ledger(results)
        print(f"{len(results)} workflows, {self.kills} kills, seed {SEED}", file=sys.stderr)

    def test_kills_of_the_server(self):
        self.run_under(self.kill_server)

    def test_kills_of_redis(self):
        self.run_under(self.kill_redis)
        self.assertIsNone(self.server.process.poll(), "the server outlives its Redis")

    def test_kills_of_both(self):
        self.run_under(self.kill_both)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Live events: nothing is lost or told twice, however often and whenever a client comes and goes."""

from __future__ import annotations

import itertools
import os
import random
import threading
import unittest

from support import Client, EventStream, ServerTest, in_threads

RECONNECTS = 100
SEED = int(os.environ.get("EVENTS_SEED", random.randrange(2**32)))


def wide_flow(tasks: int, command: str) -> dict:
    return {"name": "wide", "config": {"max_parallel": 8},
            "steps": [{"id": "wide", "type": "parallel", "max_workers": tasks, "command": ["sh", "-c", command]},
                      {"id": "after", "command": ["true"]}]}


class EventsTest(ServerTest):
    def follow(self, workflow: str) -> list[tuple]:
        with self.server.events(workflow) as stream:
            self.assertEqual(stream.status, 200)
            return list(stream)

    def follow_with_interruptions(self, workflow: str, seed: int) -> list[tuple]:
        """The same, of one that leaves and comes back after a few events at most, and stays at last."""
        chance = random.Random(seed)
        seen: list[tuple] = []
        for left in range(RECONNECTS, -1, -1):
            patience = chance.randrange(0, 3) if left else None  # events until it leaves
            with self.server.events(workflow, after=seen[-1][0] if seen else None) as stream:
                seen += itertools.islice(stream, patience)
        return seen

    def check_events(self, events: list[tuple], workflow: str):
        self.assertEqual([number for number, _, _ in events], list(range(1, len(events) + 1)))
        self.assertEqual([kind for _, kind, _ in events], [record["type"] for record in self.history(workflow)])
        self.assertEqual(events[-1][1], "workflow_ended")

    def test_one_that_comes_and_goes_misses_nothing(self):
        workflow = self.create(wide_flow(600, "true"), "")
        with self.server.client() as starter:
            def work(number: int):
                if number == 0:
                    return self.follow(workflow)
                if number == 1:
                    return self.follow_with_interruptions(workflow, SEED)
                self.call("POST", f"/workflows/{workflow}/start", status=202, client=starter)
                return None
            whole, pieces, _ = in_threads(3, work)
        self.assertGreater(len(whole), RECONNECTS, "most comings and goings were in the middle of it")
        self.assertEqual(pieces, whole, f"EVENTS_SEED={SEED}")
        self.check_events(whole, workflow)

    def test_two_watchers_and_a_slow_reader(self):
        workflow = self.create(wide_flow(200, "true"), "")
        slow = self.server.events(workflow)  # it reads nothing until all others have ended
        self.addCleanup(slow.close)
        started = threading.Barrier(3)

        def work(number: int):
            started.wait()
            if number < 2:
                return self.follow(workflow)
            with Client(self.server.address, self.server.token) as client:
                self.call("POST", f"/workflows/{workflow}/start", status=202, client=client)
            return None
        first, second, _ = in_threads(3, work)
        self.assertEqual(first, second)
        self.check_events(first, workflow)
        self.assertEqual(list(slow), first, "it gets all of it, later")

    def test_a_workflow_that_has_ended(self):
        workflow = self.create(wide_flow(20, "true"), "?start=true&wait_seconds=60")
        events = self.follow(workflow)
        self.check_events(events, workflow)
        self.assertEqual(self.follow(workflow), events)
        for after in (1, len(events) - 1, len(events), len(events) + 5):
            with self.server.events(workflow, after) as stream:
                self.assertEqual(list(stream), events[after:])
        with EventStream(self.server.address, "agt_none", workflow) as stream:
            self.assertEqual(stream.status, 401)
        self.call("GET", f"/workflows/{workflow}/events", status=400, Last_Event_ID="x")


if __name__ == "__main__":
    unittest.main()

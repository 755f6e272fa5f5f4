#!/usr/bin/env python3
"""The HTTP API as its users see it: every operation, every refusal, and that /openapi.json tells the truth."""

from __future__ import annotations

import contextlib
import datetime
import json
import socket
import unittest

from support import SMALL_FLOW, ServerTest, in_threads, wait_for

UNKNOWN = "01m82xnzyzse4rq2gb49eex6qy"  # no workflow's id here
YAML_FLOW = """\
name: from yaml
state: {greeting: hello}
steps:
  - {id: first, command: [sh, -c, 'echo "{\\"answer\\": 42}"']}
  - {id: wide, type: parallel, max_workers: 3, command: [sh, -c, 'echo $WORKER_ID']}
"""


def gated(gate: str) -> dict:
    """A workflow whose first step runs until the file `gate` is there."""
    return {"name": "gated", "steps": [
        {"id": "hold", "command": ["sh", "-c", f"until [ -e {gate} ]; do sleep 0.02; done"]},
        {"id": "after", "command": ["true"]}]}


def utc_now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class WorkflowTest(ServerTest):
    """Making workflows and looking at them, with real processes."""

    def test_a_definition_in_yaml_runs(self):
        workflow = self.create(YAML_FLOW, Content_Type="application/yaml")
        data = self.wait_for_end(workflow)
        self.assertEqual((data["name"], data["status"]), ("from yaml", "completed"), data)
        self.assertEqual(data["state"]["greeting"], "hello")
        self.assertEqual([step["status"] for step in data["steps"]], ["completed", "completed"])
        self.assertNotIn("state", self.call("GET", f"/workflows/{workflow}?state=false").data)

        steps = self.call("GET", f"/workflows/{workflow}/steps").data
        self.assertEqual([(step["id"], step["type"], step["tasks"]["succeeded"]) for step in steps],
                         [("first", "sequential", 1), ("wide", "parallel", 3)])
        jobs = self.call("GET", f"/workflows/{workflow}/jobs").data["tasks"]
        self.assertEqual([(job["step_id"], job["index"]) for job in jobs],
                         [("first", 0), ("wide", 0), ("wide", 1), ("wide", 2)])
        tasks = self.call("GET", f"/workflows/{workflow}/steps/wide/tasks?status=succeeded").data["tasks"]
        self.assertEqual([task["index"] for task in tasks], [0, 1, 2])
        self.assertEqual(self.call("GET", f"/workflows/{workflow}/steps/wide/tasks?status=failed").data["tasks"], [])
        self.assertEqual((data["state"]["answer"], data["state"]["wide_results"]), (42, [0, 1, 2]))
        detail = self.call("GET", f"/workflows/{workflow}/steps/wide/tasks/2").data
        self.assertEqual((detail["task"]["status"], detail["result"]), ("succeeded", 2))

    def test_tasks_come_in_pages(self):
        flow = {"name": "wide", "steps": [{"id": "a", "type": "parallel", "max_workers": 7, "command": ["true"]},
                                          {"id": "b", "type": "parallel", "max_workers": 4, "command": ["true"]}]}
        workflow = self.create(flow, "?start=true&wait_seconds=60")
        for path, expected in ((f"/workflows/{workflow}/jobs", 11), (f"/workflows/{workflow}/steps/b/tasks", 4)):
            seen, cursor = [], ""
            while cursor is not None:
                page = self.call("GET", f"{path}?limit=3{cursor and '&cursor=' + cursor}").data
                self.assertLessEqual(len(page["tasks"]), 3)
                seen += [task["id"] for task in page["tasks"]]
                cursor = page["next"]
            self.assertEqual(len(seen), expected)
            self.assertEqual(len(set(seen)), expected)
        self.call("GET", f"/workflows/{workflow}/steps/b/tasks?cursor=0.1", status=400)

    def test_it_starts_when_told_and_waits_when_asked(self):
        workflow = self.create(SMALL_FLOW, "")
        self.assertEqual(self.call("GET", f"/workflows/{workflow}").data["status"], "pending")
        self.call("POST", f"/workflows/{workflow}/start", status=202)
        self.assertEqual(self.wait_for_end(workflow)["status"], "completed")
        self.call("POST", f"/workflows/{workflow}/start", status=409)
        answer = self.call("POST", "/workflows?start=true&wait_seconds=60", SMALL_FLOW, 201)
        self.assertEqual(answer.data["status"], "completed")
        self.assertEqual(answer.headers["Location"], f"/workflows/{answer.data['id']}")

    def test_ranges_of_logs(self):
        flow = {"name": "log", "steps": [{"id": "talk", "command": "printf 0123456789; printf oops >&2"}]}
        workflow = self.create(flow, "?start=true&wait_seconds=60")
        log = f"/workflows/{workflow}/steps/talk/tasks/0/log"

        def read(query: str) -> tuple:
            data = self.call("GET", log + query).data
            return data["text"], data["offset"], data["next_offset"], data["size_bytes"]

        self.assertEqual(read(""), ("0123456789", 0, 10, 10))
        self.assertEqual(read("?offset=2&bytes=3"), ("234", 2, 5, 10))
        self.assertEqual(read("?offset=-4"), ("6789", 6, 10, 10))
        self.assertEqual(read("?offset=-4&bytes=2"), ("67", 6, 8, 10))
        self.assertEqual(read("?offset=-99"), ("0123456789", 0, 10, 10))
        self.assertEqual(read("?offset=10")[0], "")
        self.assertEqual(read("?stream=stderr&attempt=1"), ("oops", 0, 4, 4))
        self.call("GET", log + "?attempt=2", status=404)
        for wrong in ("?stream=both", "?bytes=0", "?bytes=9999999", "?offset=x", "?attempt=0"):
            self.call("GET", log + wrong, status=400)

    def test_pause_and_resume(self):
        gate = self.path("gate")
        workflow = self.create(gated(gate))
        self.wait_for_status(workflow, "running")
        self.call("POST", f"/workflows/{workflow}/pause", status=202)
        self.assertIs(self.call("GET", f"/workflows/{workflow}").data.get("paused"), True)
        self.write("gate", "")
        # The step that runs goes on, and nothing follows it.
        wait_for(lambda: self.call("GET", f"/workflows/{workflow}/steps").data[0]["status"] == "completed",
                 "the running step ends")
        explained = self.call("GET", f"/workflows/{workflow}/explain?step=after").data["steps"]
        self.assertIn("paused", json.dumps(explained))
        self.assertEqual(self.call("GET", f"/workflows/{workflow}/steps").data[1]["tasks"]["succeeded"], 0)
        self.call("POST", f"/workflows/{workflow}/resume", status=202)
        data = self.wait_for_end(workflow)
        self.assertEqual(data["status"], "completed")
        for operation in ("pause", "resume", "cancel"):
            self.call("POST", f"/workflows/{workflow}/{operation}", status=409)

    def test_cancel_and_delete(self):
        workflow = self.create(gated(self.path("never")))
        wait_for(lambda: self.call("GET", f"/workflows/{workflow}/steps").data[0]["tasks"]["running"] == 1, "it runs")
        self.call("DELETE", f"/workflows/{workflow}", status=409)
        self.call("POST", f"/workflows/{workflow}/cancel", {"reason": "enough"}, 202)
        data = self.wait_for_end(workflow)
        self.assertEqual((data["status"], data["reason"]), ("cancelled", "enough"))
        self.call("DELETE", f"/workflows/{workflow}")
        for path in ("", "/steps", "/history", "/events", "/state", "/jobs", "/explain"):
            self.call("GET", f"/workflows/{workflow}{path}", status=404)
        self.assertEqual(self.call("GET", "/workflows").data["workflows"], [])

    def test_history(self):
        workflow = self.create(SMALL_FLOW, "?start=true&wait_seconds=60")
        records = self.history(workflow)
        self.assertEqual([record["sequence"] for record in records], list(range(1, len(records) + 1)))
        self.assertEqual(records[-1]["type"], "workflow_ended")
        pages, after = [], 0
        while after is not None:
            page = self.call("GET", f"/workflows/{workflow}/history?limit=2&after={after}").data
            pages += page["records"]
            after = page["next"]
        self.assertEqual(pages, records)

    def test_explain(self):
        failing = self.create({"name": "failing", "steps": [{"id": "bad", "command": "echo boom >&2; exit 3"},
                                                            {"id": "never", "command": ["true"]}]})
        self.wait_for_status(failing, "failed")
        steps = {step["step"]: step for step in self.call("GET", f"/workflows/{failing}/explain").data["steps"]}
        self.assertEqual(steps["bad"]["status"], "failed")
        self.assertIn("3", steps["bad"]["cause"])
        self.assertIn("boom", steps["bad"]["log"])
        self.assertIn("never", steps)

        gate = self.path("gate")
        waiting = self.create(gated(gate))
        wait_for(lambda: self.call("GET", f"/workflows/{waiting}/steps").data[0]["tasks"]["running"] == 1, "it runs")
        explained = self.call("GET", f"/workflows/{waiting}/explain?step=after").data["steps"]
        self.assertEqual([step["step"] for step in explained], ["after"])
        self.assertIn("hold", explained[0]["cause"])
        self.call("GET", f"/workflows/{waiting}/explain?step=none", status=404)
        self.write("gate", "")
        self.wait_for_end(waiting)


class ListTest(ServerTest):
    runtime = "mock"

    def test_pages_and_filters(self):
        ids = []
        for i in range(20):
            ids.append(self.create({**SMALL_FLOW, "name": f"n{i % 3}"}, "?start=true" if i % 2 else ""))
            # Those of one millisecond have no order.
            made_at = self.call("GET", f"/workflows/{ids[-1]}").data["created_at"]
            wait_for(lambda at=made_at: utc_now() > at, "the next millisecond")
        for workflow in ids[1::2]:
            self.wait_for_end(workflow)

        def all_of(query: str, limit: int) -> list[str]:
            seen, cursor = [], ""
            while cursor is not None:
                page = self.call("GET", f"/workflows?limit={limit}{query}{cursor and '&cursor=' + cursor}").data
                self.assertLessEqual(len(page["workflows"]), limit)
                seen += [summary["id"] for summary in page["workflows"]]
                cursor = page["next"]
            return seen

        for limit in (1, 3, 7, 100):
            self.assertEqual(all_of("", limit), ids[::-1], "newest first")
            self.assertEqual(all_of("&status=pending", limit), ids[::2][::-1])
            self.assertEqual(all_of("&status=completed", limit), ids[1::2][::-1])
            self.assertEqual(all_of("&name=n1", limit), ids[1::3][::-1])
            self.assertEqual(all_of("&name=n1&status=completed", limit), ids[1::6][::-1])
        for wrong in ("status=done", "cursor=x", "limit=0", "limit=1001", "limit=-1", "limit=many"):
            self.call("GET", f"/workflows?{wrong}", status=400)


class StateTest(ServerTest):
    runtime = "mock"

    def setUp(self):
        super().setUp()
        self.workflow = self.create({**SMALL_FLOW, "state": {"here": 1}}, "")
        self.state = f"/workflows/{self.workflow}/state"

    def update(self, operation: str, key: str, **more) -> tuple:
        data = self.call("POST", self.state, {"operation": operation, "key": key, **more}).data
        return data["changed"], data["value"]

    def test_one_after_the_other(self):
        self.assertEqual(self.call("GET", self.state).data, {"here": 1})
        self.assertEqual(self.call("GET", self.state + "?key=here").data, 1)
        self.call("GET", self.state + "?key=missing", status=404)
        self.call("PUT", self.state, {"key": "new", "value": {"deep": [1, None]}})
        self.assertEqual(self.call("GET", self.state + "?key=new").data, {"deep": [1, None]})
        self.assertEqual(self.update("increment", "count"), (True, 1))
        self.assertEqual(self.update("increment", "count", value=5), (True, 6))
        self.assertEqual(self.update("append", "list", value="a"), (True, ["a"]))
        self.assertEqual(self.update("append", "list", value="a"), (True, ["a", "a"]))
        self.assertEqual(self.update("add_to_set", "set", value="a"), (True, ["a"]))
        self.assertEqual(self.update("add_to_set", "set", value="a"), (False, ["a"]))
        self.assertEqual(self.update("compare_and_swap", "here", expected=1, value=2), (True, 2))
        self.assertEqual(self.update("compare_and_swap", "here", expected=1, value=3), (False, 2))
        self.assertEqual(self.update("set", "here", value=None), (True, None))
        self.assertIs(self.update("delete", "new")[0], True)
        self.call("GET", self.state + "?key=new", status=404)

    def test_what_is_refused(self):
        for body in ({"operation": "increment", "key": ""}, {"operation": "twist", "key": "a"}, {"key": "a"},
                     {"operation": "append", "key": "a"}, {"operation": "set", "key": "a" * 600, "value": 1},
                     {"operation": "set", "key": "a", "value": 1, "more": 2}, {"operation": "set", "key": 1}, [], "x"):
            self.call("POST", self.state, body if body != "x" else '"x"', 400)
        self.update("set", "text", value="no number")
        self.assertIn(self.call("POST", self.state, {"operation": "increment", "key": "text"}, None).status, (400, 409))
        self.assertEqual(self.call("GET", self.state + "?key=text").data, "no number")
        ended = self.create(SMALL_FLOW)
        self.wait_for_end(ended)
        self.call("PUT", f"/workflows/{ended}/state", {"key": "late", "value": 1}, 409)

    def test_increments_from_eight_threads(self):
        def work(_):
            with self.server.client() as client:
                return [self.call("POST", self.state, {"operation": "increment", "key": "count"}, client=client)
                        .data["value"] for _ in range(200)]
        values = [value for each in in_threads(8, work) for value in each]
        self.assertEqual(sorted(values), list(range(1, 1601)), "each increment gave another value")
        self.assertEqual(self.call("GET", self.state + "?key=count").data, 1600)

    def test_swaps_from_eight_threads_have_one_winner_each(self):
        self.update("set", "turn", value=0)

        def work(_):
            won = 0
            with self.server.client() as client:
                for turn in range(50):
                    body = {"operation": "compare_and_swap", "key": "turn", "expected": turn, "value": turn + 1}
                    won += self.call("POST", self.state, body, client=client).data["changed"]
            return won
        in_order = in_threads(8, work)
        self.assertEqual(self.call("GET", self.state + "?key=turn").data, sum(in_order))


class IdempotencyTest(ServerTest):
    runtime = "mock"

    def post(self, key: str, definition=None, status: int | None = None, client=None, query: str = "?start=true"):
        return self.call("POST", f"/workflows{query}", definition or SMALL_FLOW, status, client, Idempotency_Key=key)

    def test_the_same_twice(self):
        first = self.post("k1", status=201)
        again = self.post("k1", status=200)
        self.assertEqual(first.data["id"], again.data["id"])
        self.assertEqual((first.data["is_new"], again.data["is_new"]), (True, False))
        self.assertNotEqual(self.post("k2", status=201).data["id"], first.data["id"])
        self.post("k1", {**SMALL_FLOW, "name": "other"}, 409)
        self.post("k1", query="", status=409)

    def test_sixteen_at_once(self):
        for round_number in range(10):
            def work(_, key=f"round {round_number}".replace(" ", "-")):
                with self.server.client() as client:
                    answer = self.post(key, client=client)
                    return answer.status, answer.data["id"]
            answers = in_threads(16, work)
            self.assertEqual(len({workflow for _, workflow in answers}), 1)
            self.assertEqual(sorted(status for status, _ in answers), [200] * 15 + [201])
        self.assertEqual(len(self.call("GET", "/workflows").data["workflows"]), 10)

    def test_keys_that_are_none(self):
        for key in ("", "a" * 201, "with space", "ü"):
            self.post(key, status=400)


class RefusalTest(ServerTest):
    runtime = "mock"

    def test_mistakes_in_a_definition(self):
        flow = '{"name": "wrong",\n "steps": [{"id": "a", "command": ["true"], "depends_on": ["gone"]},\n {"id": "a"}]}'
        answer = self.call("POST", "/workflows", flow, 422)
        diagnostics = answer.data["diagnostics"]
        self.assertGreaterEqual(len(diagnostics), 2, diagnostics)
        for diagnostic in diagnostics:
            self.assertEqual(diagnostic["severity"], "error")
            self.assertGreaterEqual(diagnostic["line"], 2)
            self.assertGreaterEqual(diagnostic["column"], 1)
            self.assertNotEqual(diagnostic["message"], "")
        for text in ("nonsense", "[1, 2", "{", "[]", "null", '{"name": 1}', "\x00", "a: &a [*a]"):
            self.call("POST", "/workflows", text, 422, Content_Type="application/yaml")
        self.call("POST", "/workflows", "", 400)
        self.call("POST", "/workflows", "[" * 100_000, 422)
        self.call("POST", "/workflows", "x", 415, Content_Type="image/png")
        self.call("POST", "/workflows?start=maybe", SMALL_FLOW, 400)

    def test_unknown_things(self):
        for workflow in (UNKNOWN, "x", "..", "%00", "%ff", "a%2Fb", "latest"):
            answer = self.call("GET", f"/workflows/{workflow}", status=None)
            self.assertIn(answer.status, (400, 404), workflow)
        for path in ("/", "/nothing", f"/workflows/{UNKNOWN}/more", "/../token", "/workflows//state"):
            self.call("GET", path, status=404)
        workflow = self.create(SMALL_FLOW)
        self.wait_for_end(workflow)
        for path in ("steps/none/tasks", "steps/one/tasks/7", "steps/one/tasks/x", "steps/one/tasks/-1",
                     "steps/one/tasks/99999999999999999999", "steps/none/tasks/0/log"):
            self.call("GET", f"/workflows/{workflow}/{path}", status=404)

    def test_methods(self):
        for pattern, operations in self.paths.items():
            for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
                if method.lower() in operations:
                    continue
                path = pattern.replace("{id}", UNKNOWN).replace("{step}", "a").replace("{task}", "0")
                answer = self.call(method, path.replace("{token}", "x"), status=405)
                self.assertEqual({name.strip().lower() for name in answer.headers["Allow"].split(",")},
                                 set(operations), path)

    def test_every_documented_route_is_there(self):
        workflow = self.create({**SMALL_FLOW, "state": {"k": 1}})
        self.wait_for_end(workflow)
        for pattern, operations in self.paths.items():
            # The workflow is deleted last.
            for method in sorted(operations, key=lambda name: name == "delete"):
                if (pattern, method) == ("/workflows/{id}", "delete"):
                    continue
                path = pattern.replace("{id}", workflow).replace("{step}", "one").replace("{task}", "0")
                if pattern == "/tokens/{token}":
                    path = "/tokens/" + self.call("POST", "/tokens", {"scope": "read"}, 201).data["token"]["id"]
                if pattern.endswith("/log"):
                    continue  # the mock runtime writes none
                with self.subTest(f"{method} {pattern}"):
                    answer = self.client.call(method.upper(), path, {} if "requestBody" in operations[method] else None)
                    self.assertNotIn(answer.status, (404, 405), answer)
                    self.assertLess(answer.status, 500, answer)
                    self.assertIn(str(answer.status), operations[method]["responses"], answer)
        self.call("DELETE", f"/workflows/{workflow}")

    def test_bodies_that_are_none(self):
        workflow = self.create(SMALL_FLOW, "")
        deep = '{"key": "a", "value": ' + "[" * 50_000 + "]" * 50_000 + "}"
        bodies = ["no json", "{", '{"key": "a" "value": 1}', "\x00", "[]", "1", "null", deep, '{"key": "\\ud800"}',
                  '{"key": "a", "value": 1e999999}']
        for body in bodies:
            for method, path in (("PUT", f"/workflows/{workflow}/state"), ("POST", f"/workflows/{workflow}/state"),
                                 ("POST", f"/workflows/{workflow}/cancel"), ("POST", "/tokens")):
                self.call(method, path, body, 400)
        self.call("PUT", f"/workflows/{workflow}/state", b'{"key": "\xff\xfe", "value": 1}', 400)
        self.call("PUT", f"/workflows/{workflow}/state", "a: 1", 415, Content_Type="application/yaml")
        self.assertEqual(self.call("GET", f"/workflows/{workflow}/state").data, {})

    def test_bodies_that_are_too_large(self):
        workflow = self.create(SMALL_FLOW, "")
        for method, path in (("POST", "/workflows"), ("PUT", f"/workflows/{workflow}/state"),
                             ("POST", f"/workflows/{workflow}/start"), ("GET", "/workflows")):
            # Refused for what it announces: not a byte of it has been sent.
            self.call(method, path, None, 413, self.new_client(), Content_Length=str(17 * 1024 * 1024))
        with contextlib.suppress(OSError):  # whether the refusal is heard depends on what was under way
            unannounced = self.new_client().call("POST", "/workflows", iter([b" " * 1024 * 1024] * 64))
            self.assertEqual(unannounced.status, 413, unannounced)
        self.assertEqual(self.call("GET", f"/workflows/{workflow}").data["status"], "pending")

    def test_the_answer_to_head_has_no_body(self):
        host, port = self.server.address.split(":")
        with socket.create_connection((host, int(port))) as connection:
            for method in ("HEAD", "GET"):
                connection.sendall(f"{method} /healthz HTTP/1.1\r\nHost: localhost\r\n"
                                   f"Authorization: Bearer {self.server.token}\r\n\r\n".encode())
                head = b""
                while not head.endswith(b"\r\n\r\n"):
                    head += connection.recv(1)
                if method == "HEAD":
                    self.assertTrue(head.startswith(b"HTTP/1.1 405 "), head)
            # The second answer begins where the first has ended.
            self.assertTrue(head.startswith(b"HTTP/1.1 200 "), head)

    def test_tokens_and_audit(self):
        for body in ({}, {"scope": "god"}, {"scope": "read", "expires_in_seconds": 0},
                     {"scope": "read", "expires_in_seconds": 1.5}, {"scope": "read", "workflow": "x"},
                     {"scope": "read", "name": "n" * 201}, {"scope": "read", "more": 1}):
            self.call("POST", "/tokens", body, 400)
        made = self.call("POST", "/tokens", {"scope": "run", "name": "ci"}, 201).data
        listed = {token["id"]: token for token in self.call("GET", "/tokens").data}
        self.assertEqual(listed[made["token"]["id"]]["name"], "ci")
        self.assertNotIn(made["text"], self.call("GET", "/tokens").body.decode(), "the secret is shown once")
        self.create(SMALL_FLOW)
        newest = self.call("GET", "/audit?limit=2").data["entries"]
        self.assertEqual([(entry["operation"], entry["status"]) for entry in newest],
                         [("createWorkflow", 201), ("createToken", 201)])
        self.call("DELETE", "/tokens/nothing", status=404)


if __name__ == "__main__":
    unittest.main()

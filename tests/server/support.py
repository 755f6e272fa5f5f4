"""What the tests of the server share: a server of the test's own, requests to it, and its stream of events."""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import pathlib
import signal
import subprocess
import sys
import threading
from urllib.parse import urlsplit

# tests/cli/support.py has this file's name, so it gets another one here.
_spec = importlib.util.spec_from_file_location(
    "program_support", pathlib.Path(__file__).resolve().parent.parent / "cli" / "support.py")
program_support = importlib.util.module_from_spec(_spec)
sys.modules["program_support"] = program_support
_spec.loader.exec_module(program_support)

DRAIN_S = 20.0  # for a server that stops; no test leaves agents that run longer
PATIENCE_S = program_support.PATIENCE_S
processes_in = program_support.processes_in
wait_for = program_support.wait_for

ENDED = ("completed", "failed", "cancelled")
SMALL_FLOW = {"name": "small", "steps": [{"id": "one", "command": ["true"]}, {"id": "two", "command": ["true"]},
                                         {"id": "three", "command": ["true"]}]}


class Answer:
    """The answer to one request."""

    def __init__(self, status: int, headers: http.client.HTTPMessage, body: bytes):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        return self.json["data"]

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


class Client:
    """Requests over one connection that is kept; for one thread."""

    def __init__(self, address: str, token: str | None, timeout_s: float = PATIENCE_S, tls=None):
        self.token = token
        self.connection = (http.client.HTTPConnection(address, timeout=timeout_s) if tls is None else
                           http.client.HTTPSConnection(address, timeout=timeout_s, context=tls))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def call(self, method: str, path: str, body=None, headers: dict[str, str] | None = None) -> Answer:
        """A mapping or list is sent as JSON, chunks of an iterator as they come."""
        fields = {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            fields["Content-Type"] = "application/json"
        fields.update(headers or {})
        try:
            self.connection.request(method, path, body.encode() if isinstance(body, str) else body, fields)
            response = self.connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        except (OSError, http.client.HTTPException):
            self.connection.close()  # the next request begins a new one
            raise


class EventStream:
    """Server-sent events of a workflow, one by one."""

    def __init__(self, address: str, token: str, workflow: str, after: int | None = None,
                 timeout_s: float = PATIENCE_S):
        self.connection = http.client.HTTPConnection(address, timeout=timeout_s)
        headers = {"Authorization": f"Bearer {token}"}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        self.connection.request("GET", f"/workflows/{workflow}/events", headers=headers)
        self.response = self.connection.getresponse()
        self.status = self.response.status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.response.close()
        self.connection.close()

    def __iter__(self):
        """(id, type, data) until the server ends the stream."""
        fields = {}
        while line := self.response.readline():
            text = line.decode().rstrip("\n")
            if text:
                name, _, value = text.partition(": ")
                fields[name] = value
                continue
            if "id" in fields:  # and not a comment that keeps the connection
                yield int(fields["id"]), fields["event"], fields["data"]
            fields = {}


class Server:
    """`agentainer serve` on a data directory; can be killed and started again at the same address."""

    def __init__(self, test: program_support.ProgramTest, data: str, *arguments: str, runtime: str = "process"):
        self.test = test
        self.data = data
        self.arguments = ("--runtime", runtime, *arguments)
        self.address = "127.0.0.1:0"
        self.log = test.path(f"{os.path.basename(data)}.log")
        self.process = None

    def launch(self):
        """Starts it and does not wait."""
        with open(self.log, "ab") as log:
            self.process = self.test.start("serve", "--listen", self.address, "--data", self.data, *self.arguments,
                                           stdout=log, stderr=log)

    def wait_until_it_listens(self):
        def place():
            if self.process.poll() is not None:
                raise AssertionError(f"the server has ended: {self.log_text()}")
            try:
                found = json.loads(pathlib.Path(self.data, "server.json").read_text(encoding="utf-8"))
            except (FileNotFoundError, ValueError):
                return None
            return found if found["pid"] == self.process.pid else None  # a killed server leaves its own

        url = wait_for(place, "a server that listens")["url"]
        self.address = urlsplit(url).netloc
        return self

    def start(self):
        self.launch()
        return self.wait_until_it_listens()

    @property
    def token(self) -> str:
        return pathlib.Path(self.data, "token").read_text(encoding="utf-8").strip()

    def log_text(self) -> str:
        return pathlib.Path(self.log).read_text(encoding="utf-8", errors="replace")

    def client(self, token: str | None = None, timeout_s: float = PATIENCE_S) -> Client:
        return Client(self.address, self.token if token is None else token, timeout_s)

    def events(self, workflow: str, after: int | None = None) -> EventStream:
        return EventStream(self.address, self.token, workflow, after)

    def redis_pid(self) -> int | None:
        """The private redis-server: a child of the server's."""
        try:
            children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
            for pid in children.split():
                if b"redis-server" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
        except OSError:
            pass  # one of them has ended meanwhile
        return None

    def memory_bytes(self) -> int:
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the server has no VmRSS")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ends it in good order and gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(DRAIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode


class ServerTest(program_support.ProgramTest):
    """A test with one server of its own, unless `arguments` is None. Every answer to `call` is checked: its form, and
    that /openapi.json documents its status."""

    arguments: tuple[str, ...] | None = ()
    runtime = "process"

    def setUp(self):
        super().setUp()
        self.servers: list[Server] = []
        self.paths: dict = {}
        if self.arguments is not None:
            self.server = self.new_server(self.data, *self.arguments, runtime=self.runtime).start()
            self.client = self.new_client()
            self.paths = self.client.call("GET", "/openapi.json").json["paths"]

    def tearDown(self):
        codes = [server.stop() for server in self.servers if server.process is not None]
        super().tearDown()
        self.assertEqual([code for code in codes if code != 0], [], "a server did not end well")

    def new_server(self, data: str, *arguments: str, **options) -> Server:
        self.servers.append(Server(self, data, *arguments, **options))
        return self.servers[-1]

    def new_client(self, token: str | None = None) -> Client:
        client = self.server.client(token)
        self.addCleanup(client.connection.close)
        return client

    # Requests.

    def documented(self, method: str, path: str) -> dict | None:
        """What /openapi.json says of the route, if there is one."""
        parts = path.partition("?")[0].split("/")
        for pattern, operations in self.paths.items():
            names = pattern.split("/")
            if len(names) == len(parts) and all(n.startswith("{") or n == p for n, p in zip(names, parts)):
                return operations.get(method.lower())
        return None

    def check_envelope(self, answer: Answer):
        body = answer.json
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertIsInstance(body["message"], str)
        self.assertIn("data", body)
        self.assertIs(body["success"], answer.status < 400)
        self.assertEqual("error" in body, answer.status >= 400)
        if answer.status >= 400:
            self.assertRegex(body["error"]["code"], "^[a-z_]+$")
            self.assertNotEqual(body["message"], "", "a refusal says what is wrong")

    def call(self, method: str, path: str, body=None, status: int | None = 200, client: Client | None = None,
             **headers: str) -> Answer:
        answer = (client or self.client).call(method, path, body, {k.replace("_", "-"): v for k, v in headers.items()})
        what = f"{method} {path}: {answer}"
        if status is not None:
            self.assertEqual(answer.status, status, what)
        self.assertLess(answer.status, 500, what)
        route = self.documented(method, path)
        if route is not None:
            self.assertIn(str(answer.status), route["responses"], f"not documented: {what}")
        if path != "/openapi.json":
            self.check_envelope(answer)
        return answer

    def create(self, definition, query: str = "?start=true", **headers: str) -> str:
        return self.call("POST", f"/workflows{query}", definition, 201, **headers).data["id"]

    def wait_for_status(self, workflow: str, *statuses: str) -> dict:
        def get():
            data = self.call("GET", f"/workflows/{workflow}").data
            return data if data["status"] in statuses else None
        return wait_for(get, f"workflow {workflow} is {statuses}")

    def wait_for_end(self, workflow: str) -> dict:
        return self.wait_for_status(workflow, *ENDED)

    def history(self, workflow: str) -> list[dict]:
        records, after = [], 0
        while after is not None:
            page = self.call("GET", f"/workflows/{workflow}/history?limit=1000&after={after}").data
            records += page["records"]
            after = page["next"]
        return records


def in_threads(count: int, work) -> list:
    """Results of work(0) to work(count - 1), each in a thread; the first error is raised."""
    results: list = [None] * count
    errors: list[BaseException] = []

    def run(number: int):
        try:
            results[number] = work(number)
        except BaseException as error:  # given to whoever waits for all
            errors.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return results

#!/usr/bin/env python3
"""Makes and runs the word count through the HTTP API of `agentainer serve`, shows progress and saves the result.

    agentainer serve &
    ./run_workflow_api.py                        the licences that every Debian has
    ./run_workflow_api.py --urls FILE            the addresses in a file, no web server of its own
    ./run_workflow_api.py --server URL --token T --output result.json

Without --server it takes $AGENTAINER_SERVER and $AGENTAINER_TOKEN, else the server of the data directory
($AGENTAINER_DATA or ~/.local/share/agentainer). The Python standard library is all it needs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


class ApiError(Exception):
    """The server's refusal, in its words."""


class Api:
    def __init__(self, url: str, token: str) -> None:
        self.url = url.rstrip("/")
        self.token = token

    def open(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        request = urllib.request.Request(self.url + path, data=body, method=method,
                                         headers={"Authorization": f"Bearer {self.token}", **headers})
        try:
            return urllib.request.urlopen(request, timeout=90)
        except urllib.error.HTTPError as error:
            answer = error.read()
            try:
                raise ApiError(json.loads(answer)["message"]) from None
            except (ValueError, KeyError):
                raise ApiError(f"{error.code} {error.reason}") from None

    def call(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Any:
        with self.open(method, path, body, **headers) as answer:
            return json.load(answer)["data"]

    def events(self, workflow: str) -> Iterator[dict[str, Any]]:
        """The workflow's events until its end; a connection that is lost is made again where it broke."""
        last = "0"
        while True:
            try:
                with self.open("GET", f"/workflows/{workflow}/events", **{"Last-Event-ID": last}) as stream:
                    for line in stream:
                        name, _, value = line.decode().rstrip("\n").partition(": ")
                        if name == "id":
                            last = value
                        elif name == "data":
                            event = json.loads(value)
                            yield event
                            if event["type"] == "workflow_ended":
                                return
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.5)


def find_server(arguments: argparse.Namespace) -> Api:
    url = arguments.server or os.environ.get("AGENTAINER_SERVER")
    token = arguments.token or os.environ.get("AGENTAINER_TOKEN")
    share = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share")
    data = Path(os.environ.get("AGENTAINER_DATA") or share / "agentainer")
    try:
        url = url or json.loads((data / "server.json").read_text())["url"]
        token = token or (data / "token").read_text().strip()
    except OSError:
        sys.exit(f"no server runs on {data}: start one with `agentainer serve`, or give --server and --token")
    return Api(url, token)


def definition(urls_file: Path) -> bytes:
    """The workflow as JSON. Its images are directories beside this script."""
    return json.dumps({
        "name": "word-count-api",
        "description": "Counts the words of documents, asked for over HTTP",
        "max_parallel": 8,
        "timeout": "10m",
        "state": {"urls_file": str(urls_file)},
        "steps": [
            {"id": "list", "type": "sequential", "image": str(HERE / "lister"), "timeout": "30s"},
            {"id": "map", "type": "map", "image": str(HERE / "mapper"), "timeout": "1m",
             "map": {"input_path": "urls", "item_alias": "url", "max_concurrency": 4,
                     "error_handling": "continue_on_error", "max_failure_percent": 50},
             "retry": {"max_attempts": 4, "backoff": "exponential", "delay": "200ms",
                       "retry_on": ["exit_code", "timeout", "lost"]},
             "env_vars": {"FETCH_SECONDS": "20"}},
            {"id": "reduce", "type": "reduce", "image": str(HERE / "reducer"), "timeout": "2m",
             "env_vars": {"TOP_WORDS": "12"}},
        ],
    }).encode()


def show(event: dict[str, Any], counts: dict[str, int]) -> None:
    step = event.get("step", "")
    match event["type"]:
        case "step_started":
            print(f"  {step}: started, {event['tasks'] or 1} tasks", file=sys.stderr)
        case "attempt_failed":
            again = "tried again" if "retry_delay_ms" in event else "given up"
            first_line = event.get("message", "").strip().partition("\n")[0]
            print(f"  {step}[{event['task']}]: {again}: {first_line}", file=sys.stderr)
        case "tasks_succeeded":
            counts[step] = counts.get(step, 0) + sum(last - first + 1 for first, last, _ in event["tasks"])
            print(f"  {step}: {counts[step]} done", file=sys.stderr)
        case "step_ended" | "workflow_ended":
            print(f"  {step or 'workflow'}: {event['status']}", file=sys.stderr)


def run(api: Api, urls_file: Path, output: Path) -> int:
    made = api.call("POST", "/workflows?start=true", definition(urls_file),
                    **{"Content-Type": "application/json", "Idempotency-Key": str(uuid.uuid4())})
    print(f"Workflow {made['id']} on {api.url}", file=sys.stderr)
    status, counts = "", {}
    for event in api.events(made["id"]):
        show(event, counts)
        status = event.get("status", status)
    if status != "completed":
        for step in api.call("GET", f"/workflows/{made['id']}/explain")["steps"]:
            print(f"{step['step']}: {step['cause']}\n{step['log']}", file=sys.stderr)
        return 3
    key = urllib.parse.quote("word_count")
    output.write_text(json.dumps(api.call("GET", f"/workflows/{made['id']}/state?key={key}"), indent=2) + "\n")
    print(f"Saved to {output}\n", file=sys.stderr)
    return subprocess.run([sys.executable, "-B", HERE / "report.py", output], check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--server", help="the server's address [$AGENTAINER_SERVER]")
    parser.add_argument("--token", help="who we are [$AGENTAINER_TOKEN]")
    parser.add_argument("--urls", type=Path, help="a file of addresses, one a line")
    parser.add_argument("--output", type=Path, default=Path("word_count.json"), help="where the result goes")
    arguments = parser.parse_args()
    api = find_server(arguments)
    try:
        if arguments.urls:
            return run(api, arguments.urls.resolve(), arguments.output)
        with tempfile.TemporaryDirectory() as folder:
            urls = Path(folder) / "urls.txt"
            # It ends when its standard input does, and so with this program however that ends.
            documents = subprocess.Popen([sys.executable, "-B", HERE / "serve_documents.py", "--urls-file", urls],
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            with documents:
                documents.stdout.readline()  # it serves
                try:
                    return run(api, urls, arguments.output)
                finally:
                    documents.stdin.close()
    except ApiError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: cannot reach {api.url}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())

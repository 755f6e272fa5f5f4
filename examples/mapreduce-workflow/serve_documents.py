"""A web server on this machine, for the example: it serves texts, and it fails on purpose.

    /documents/<name>   the files of the directories it is given (/usr/share/common-licenses)
    /flaky/<name>       the same, after answering the first requests for each with 503
    /missing/<name>     404, always

It prints its address as the first line and serves until its stdin ends or it is told to terminate.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

LICENCES = Path("/usr/share/common-licenses")


def texts_in(directories: list[Path]) -> dict[str, Path]:
    """Name -> file of everything that can be served. Links are left out, as most licences have several names."""
    texts: dict[str, Path] = {}
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            if path.is_file() and not path.is_symlink():
                texts.setdefault(path.relative_to(directory).as_posix(), path)
    return texts


class DocumentServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, texts: dict[str, Path], flaky_requests: int) -> None:
        super().__init__(("127.0.0.1", 0), DocumentHandler)
        # Paths are looked up, never opened as they come, so none can lead out of the directories.
        self.files = {f"/documents/{quote(name)}": path for name, path in texts.items()}
        self.flaky_files = {f"/flaky/{quote(name)}": path for name, path in texts.items()}
        self.flaky_requests = flaky_requests
        self._asked: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def is_still_failing(self, path: str) -> bool:
        with self._lock:
            self._asked[path] += 1
            return self._asked[path] <= self.flaky_requests

    def urls(self) -> list[str]:
        """Every document once, the first of them at its flaky address, and one that does not exist."""
        first, *others = self.files
        paths = [first.replace("/documents/", "/flaky/", 1), *others, "/missing/no-such-document"]
        return [self.address + path for path in paths]


class DocumentHandler(BaseHTTPRequestHandler):
    server: DocumentServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in self.server.flaky_files:
            if self.server.is_still_failing(path):
                self.answer(503, b"Not now, please try again.\n")
            else:
                self.answer(200, self.server.flaky_files[path].read_bytes())
        elif path in self.server.files:
            self.answer(200, self.server.files[path].read_bytes())
        else:
            self.answer(404, b"There is no such document.\n")

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass  # The workflow's own log tells what was fetched.


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directories", nargs="*", type=Path, help=f"default: {LICENCES}")
    parser.add_argument("--urls-file", type=Path, help="write the addresses of the documents there, one a line")
    parser.add_argument("--flaky-requests", type=int, default=2, metavar="N", help="how often /flaky/ fails first (2)")
    options = parser.parse_args()

    directories = options.directories or [LICENCES]
    texts = texts_in(directories)
    if not texts:
        print(f"no files to serve in {', '.join(map(str, directories))}", file=sys.stderr)
        return 1
    with DocumentServer(texts, options.flaky_requests) as server:
        if options.urls_file:
            options.urls_file.write_text("".join(f"{url}\n" for url in server.urls()), encoding="utf-8")
        print(server.address, flush=True)

        # shutdown() waits for the loop to end, so it may not be called by the loop's own thread.
        def stop_with_stdin() -> None:
            while os.read(0, 4096):
                pass
            server.shutdown()

        threading.Thread(target=stop_with_stdin, daemon=True).start()
        signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
        server.serve_forever(poll_interval=0.1)
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The agents of examples/mapreduce-workflow, without a server: each is a program that takes a task and leaves a result."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mapreduce-workflow"


def load(name: str) -> ModuleType:
    path = EXAMPLE / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


lister, mapper, reducer = load("lister/lister.py"), load("mapper/mapper.py"), load("reducer/reducer.py")
serve_documents, report = load("serve_documents.py"), load("report.py")


class Agent(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def write(self, name: str, data: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def run_agent(self, name: str, given: dict, attempt: int = 1, **environment: str) -> tuple[int, dict | None, str]:
        """Exit code, result and stderr of the agent in its directory, by the plain-program contract."""
        task = json.dumps({"task_id": "t", "attempt": attempt, "input": given})
        result = self.folder / "result.json"
        result.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-B", f"{name}.py"], cwd=EXAMPLE / name, input=task, capture_output=True, text=True, check=False,
            env={"PATH": os.environ["PATH"], "AGENTAINER_TASK_FILE": str(self.write("task.json", task)),
                 "AGENTAINER_RESULT_FILE": str(result), **environment})
        if result.exists():
            return done.returncode, json.loads(result.read_text(encoding="utf-8")), done.stderr
        return done.returncode, json.loads(done.stdout) if done.returncode == 0 else None, done.stderr


class Lister(Agent):
    def test_addresses_of_a_file_in_order_without_comments_and_repetitions(self) -> None:
        urls = self.write("urls.txt", "\ufeff# three\nhttp://a/1\n\n  file:///etc/hosts  \nhttp://a/1\nhttps://b\n")
        self.assertEqual(self.run_agent("lister", {"urls_file": str(urls)}),
                         (0, {"urls": ["http://a/1", "file:///etc/hosts", "https://b"], "documents": 3}, ""))

    def test_addresses_given_directly_come_before_the_file(self) -> None:
        for urls in (["http://a/1", "http://a/2"], "http://a/1 http://a/2"):
            with self.subTest(urls):
                _, result, _ = self.run_agent("lister", {"urls": urls, "urls_file": "urls.txt"})
                self.assertEqual(result, {"urls": ["http://a/1", "http://a/2"], "documents": 2})

    def test_a_relative_file_is_beside_the_workflow(self) -> None:
        code, result, _ = self.run_agent("lister", {"urls_file": "urls.txt"})
        self.assertEqual(code, 0)
        self.assertTrue(all(url.startswith("file:///usr/share/common-licenses/") for url in result["urls"]))

    def test_bad_input_is_not_worth_a_retry_and_says_why(self) -> None:
        bad = self.write("bad.txt", "http://a\nftp://b/c\nnonsense\nhttp://\n")
        for given, words in (({}, "'urls'"), ({"urls": 5}, "list of texts"), ({"urls": []}, "no addresses"),
                             ({"urls_file": "no/such/file"}, "No such file"), ({"urls_file": str(bad)}, f"{bad}:2: 'ftp://b/c'"),
                             ({"urls_file": str(bad)}, f"{bad}:4: 'http://'"), ({"urls": ["http://[::1"]}, "urls[0]")):
            with self.subTest(words):
                code, _, stderr = self.run_agent("lister", given)
                self.assertEqual(code, 78)
                self.assertIn(words, stderr)


class Words(unittest.TestCase):
    def test_words_of_real_text(self) -> None:
        for text, expected in (
            ("The cat, the CAT; the hat.", {"the": 3, "cat": 2, "hat": 1}),
            ("don't ‘quote’ don’t 'quote' rock'n'roll", {"don't": 2, "quote": 2, "rock'n'roll": 1}),
            ("well-known state-of-the-art snake_case", {"well": 1, "known": 1, "state": 1, "of": 1, "the": 1, "art": 1,
                                                       "snake": 1, "case": 1}),
            ("Straße STRASSE", {"strasse": 2}),
            ("caf\u00e9 cafe\u0301", {"caf\u00e9": 2}),
            ("हिन्दी में", {"हिन्दी": 1, "में": 1}),
            ("Москва, МОСКВА!", {"москва": 2}),
            ("天地 天", {"天": 2, "地": 1}),
            ("soft\u00adhyphen", {"softhyphen": 1}),
            ("GPL3 2nd 1999 3.14 $5", {"gpl3": 1, "2nd": 1}),
            ("", {}), ("... --- '''", {}),
        ):
            with self.subTest(text):
                self.assertEqual(dict(mapper.count_words(text)), expected)

    def test_bytes_become_text_by_what_is_said_of_them_else_by_what_they_are(self) -> None:
        for data, charset, expected in (("é".encode(), None, "é"), ("é".encode("latin-1"), None, "é"),
                                        ("é".encode("utf-16"), "utf-16", "é"), ("\ufeffé".encode(), "utf-8", "\ufeffé"),
                                        ("\ufeffé".encode(), None, "é"), ("é".encode(), "no-such-charset", "é"),
                                        ("é".encode(), "ascii", "é"), ("é".encode(), "rot13", "é")):
            with self.subTest(charset):
                self.assertEqual(mapper.decode(data, charset), expected)


class Answers(BaseHTTPRequestHandler):
    """What a document server may do: each path is one way to answer."""

    def do_GET(self) -> None:
        status, headers, body = {
            "/text": (200, {"Content-Type": "text/plain; charset=utf-8"}, "zwei Wörter".encode()),
            "/latin": (200, {"Content-Type": 'text/plain; charset="iso-8859-1"'}, "zwei Wörter".encode("latin-1")),
            "/untyped": (200, {}, b"two words"),
            "/page": (200, {"Content-Type": "text/html"},
                      b"<html><style>p {}</style><body><p>One</p>two &amp;<script>x < y</script>\nthree</body>"),
            "/image": (200, {"Content-Type": "image/png"}, b"\x89PNG"),
            "/binary": (200, {"Content-Type": "text/plain"}, b"a\0b"),
            "/large": (200, {"Content-Type": "text/plain"}, b"word " * 40_000),
            "/short": (200, {"Content-Type": "text/plain", "Content-Length": "1000"}, b"cut off"),
            "/busy": (503, {}, b""), "/slow-down": (429, {}, b""), "/gone": (410, {}, b""), "/broken": (500, {}, b""),
            "/moved": (302, {"Location": "/text"}, b""),
        }.get(self.path, (404, {}, b""))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Mapper(Agent):
    def setUp(self) -> None:
        super().setUp()
        server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.site = f"http://127.0.0.1:{server.server_address[1]}"

    def test_a_document_s_counts(self) -> None:
        code, result, stderr = self.run_agent("mapper", {"url": f"{self.site}/text"}, attempt=3)
        self.assertEqual((code, stderr), (0, ""))
        self.assertGreater(result.pop("seconds"), 0)
        self.assertEqual(result, {"url": f"{self.site}/text", "bytes": 12, "words": 2, "distinct": 2, "attempts": 3,
                                  "counts": {"zwei": 1, "wörter": 1}})

    def test_forms_of_text(self) -> None:
        for path, words in (("/latin", {"zwei": 1, "wörter": 1}), ("/untyped", {"two": 1, "words": 1}),
                            ("/page", {"one": 1, "two": 1, "three": 1}), ("/moved", {"zwei": 1, "wörter": 1})):
            with self.subTest(path):
                self.assertEqual(self.run_agent("mapper", {"url": self.site + path})[1]["counts"], words)

    def test_what_may_pass_is_retried_and_what_cannot_is_not(self) -> None:
        for path, code, words in (("/busy", 75, "HTTP 503"), ("/slow-down", 75, "HTTP 429"), ("/broken", 75, "HTTP 500"),
                                  ("/short", 75, "after 7 of 1000 bytes"), ("/no-such", 78, "HTTP 404"),
                                  ("/gone", 78, "HTTP 410"), ("/image", 78, "image/png"), ("/binary", 78, "binary"),
                                  ("/large", 78, "larger than 100000 bytes"), ("/a b", 78, "not an address")):
            with self.subTest(path):
                done = self.run_agent("mapper", {"url": self.site + path}, MAX_DOCUMENT_BYTES="100000")
                self.assertEqual((done[0], done[1]), (code, None))
                self.assertIn(words, done[2])
                self.assertEqual(len(done[2].splitlines()), 1, done[2])

    def test_a_server_that_is_not_there_may_come_back(self) -> None:
        with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as closed:
            port = closed.server_address[1]
        code, _, stderr = self.run_agent("mapper", {"url": f"http://127.0.0.1:{port}/"})
        self.assertEqual(code, 75)
        self.assertIn("refused", stderr)

    def test_a_proxy_in_the_environment_is_not_asked_for_this_machine(self) -> None:
        proxy = "http://127.0.0.1:9"
        code, _, stderr = self.run_agent("mapper", {"url": f"{self.site}/text"}, http_proxy=proxy, HTTP_PROXY=proxy, ALL_PROXY=proxy)
        self.assertEqual(code, 0, stderr)

    def test_files(self) -> None:
        path = self.write("a b.txt", "Eins zwei")
        self.assertEqual(self.run_agent("mapper", {"url": path.as_uri()})[1]["counts"], {"eins": 1, "zwei": 1})
        for url, words in (("file:///no/such/file", "No such file"), (self.folder.as_uri(), "Is a directory")):
            with self.subTest(url):
                code, _, stderr = self.run_agent("mapper", {"url": url})
                self.assertEqual(code, 78)
                self.assertIn(words, stderr)


class Reducer(Agent):
    RESULTS = [
        {"url": "http://a", "bytes": 10, "words": 3, "distinct": 2, "seconds": 0.1, "attempts": 1, "counts": {"x": 2, "b": 1}},
        None,
        {"url": "http://c", "bytes": 20, "words": 2, "distinct": 2, "seconds": 0.2, "attempts": 3, "counts": {"x": 1, "a": 1}},
    ]
    ERRORS = [{"index": 1, "cause": "exit_code", "message": "exit code 78: HTTP 404", "attempts": 1, "more": 1}]
    GIVEN = {"urls": ["http://a", "http://b", "http://c"], "results": RESULTS, "errors": ERRORS}

    def test_totals_top_words_documents_and_failures(self) -> None:
        code, result, stderr = self.run_agent("reducer", self.GIVEN, TOP_WORDS="2")
        self.assertEqual((code, stderr), (0, ""))
        count = result["word_count"]
        self.assertEqual(count["totals"], {"documents": 3, "counted": 2, "failed": 1, "bytes": 30, "words": 5, "distinct": 3})
        self.assertEqual(count["top_words"], [{"word": "x", "count": 3}, {"word": "a", "count": 1}])
        self.assertEqual([d["url"] for d in count["documents"]], ["http://a", "http://c"])
        self.assertNotIn("counts", count["documents"][0])
        self.assertEqual(count["failures"], [{"url": "http://b", "cause": "exit_code", "message": "exit code 78: HTTP 404",
                                              "attempts": 1}])

    def test_nothing_counted(self) -> None:
        count = reducer.reduce_counts({"urls": ["http://b"], "results": [None], "errors": [dict(self.ERRORS[0], index=0)]}, 5)
        self.assertEqual((count["totals"]["words"], count["top_words"], len(count["failures"])), (0, [], 1))
        self.assertIn("0 of 1 document counted", report.table(count))

    def test_the_report_shows_all_of_it(self) -> None:
        table = report.table(reducer.reduce_counts(self.GIVEN, 2))
        for words in ("2 of 3 documents counted: 5 words, 3 different ones", "1 failed", "  1  x  3  ▇▇▇", "200.0 ms",
                      "http://c", "after 1 try:\n    exit code 78: HTTP 404"):
            self.assertIn(words, table)


class DocumentServer(Agent):
    def fetch(self, url: str) -> tuple[int, str]:
        opener = mapper.build_opener(mapper.ProxyHandler({}))
        try:
            with opener.open(url, timeout=10) as response:
                return response.status, response.read().decode()
        except mapper.HTTPError as error:
            error.close()
            return error.code, ""

    def test_documents_flaky_ones_and_missing_ones(self) -> None:
        self.write("a.txt", "A")
        self.write("b c.txt", "B")
        (self.folder / "link").symlink_to("a.txt")
        urls_file = self.folder.parent / f"{self.folder.name}.urls"
        self.addCleanup(urls_file.unlink)
        server = subprocess.Popen([sys.executable, "-B", str(EXAMPLE / "serve_documents.py"), "--urls-file", str(urls_file),
                                   "--flaky-requests", "1", str(self.folder)],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        with server:
            address = server.stdout.readline().strip()
            urls = urls_file.read_text(encoding="utf-8").split()
            self.assertEqual(urls, [f"{address}/flaky/a.txt", f"{address}/documents/b%20c.txt", f"{address}/missing/no-such-document"])
            self.assertEqual([self.fetch(url)[0] for url in urls], [503, 200, 404])
            self.assertEqual([self.fetch(url)[0] for url in urls], [200, 200, 404])
            self.assertEqual(self.fetch(f"{address}/documents/a.txt"), (200, "A"))
            self.assertEqual(self.fetch(f"{address}/documents/../../etc/hosts")[0], 404)
            server.stdin.close()  # the server ends with whoever started it
            self.assertEqual(server.wait(timeout=30), 0)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""Who may do what: tokens, scopes, names of the server, private files, and TLS."""

from __future__ import annotations

import http.client
import os
import re
import ssl
import stat
import subprocess
import unittest

from support import SMALL_FLOW, Client, ServerTest, wait_for

UNKNOWN = "01m82xnzyzse4rq2gb49eex6qy"  # no workflow's id here


class TokenTest(ServerTest):
    runtime = "mock"

    def make_token(self, **body) -> tuple[str, str]:
        """Its id and text."""
        made = self.call("POST", "/tokens", body, 201).data
        return made["token"]["id"], made["text"]

    def routes(self) -> list[tuple[str, str, str]]:
        """Method, path and needed scope of every documented operation."""
        found = []
        for pattern, operations in self.paths.items():
            path = re.sub(r"\{(\w+)\}", lambda name: {"id": UNKNOWN, "task": "0"}.get(name[1], "x"), pattern)
            found += [(method.upper(), path, operation["x-scope"]) for method, operation in operations.items()]
        return found

    def test_nobody_gets_in_without_a_token(self):
        for method, path, scope in self.routes():
            with self.server.client("") as client:
                client.token = None
                self.call(method, path, status=200 if scope == "none" else 401, client=client)
        self.assertEqual([path for _, path, scope in self.routes() if scope == "none"], ["/healthz"])

    def test_what_is_no_token(self):
        right = self.server.token
        wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
        for field in ("", "Bearer", "Bearer ", f"Bearer {wrong}", f"Bearer {right}0", f"Basic {right}", right):
            with self.server.client() as client:
                client.token = None
                answer = self.call("GET", "/workflows", status=401, client=client, Authorization=field)
                self.assertTrue(answer.headers["WWW-Authenticate"].startswith("Bearer"))
        self.call("GET", "/workflows")

    def test_each_scope_allows_what_it_says(self):
        rank = {"none": 0, "read": 1, "run": 2, "admin": 3}
        for scope in ("read", "run"):
            client = self.new_client(self.make_token(scope=scope)[1])
            for method, path, needed in self.routes():
                with self.subTest(f"{scope}: {method} {path}"):
                    answer = self.call(method, path, status=None, client=client)
                    self.assertEqual(answer.status == 403, rank[needed] > rank[scope], answer)
                    self.assertNotEqual(answer.status, 401)
        reader = self.new_client(self.make_token(scope="read")[1])
        self.call("POST", "/workflows", SMALL_FLOW, 403, reader)
        runner = self.new_client(self.make_token(scope="run")[1])
        self.call("POST", "/workflows", SMALL_FLOW, 201, runner)
        self.call("POST", "/tokens", {"scope": "admin"}, 403, runner)
        self.call("POST", "/workflows?source_directory=/", SMALL_FLOW, 400, runner)
        self.assertEqual(len(self.call("GET", "/workflows").data["workflows"]), 1)

    def test_a_token_of_one_workflow(self):
        own, other = self.create(SMALL_FLOW, ""), self.create(SMALL_FLOW, "")
        client = self.new_client(self.make_token(scope="run", workflow=own)[1])
        self.call("GET", f"/workflows/{own}", client=client)
        self.call("PUT", f"/workflows/{own}/state", {"key": "k", "value": 1}, client=client)
        for method, path in (("GET", "/workflows"), ("POST", "/workflows"), ("GET", f"/workflows/{other}"),
                             ("GET", f"/workflows/{other}/events"), ("PUT", f"/workflows/{other}/state"),
                             ("POST", f"/workflows/{other}/start"), ("DELETE", f"/workflows/{other}"),
                             ("GET", "/tokens"), ("GET", "/audit")):
            self.call(method, path, status=403, client=client)

    def test_revoked_and_expired(self):
        token, text = self.make_token(scope="read")
        client = self.new_client(text)
        self.call("GET", "/workflows", client=client)
        self.call("DELETE", f"/tokens/{token}")
        self.call("GET", "/workflows", status=401, client=client)
        short = self.new_client(self.make_token(scope="read", expires_in_seconds=1)[1])
        wait_for(lambda: short.call("GET", "/workflows").status == 401, "it expires")

    def test_tokens_outlive_the_server(self):
        kept, gone = self.make_token(scope="read"), self.make_token(scope="read")
        self.call("DELETE", f"/tokens/{gone[0]}")
        self.server.kill()
        self.server.start()
        self.call("GET", "/workflows", client=self.new_client(kept[1]))
        self.call("GET", "/workflows", status=401, client=self.new_client(gone[1]))

    def test_too_many_failures(self):
        with self.server.client("no-token") as client:
            statuses = [self.call("GET", "/workflows", status=None, client=client).status for _ in range(300)]
        first = statuses.index(429)
        self.assertGreaterEqual(first, 5, "a few mistakes are forgiven")
        self.assertEqual(set(statuses[:first]), {401})
        self.assertEqual(set(statuses[first:]), {429})
        self.call("GET", "/workflows")

    def test_names_and_origins(self):
        for host in ("localhost", "127.0.0.1:1", "LOCALHOST:99"):
            self.call("GET", "/healthz", Host=host)
        for host in ("example.org", "", "localhost.example.org", "127.0.0.1.example.org", "example.org:8081"):
            for path in ("/healthz", "/workflows"):
                self.call("GET", path, status=403, Host=host)
        self.call("GET", "/workflows", Origin=f"http://{self.server.address}")
        for origin in ("https://example.org", "null", "http://localhost.example.org", "http://localhost@example.org"):
            self.call("GET", "/workflows", status=403, Origin=origin)

    def test_files_are_private(self):
        for name in ("token", "server.json"):
            mode = os.stat(os.path.join(self.data, name)).st_mode
            self.assertEqual(stat.S_IMODE(mode), 0o600, name)
        self.assertNotIn(self.server.token, self.server.log_text())


class ListenTest(ServerTest):
    arguments = None

    def test_it_does_not_listen_beyond_this_machine_without_tls(self):
        for address in ("0.0.0.0:0", "[::]:0"):
            result = self.check("serve", "--listen", address, "--data", self.data, code=2)
            self.assertIn("--tls-cert", result.stderr)
            self.assertIn("--allow-plain", result.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.data, "token")))

    def test_tls(self):
        certificate, key = self.path("cert.pem"), self.path("key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True)
        self.server = self.new_server(self.data, "--tls-cert", certificate, "--tls-key", key, runtime="mock").start()
        trusting = ssl.create_default_context(cafile=certificate)
        with Client(self.server.address, self.server.token, tls=trusting) as client:
            self.call("GET", "/workflows", client=client)
            workflow = self.call("POST", "/workflows?start=true&wait_seconds=60", SMALL_FLOW, 201, client).data
            self.assertEqual(workflow["status"], "completed")
        with self.assertRaises(ssl.SSLCertVerificationError):
            Client(self.server.address, None, tls=ssl.create_default_context()).call("GET", "/healthz")
        with self.assertRaises((OSError, http.client.HTTPException)):
            Client(self.server.address, None).call("GET", "/healthz")

    def test_unusable_certificates(self):
        nothing = self.write("empty.pem", "")
        for files in (("--tls-cert", nothing), ("--tls-cert", nothing, "--tls-key", nothing),
                      ("--tls-cert", self.path("gone"), "--tls-key", nothing)):
            result = self.run_program("serve", "--listen", "127.0.0.1:0", "--data", self.data, *files)
            self.assertNotEqual(result.returncode, 0)
            self.assertRegex(result.stderr, "tls|pem|gone")


if __name__ == "__main__":
    unittest.main()

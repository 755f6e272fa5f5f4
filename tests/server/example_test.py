"""examples/mapreduce-workflow/run_workflow_api.py against a server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

from support import PATIENCE_S, ServerTest

EXAMPLE = Path(os.environ["AGENTAINER_SOURCE_DIR"]) / "examples" / "mapreduce-workflow" / "run_workflow_api.py"


class Example(ServerTest):
    def run_example(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, "-B", EXAMPLE, *arguments], cwd=self.directory, capture_output=True, text=True,
                              env={**self.environment, **environment}, timeout=PATIENCE_S, check=False)

    def test_counts_words_and_saves_the_result(self):
        done = self.run_example("--output", "counted.json")
        self.assertEqual(done.returncode, 0, done.stderr)
        totals = json.loads(Path(self.path("counted.json")).read_text(encoding="utf-8"))["totals"]
        self.assertEqual((totals["failed"], totals["counted"]), (1, totals["documents"] - 1))
        self.assertIn("tried again", done.stderr)
        self.assertIn("Most frequent words", done.stdout)

    def test_addresses_of_a_file_and_a_server_by_name(self):
        text = self.write("text.txt", "one two two")
        urls = self.write("urls.txt", f"file://{text}\n")
        done = self.run_example("--urls", urls, "--server", f"http://{self.server.address}", "--token", self.server.token,
                                AGENTAINER_DATA="/nowhere")
        self.assertEqual(done.returncode, 0, done.stderr)
        words = json.loads(Path(self.path("word_count.json")).read_text(encoding="utf-8"))["top_words"]
        self.assertEqual({entry["word"]: entry["count"] for entry in words}, {"one": 1, "two": 2})

    def test_says_what_is_wrong(self):
        refused = self.run_example("--server", f"http://{self.server.address}", "--token", "wrong", "--urls", os.devnull)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("a valid token is needed", refused.stderr)
        nowhere = self.run_example(AGENTAINER_DATA=self.path("nothing"))
        self.assertEqual(nowhere.returncode, 1)
        self.assertIn("agentainer serve", nowhere.stderr)


if __name__ == "__main__":
    unittest.main()

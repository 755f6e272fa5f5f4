"""The main job as a user runs it: examples/mapreduce-workflow/run.sh with the real agentainer."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "mapreduce-workflow"
AGENTAINER = os.environ["AGENTAINER"]


class MapReduceJob(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="job-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.environment = {**os.environ, "AGENTAINER_DATA": str(self.folder / "data"), "NO_COLOR": "1",
                            "http_proxy": "http://127.0.0.1:9"}  # must not matter: everything is on this machine

    def run_command(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              timeout=120, check=False)

    def test_counts_what_it_can_retries_what_fails_and_reports_what_is_missing(self) -> None:
        texts = self.folder / "texts"
        texts.mkdir()
        for name, text in (("a.txt", "One fish, two fish."), ("b.txt", "Red FISH, blue fish!"), ("c.txt", "don't")):
            (texts / name).write_text(text, encoding="utf-8")
        done = self.run_command(str(EXAMPLE / "run.sh"), "--documents", str(texts))
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        table = done.stdout
        self.assertIn("3 of 4 documents counted: 9 words, 6 different ones", table)
        self.assertRegex(table, r"1  fish +4  ▇")
        self.assertRegex(table, r" 3  http://127.0.0.1:\d+/flaky/a.txt")  # the third try of the flaky one
        self.assertRegex(table, r" 1  http://127.0.0.1:\d+/documents/b.txt")
        self.assertRegex(table, r"/missing/no-such-document\n +after 1 try:\n(?:.*\n)*.*HTTP 404")

    def test_addresses_of_a_file_and_the_result_as_json(self) -> None:
        text = self.folder / "text.txt"
        text.write_text("uno dos dos\n", encoding="utf-8")
        urls = self.folder / "urls.txt"
        urls.write_text(f"# Mine.\n{text.as_uri()}\n", encoding="utf-8")
        done = self.run_command(AGENTAINER, "run", str(EXAMPLE / "workflow.yaml"), "--input", f"urls_file={urls}",
                                "--output", "word_count")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        result = json.loads(done.stdout)
        self.assertEqual(result["totals"], {"documents": 1, "counted": 1, "failed": 0, "bytes": 12, "words": 3, "distinct": 2})
        self.assertEqual(result["top_words"], [{"word": "dos", "count": 2}, {"word": "uno", "count": 1}])
        self.assertEqual(result["failures"], [])

    def test_too_many_failures_fail_the_run(self) -> None:
        done = self.run_command(AGENTAINER, "run", str(EXAMPLE / "workflow.yaml"),
                                "--input", 'urls=["file:///no/such/1", "file:///no/such/2"]')
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()

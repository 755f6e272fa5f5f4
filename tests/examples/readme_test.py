"""What the README shows does what the README says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AGENTAINER = os.environ["AGENTAINER"]


class Readme(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory(prefix="readme-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def run_agentainer(self, *arguments: str) -> str:
        done = subprocess.run([AGENTAINER, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, check=False, env={**os.environ, "AGENTAINER_DATA": str(self.folder / "data")})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_the_first_workflow(self) -> None:
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        workflow = re.search(r"```yaml\n(name: hello\n.*?)```", text, re.DOTALL).group(1)
        self.assertLessEqual(len(workflow.splitlines()), 10)
        (self.folder / "hello.yaml").write_text(workflow, encoding="utf-8")
        self.run_agentainer("validate", "hello.yaml")
        state = json.loads(self.run_agentainer("run", "hello.yaml", "--output", "json"))
        self.assertEqual(state["names"], ["Ada", "Grace", "Barbara"])
        self.assertEqual(state["greet_results"], [{"stdout": f"Hello, {name}!\n"} for name in state["names"]])
        self.assertIn("hello", self.run_agentainer("list"))

    def test_every_file_it_points_to_is_there(self) -> None:
        for document in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")):
            for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#]+)", document.read_text(encoding="utf-8")):
                with self.subTest(document=document.name, target=target):
                    self.assertTrue((document.parent / target).exists())


if __name__ == "__main__":
    unittest.main()

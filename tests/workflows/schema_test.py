"""The JSON Schema accepts what the parser accepts, and refuses what editors should underline."""

from __future__ import annotations

import json
import re
import unittest
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).resolve().parents[2]

# Each is a step with one mistake that a schema can see.
MISTAKES = """
- {id: a, imag: x}
- {id: a, image: x, timeout: soon}
- {id: a, image: x, timeout: -1}
- {id: a, image: x, limits: {memory: 512M}}
- {id: a, image: x, limits: {cpu: many}}
- {id: a, image: x, retry: {max_attempts: 0}}
- {id: a, image: x, retry: {retry_on: [oom]}}
- {id: a, image: x, type: paralel}
- {id: a, image: x, workers: "3"}
- {id: a, image: x, condition: {feild: a, value: 1}}
- {id: a, image: x, condition: [state.a]}
- {id: a, image: x, env: [A]}
- {id: a, image: x, depends_on: {b: c}}
- {id: a, image: 5}
- {id: a, command: []}
- {id: a, type: branch, branch: {true_steps: [b]}}
- {id: a, type: subworkflow, sub_workflow_id: b}
- {id: a, image: x, config: {id: b}}
- text
"""


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        schema = json.loads((ROOT / "schema/workflow.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)

    def check_accepted(self, text: str) -> None:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
        faults = [f"{list(fault.path)}: {fault.message}" for fault in self.validator.iter_errors(document)]
        self.assertEqual(faults, [], text)

    def test_accepts_the_examples_of_the_manual(self) -> None:
        manual = (ROOT / "docs/workflow-reference.md").read_text()
        examples = re.findall(r"```yaml\n(.*?)```", manual, re.DOTALL)
        self.assertGreaterEqual(len(examples), 8)
        for example in examples:
            self.check_accepted(example)

    def test_accepts_the_seeds_of_the_fuzzer_and_the_examples(self) -> None:
        files = [*ROOT.glob("tests/fuzz/workflow/*"), *ROOT.glob("examples/*/workflow.yaml")]
        self.assertGreaterEqual(len(files), 5)
        for file in files:
            self.check_accepted(file.read_text())

    def test_refuses_mistakes(self) -> None:
        for step in yaml.safe_load(MISTAKES):
            self.assertFalse(self.validator.is_valid({"name": "x", "steps": [step]}), step)
        good = {"id": "a", "image": "x"}
        for workflow in ({"steps": [good]}, {"name": "x"}, {"name": "x", "steps": []},
                         {"name": "x", "steps": [good], "timout": "5m"}):
            self.assertFalse(self.validator.is_valid(workflow), workflow)
        self.assertTrue(self.validator.is_valid({"name": "x", "steps": [good], "x-mine": 1}))


if __name__ == "__main__":
    unittest.main()

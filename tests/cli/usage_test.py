#!/usr/bin/env python3
"""The command line itself: help, misspelt words, completion, places that cannot hold data."""

import json
import os
import shutil
import subprocess
import unittest

from support import PROGRAM, ProgramTest

COMMANDS = ("run", "resume", "list", "show", "logs", "state", "events", "validate", "schema", "completion")
FLOW = "name: flow\nsteps:\n  - {id: a, command: [\"true\"]}\n"


class UsageTest(ProgramTest):
    def test_help_of_every_command_has_examples(self):
        everything = self.check("--help").stdout
        for command in COMMANDS:
            self.assertIn(f"  {command} ", everything)
            text = self.check(command, "--help").stdout
            self.assertIn(f"Usage: agentainer {command}", text)
            self.assertIn("Examples:\n", text)

    def test_version(self):
        self.assertRegex(self.check("--version").stdout, r"^agentainer \d+\.\d+\.\d+\n$")

    def test_misspelt_words_are_corrected(self):
        cases = ((["rnu", "x.yaml"], "did you mean 'run'?"), (["shwo"], "did you mean 'show'?"),
                 (["run", "x.yaml", "--quite"], "did you mean '--quiet'?"),
                 (["list", "--stauts", "failed"], "did you mean '--status'?"),
                 (["list", "-o", "xml"], "table|json|yaml|jsonl"), (["run"], "FILE"), (["frobnicate"], "unknown command"))
        for arguments, text in cases:
            result = self.check(*arguments, code=2)
            self.assertIn(text, result.stderr, arguments)
            self.assertEqual(result.stdout, "", arguments)
        self.assertIn("Commands:", self.check(code=2).stderr)

    def test_the_schema_is_a_json_schema(self):
        schema = self.json_of("schema")
        self.assertIn("2020-12", schema["$schema"])

    def test_completion_scripts_are_accepted_by_their_shells(self):
        for shell, check in (("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])):
            script = self.check("completion", shell).stdout
            self.assertIn("agentainer", script)
            if shutil.which(shell):
                file = self.write("completion." + shell, script)
                subprocess.run([*check, file], check=True)
        self.check("completion", "csh", code=2)

    def test_bash_completes_commands_options_values_and_files(self):
        script = self.write("completion.bash", self.check("completion", "bash").stdout)
        self.write("flow.yaml", FLOW)

        def complete(*words: str) -> list[str]:
            joined = " ".join(f"'{word}'" for word in words)
            program = (f"source '{script}'; COMP_WORDS=({joined}); COMP_CWORD={len(words) - 1}; "
                       'COMPREPLY=(); _agentainer; printf "%s\\n" "${COMPREPLY[@]}"')
            result = subprocess.run(["bash", "-c", program], cwd=self.directory, capture_output=True, text=True, check=True)
            return result.stdout.split()

        self.assertEqual(complete("agentainer", "re"), ["resume"])
        self.assertIn("--runtime", complete("agentainer", "run", "--r"))
        self.assertEqual(complete("agentainer", "run", "--runtime", ""), ["process", "mock"])
        self.assertEqual(complete("agentainer", "run", "fl"), ["flow.yaml"])
        self.assertEqual(complete("agentainer", "show", "la"), ["latest"])

    def test_a_reader_that_leaves_is_no_crash(self):
        process = self.start("schema")
        process.stdout.close()
        self.assertIn(process.wait(), (0, -13))
        self.assertEqual(process.stderr.read(), b"")


class DataDirectoryTest(ProgramTest):
    def setUp(self):
        super().setUp()
        self.write("flow.yaml", FLOW)

    def test_it_is_made_for_its_owner_alone(self):
        self.check("run", "flow.yaml", "--data", "deep/er/data")
        self.assertEqual(os.stat(self.path("deep/er/data")).st_mode & 0o777, 0o700)
        self.assertEqual(len(self.json_of("list", "--data", "deep/er/data", "-o", "json")), 1)
        self.assertFalse(os.path.exists(self.data))

    def test_the_default_follows_xdg(self):
        self.environment.pop("AGENTAINER_DATA")
        self.check("run", "flow.yaml", XDG_DATA_HOME=self.path("xdg"))
        self.assertTrue(os.path.isdir(self.path("xdg/agentainer/redis")))
        self.check("run", "flow.yaml", XDG_DATA_HOME="", HOME=self.path("home"))
        self.assertTrue(os.path.isdir(self.path("home/.local/share/agentainer/redis")))

    def test_a_place_that_cannot_hold_data_is_exit_1_and_says_what_to_do(self):
        self.write("file", "")
        places = ["file", "file/below", "/proc/agentainer"]
        if os.geteuid() != 0:
            os.mkdir(self.path("locked"), 0o500)
            places.append("locked")
        for place in places:
            result = self.check("run", "flow.yaml", "--data", place, code=1)
            self.assertIn(place, result.stderr)
            self.assertIn("--data", result.stderr)

    def test_reading_makes_no_data_directory(self):
        self.assertIn("no workflow has been run yet", self.check("list").stderr)
        self.assertEqual(self.json_of("list", "-o", "json"), [])
        self.assertIn("nothing has been run yet", self.check("show", code=2).stderr)
        self.assertFalse(os.path.exists(self.data))

    def test_a_redis_that_is_not_there_is_exit_1(self):
        result = self.check("run", "flow.yaml", "--redis", "redis://127.0.0.1:1/0", code=1)
        self.assertIn("127.0.0.1:1", result.stderr)
        self.check("run", "flow.yaml", "--redis", "http://example.org", code=1)

    def test_without_redis_server_it_says_what_to_install(self):
        os.mkdir(self.path("bin"))
        result = self.check("run", "flow.yaml", "--runtime", "mock", code=1, PATH=self.path("bin"))
        self.assertIn("redis-server", result.stderr)


if __name__ == "__main__":
    assert PROGRAM
    unittest.main()

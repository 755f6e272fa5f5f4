"""tools/install_packages.sh, against a distribution of a few shell scripts."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "tools" / "install_packages.sh"

LIST = """# A comment.
run    server (my-server)
build  lib1.81-dev | lib1.83-dev
build  compiler
test   linter
"""
FAKES = {
    # What is installed and what is offered are files named after the packages.
    "dpkg-query": 'for last; do :; done; [ -e "$FAKE/installed/$last" ] && echo -n installed',
    "apt-cache": 'for last; do :; done; [ -e "$FAKE/offered/$last" ] && echo "Package: $last"',
    "apt-get": """echo "$*" >>"$FAKE/apt.log"
case "$*" in *install*) for p; do [ -e "$FAKE/offered/$p" ] && touch "$FAKE/installed/$p"; done; exit "${APT_STATUS:-0}";; esac""",
    "id": 'echo "${FAKE_UID:-0}"',
    "sudo": 'echo "sudo $*" >>"$FAKE/apt.log"; [ -z "$SUDO_REFUSES" ] || exit 1; [ "$1" != -n ] || shift; "$@"',
}


class InstallPackages(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        for name in ("tools", "bin", "installed", "offered"):
            (self.root / name).mkdir()
        shutil.copy(SCRIPT, self.root / "tools")
        (self.root / "tools/packages.txt").write_text(LIST, encoding="utf-8")
        for name, body in FAKES.items():
            self.program(name, body)
        for name in ("bash", "dirname", "sed", "grep", "xargs", "echo", "env", "touch"):
            (self.root / "bin" / name).symlink_to(shutil.which(name))
        self.offer("server", "lib1.81-dev", "compiler", "linter")

    def program(self, name: str, body: str = "") -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!{shutil.which('bash')}\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def offer(self, *packages: str) -> None:
        for package in packages:
            (self.root / "offered" / package).touch()

    def have(self, *packages: str) -> None:
        for package in packages:
            (self.root / "installed" / package).touch()

    def run_script(self, *groups: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.root / "tools/install_packages.sh"), *groups], capture_output=True, text=True, check=False,
            stdin=subprocess.DEVNULL,
            env={"PATH": str(self.root / "bin"), "FAKE": str(self.root), "HOME": os.environ.get("HOME", "/"), **environment})

    def apt_calls(self) -> list[str]:
        log = self.root / "apt.log"
        return log.read_text(encoding="utf-8").splitlines() if log.exists() else []

    def installed_by_apt(self) -> list[str]:
        calls = [c for c in self.apt_calls() if " install " in c and not c.startswith("sudo")]
        return calls[-1].split("--no-install-recommends ")[1].split() if calls else []

    def test_only_what_is_missing_in_the_groups_asked_for(self) -> None:
        self.have("compiler")
        done = self.run_script("run", "build")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.installed_by_apt(), ["server", "lib1.81-dev"])

    def test_nothing_missing_asks_nothing_of_apt(self) -> None:
        self.have("compiler", "lib1.81-dev")
        done = self.run_script("build")
        self.assertEqual((done.returncode, done.stdout, self.apt_calls()), (0, "", []))

    def test_the_other_distribution_s_name(self) -> None:
        (self.root / "offered/lib1.81-dev").unlink()
        self.offer("lib1.83-dev")
        self.assertEqual(self.run_script("build").returncode, 0)
        self.assertEqual(self.installed_by_apt(), ["lib1.83-dev", "compiler"])
        self.assertEqual(self.run_script("build").stdout, "")

    def test_a_program_on_the_path_makes_do_for_its_package(self) -> None:
        self.program("my-server")
        self.assertEqual(self.run_script("run").returncode, 0)
        self.assertEqual(self.apt_calls(), [])

    def assert_gives_up(self, done: subprocess.CompletedProcess[str], why: str) -> None:
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertIn(why, done.stderr)
        self.assertIn("\n  lib1.81-dev\n  compiler\n", done.stderr)
        self.assertIn("apt-get install --no-install-recommends lib1.81-dev compiler", done.stderr)

    def test_says_what_is_missing_where_it_may_not_install(self) -> None:
        self.assert_gives_up(self.run_script("build", AGENTAINER_NO_INSTALL="1"), "AGENTAINER_NO_INSTALL")
        self.assert_gives_up(self.run_script("build", FAKE_UID="1000", SUDO_REFUSES="1"), "sudo refuses")
        (self.root / "bin/sudo").unlink()
        self.assert_gives_up(self.run_script("build", FAKE_UID="1000"), "needs root or sudo")
        self.assertEqual(self.installed_by_apt(), [])

    def test_says_what_is_missing_when_apt_fails(self) -> None:
        (self.root / "offered/compiler").unlink()
        (self.root / "offered/lib1.81-dev").unlink()
        self.assert_gives_up(self.run_script("build", APT_STATUS="100"), "apt-get could not install them")
        self.assert_gives_up(self.run_script("build"), "still missing")

    def test_sudo_is_never_asked_for_a_password_without_a_terminal(self) -> None:
        self.assertEqual(self.run_script("build", FAKE_UID="1000").returncode, 0)
        calls = [c for c in self.apt_calls() if c.startswith("sudo")]
        self.assertTrue(calls and all(c.startswith("sudo -n ") for c in calls), calls)

    def test_an_unknown_group_is_an_error(self) -> None:
        done = self.run_script("bild")
        self.assertEqual(done.returncode, 2)
        self.assertIn("no group 'bild'", done.stderr)
        self.assertEqual(self.run_script().returncode, 2)


if __name__ == "__main__":
    unittest.main()
